"""A value that was cut is found across the seams, and every piece of it is covered."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.mask.seams import REACH, seam
from guard.types import Span

VALUES = ("alice.meyer@example.com", "4111 1111 1111 1111", "sk-Zx81qLw0aVtR55uY", "010-1234-5678", "김철수")
PROSE = st.text(st.sampled_from("ab c\n한か"), max_size=20) | st.integers(2 * REACH - 30, 2 * REACH + 30).map(
    "ab c\n한か".__mul__
)


def find(text: str, value: str) -> tuple[Span, ...]:
    at = text.find(value)
    return (Span(at, at + len(value), "X", 0.9, "find"),) if at >= 0 else ()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["4111 1111 ", "1111 1111"], [["4111 1111 "], ["1111 1111"]]),
        (["card 4111 11", "", "11 1111", " 1111."], [["4111 11"], [], ["11 1111"], [" 1111"]]),
        (["4111 1111 1111 1111", "and more"], [[], []]),
        (["a" * 500 + "4111 ", "1111 1111 1111" + "b" * 500], [["4111 "], ["1111 1111 1111"]]),
        (["4111 ", "and so on", "1111 1111 1111"], [[], [], []]),
        (["4111 1111 1111 1111"], [[]]),
        ([], []),
    ],
)
def test_every_text_gets_its_piece(texts: list[str], expected: list[list[str]]) -> None:
    joint = seam(texts)
    pieces = joint.pieces(find(joint.reading, "4111 1111 1111 1111"))
    assert [[text[s.start : s.end] for s in own] for text, own in zip(texts, pieces, strict=True)] == expected


def test_the_two_ends_of_a_long_text_do_not_meet() -> None:
    text = "x" * (REACH - 5) + "4111 " + "y" * 300 + "1111 1111 1111" + "z" * (REACH - 14)
    assert not find(seam([text, "more"]).reading, "4111 1111 1111 1111")


def test_what_goes_over_a_whole_long_text_covers_all_of_it() -> None:
    text = "x" * 500
    pieces = seam(["a", text, "b"]).pieces([Span(0, 2 * REACH + 4, "SECRET", 0.7, "patterns")])
    assert [(span.start, span.end) for own in pieces for span in own] == [(0, 1), (0, 500), (0, 1)]


def test_a_piece_keeps_what_was_found() -> None:
    (first,), (second,) = seam(["abc", "def"]).pieces([Span(1, 5, "SECRET", 0.7, "patterns")])
    assert (first, second) == (Span(1, 3, "SECRET", 0.7, "patterns"), Span(0, 2, "SECRET", 0.7, "patterns"))


@settings(deadline=None)
@given(st.sampled_from(VALUES), st.lists(PROSE, min_size=2, max_size=2), st.data())
def test_a_value_cut_anywhere_is_covered_completely(value: str, around: list[str], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(value) - 1), min_size=1, max_size=min(4, len(value) - 1))))
    parts = [value[start:end] for start, end in zip([0, *cuts], [*cuts, len(value)], strict=True)]
    texts = [around[0] + parts[0], *parts[1:-1], parts[-1] + around[1]]
    others = data.draw(st.lists(PROSE, max_size=2))
    joint = seam([*texts, *others])
    pieces = joint.pieces(find(joint.reading, value))
    assert ["".join(text[s.start : s.end] for s in own) for text, own in zip(texts, pieces, strict=False)] == parts
    assert not any(pieces[len(texts) :])


@settings(deadline=None)
@given(st.lists(PROSE, max_size=5), st.data())
def test_pieces_lie_in_their_texts(texts: list[str], data: st.DataObject) -> None:
    joint = seam(texts)
    assert len(joint.reading) <= sum(min(len(text), 2 * REACH + 2) for text in texts)
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(joint.reading))] * 2)))
    pieces = joint.pieces([Span(start, end, "X", 0.5, "x")] if start < end else [])
    for text, own in zip(texts, pieces, strict=True):
        assert all(0 <= span.start < span.end <= len(text) for span in own)
