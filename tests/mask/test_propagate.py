import pytest

from guard.mask.propagate import across, repeated
from guard.types import Span


def again(text, value, entity):
    start = text.index(value)
    spans = repeated([Span(start, start + len(value), entity, 0.9, "test")], text)
    return [(text[s.start : s.end], s.start) for s in spans if s.start != start]


@pytest.mark.parametrize(
    ("text", "value", "entity", "expected"),
    [
        ("Faina D. Yefremova; early Yefremova?", "Faina D. Yefremova", "PERSON", [("Yefremova", 9), ("Yefremova", 26)]),
        ("password is hunter2, yes hunter2로", "hunter2", "SECRET", [("hunter2", 25)]),
        ("Siemens and siemens and Siemens", "Siemens", "ORGANIZATION", [("Siemens", 24)]),
        ("Mr. April in April", "April", "PERSON", []),
        ("Al met Al", "Al", "PERSON", []),
        ("pin 4821 and 4821", "4821", "SECRET", []),
        ("Anna and Annabel", "Anna", "PERSON", []),
        ("she is a nurse, any nurse", "nurse", "TITLE", []),
        ("born in 1990, not in 1990s; in 2024-01-01 and 2024-01-01", "2024-01-01", "DATE_TIME", []),
        ("nothing twice", "nothing", "SECRET", []),
    ],
)
def test_what_stands_again_is_found_again(text, value, entity, expected):
    assert again(text, value, entity) == expected


@pytest.mark.parametrize("order", [("LOCATION", "PERSON"), ("PERSON", "LOCATION")])
def test_what_is_kept_decides_over_nothing_that_is_masked_whatever_comes_first(order):
    texts = ["fly to Jordan", "ask Jordan", "and Jordan again"]
    found = [
        (Span(text.index("Jordan"), text.index("Jordan") + 6, entity, 0.9, "test"),)
        for text, entity in zip(texts, order, strict=False)
    ]
    spans = across(texts, [*found, ()], kept={"LOCATION"})
    assert [span.entity for (span,) in spans] == ["PERSON"] * 3
