from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from guard.backends.prefixes import ENDING, Prefix, Prefixes, common

TOKENS = st.lists(st.integers(0, 2), max_size=30)
BYTES = 2 * 4  # of a token: a key and a value of one float32 each


def prefix(*tokens: int) -> Prefix:
    return Prefix(tokens, ((torch.zeros(1, 1, len(tokens), 1), torch.zeros(1, 1, len(tokens), 1)),))


def line(start: int, length: int) -> tuple[int, ...]:
    return tuple(range(start, start + length))


@given(TOKENS, TOKENS)
def test_the_common_beginning_is_the_longest(one: list[int], other: list[int]) -> None:
    length = common(tuple(one), tuple(other))
    assert one[:length] == other[:length]
    assert length in (len(one), len(other)) or one[length] != other[length]


@given(st.lists(TOKENS, max_size=8), TOKENS)
def test_what_is_found_has_most_in_common(kept: list[list[int]], wanted: list[int]) -> None:
    prefixes = Prefixes(1 << 20)
    for tokens in kept:
        prefixes.keep(prefix(*tokens))
    found, alike = prefixes.find(wanted)
    best = max((common(tuple(tokens), tuple(wanted)) for tokens in kept), default=0)
    assert alike <= best
    assert alike >= best - ENDING  # what was continued otherwise has made place
    assert found is None if alike == 0 else found is not None and found.tokens[:alike] == tuple(wanted[:alike])


def test_a_text_that_goes_on_takes_the_place_of_its_beginning() -> None:
    prefixes = Prefixes(1 << 20)
    prefixes.keep(prefix(*line(0, 100)))
    prefixes.keep(prefix(*line(0, 90), *line(500, 60)))  # its last ten were the frame after the reply
    assert len(prefixes) == 1
    assert prefixes.size == 150 * BYTES
    prefixes.keep(prefix(*line(0, 40), *line(700, 200)))  # another reply to the same prompt
    assert len(prefixes) == 2
    assert prefixes.find(line(0, 95))[1] == 90


def test_those_used_last_are_kept_and_no_more_than_the_bound() -> None:
    prefixes = Prefixes(250 * BYTES)
    for start in (1000, 2000):
        prefixes.keep(prefix(*line(start, 100)))
    prefixes.find(line(1000, 100))
    prefixes.keep(prefix(*line(3000, 100)))
    assert prefixes.size == 200 * BYTES
    assert [prefixes.find(line(start, 100))[1] for start in (1000, 2000, 3000)] == [100, 0, 100]
    prefixes.keep(prefix(*line(4000, 251)))
    assert prefixes.find(line(4000, 251)) == (None, 0)  # alone it is over the bound


def test_what_is_forgotten_takes_no_memory() -> None:
    prefixes = Prefixes(1 << 20)
    prefixes.keep(prefix(*line(0, 10)))
    prefixes.forget()
    nothing: tuple[Any, int] = (None, 0)
    assert (len(prefixes), prefixes.size, prefixes.find(line(0, 10))) == (0, 0, nothing)
