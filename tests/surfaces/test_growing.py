"""A text that grows: the same as its pieces joined, and kept once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from guard.surfaces.growing import TOGETHER, Growing


def grown(pieces: Iterable[str]) -> Growing:
    text = Growing()
    for piece in pieces:
        text.add(piece)
    return text


@given(st.lists(st.one_of(st.text(max_size=3), st.none())), st.integers(0, 2 * TOGETHER))
def test_a_text_is_its_pieces_whenever_it_is_asked_for(pieces: list[str | None], more: int) -> None:
    text, said = Growing(), ""
    for piece in [*pieces, *["é"] * more, None]:
        if piece is None:  # somebody asks
            assert text.text() == said
        else:
            text.add(piece)
            said += piece
        assert len(text) == len(said)


def test_a_text_that_has_not_grown_is_the_same_object() -> None:
    text = grown(["a", "b"] * TOGETHER)
    assert text.text() is text.text()


def test_a_text_that_somebody_holds_does_not_change() -> None:
    text = grown(["a" * 1000] * 10)
    before = text.text()
    text.add("b" * 1000)
    assert (before, text.text()) == ("a" * 10_000, "a" * 10_000 + "b" * 1000)


def test_there_are_never_more_than_two_of_a_long_text() -> None:
    grown(["warm", "up"] * 5000).text()
    tracemalloc.start()
    text = grown(f"{number:020}" for number in range(25_000))
    for _ in range(3):
        text.text()
        text.add("more")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_100_000  # twice its characters: under a tracer CPython copies
