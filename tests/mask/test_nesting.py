"""How deep in JSON strings a place is, read from the text alone."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.mask.nesting import Nesting

MARK = "⁑"


def depths(text: str, sizes: tuple[int, ...] = ()) -> list[int]:
    """The depth at each mark of `text`, which is read in pieces of these sizes."""
    nesting, found = Nesting(), []
    for number, part in enumerate(text.split(MARK)):
        if number:
            found.append(nesting.depth)
        at = 0
        for size in (*sizes, len(part)):
            nesting.feed(part[at : at + size])
            at += size
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Dear {MARK}", [0]),
        (f'She said "{MARK}" to me', [0]),
        (f'[see "{MARK}" below]', [0]),
        (f"[{MARK}](https://example.com)", [0]),
        (f'{{"to": "{MARK}", "n": {MARK}, "{MARK}": 1}}', [1, 0, 1]),
        (f'["{MARK}", ["{MARK}"], {MARK}]', [1, 1, 0]),
        (f'{{"a": "say \\"{MARK}\\" now{MARK}"}}{MARK}', [1, 1, 0]),
        (f'{{"a": "ends with \\\\"}}{MARK}', [0]),
        (f' \n {{ "a": "{{\\"b\\": \\"{MARK}\\"}}{MARK}"}}', [2, 1]),
        (f'{{"a":"[\\n \\"{MARK}\\"]"}}', [2]),
        (f'{{"a":"{{\\"b\\":\\"[\\\\\\"{MARK}\\\\\\"]\\"}}"}}', [3]),
        (f'{{"a": "{MARK}', [1]),
        ("", []),
        (f"{{{MARK}", [0]),
    ],
)
def test_depth(text: str, expected: list[int]) -> None:
    assert depths(text) == expected


leaves = st.just(MARK) | st.text(st.sampled_from('a "\\{}[]\n:é'), max_size=6) | st.integers(-9, 9) | st.none()
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.sampled_from(("a", "b", MARK, '"')), inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
).filter(lambda value: isinstance(value, list | dict))


@st.composite
def nested(draw: st.DrawFn) -> tuple[str, int]:
    """JSON with a mark, inside strings of other JSON, and how deep the mark stands."""
    depth = draw(st.integers(1, 3))
    inner: Any = {"x": draw(values), "y": MARK}
    text = json.dumps(inner, ensure_ascii=False, indent=draw(st.sampled_from((None, 1))))
    for _ in range(depth - 1):
        text = json.dumps({"before": draw(st.text(max_size=4)), "in": text, "after": ["é"]}, ensure_ascii=False)
    return text, depth


@settings(max_examples=200, deadline=None)
@given(nested(), st.lists(st.integers(1, 7), max_size=20).map(tuple))
def test_it_is_that_of_the_json_that_holds_it_however_the_text_is_cut(
    made: tuple[str, int], sizes: tuple[int, ...]
) -> None:
    text, depth = made
    found = depths(text)
    assert depths(text, sizes) == found
    assert found[-1] == depth
    assert set(found) <= {depth, depth + 1}  # a string of the innermost may look like JSON itself
