from hypothesis import given
from hypothesis import strategies as st

from guard.review.checks import merged, moved
from guard.types import Span

ranges = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda r: (r[0], r[0] + r[1])), max_size=6)


@given(ranges)
def test_merged_ranges_cover_the_same_and_are_disjoint(given_ranges: list[tuple[int, int]]) -> None:
    found = merged(given_ranges)
    assert {i for s, e in found for i in range(s, e)} == {i for s, e in given_ranges for i in range(s, e)}
    edges = [edge for span in found for edge in span]
    assert edges == sorted(edges)


@given(st.text("abc ", max_size=40), ranges, st.integers(0, 40), st.integers(0, 40), st.text("xyz", max_size=9))
def test_spans_follow_the_text(text: str, given_ranges: list[tuple[int, int]], a: int, b: int, new: str) -> None:
    start, end = sorted((min(a, len(text)), min(b, len(text))))
    spans = [Span(s, e, "X", 1.0, "t") for s, e in given_ranges if e <= len(text)]
    after = text[:start] + new + text[end:]
    kept = moved(spans, start, end, len(new))
    untouched = [text[s.start : s.end] for s in spans if s.end <= start or s.start >= end]
    assert sorted(after[span.start : span.end] for span in kept) == sorted(untouched)
