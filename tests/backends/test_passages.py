import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.backends.passages import MOST, eastern, latin, passages

WORDS = st.lists(
    st.sampled_from(["Meyer", "the", "Alice", "is.", "Write", "a", "\n", "no", "Kafka", "김", "x" * 200]), max_size=80
)


def read(text):
    return [text[start:end].strip() for start, end in passages(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write a function that reverses a list. It should be fast.", []),
        ("Write to Alice Meyer. It should be fast and simple and short, as ever.", ["Write to Alice Meyer."]),
        ("Please use Kafka and Redis on EKS.", []),
        ("Meyer called.", ["Meyer called."]),
        ("What's your last name? Meyer", ["What's your last name? Meyer"]),
        ("all in small letters, alice meyer", ["all in small letters, alice meyer"]),
        ("See Mr. Meyer. He is in.", ["See Mr. Meyer."]),
        ("From: wei cook <>\nWe see.", ["From: wei cook <>"]),
        ("server.login(SENDER)", []),
        ("server.login(SENDER) # Meyer", ["server.login(SENDER) # Meyer"]),
        ("", []),
        ("123 456", []),
    ],
)
def test_what_may_name_somebody_is_read(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("송장 번호 2041: 342, 115", []),
        ("오늘 kim 에게 답장", []),
        ("계약은 Alice Meyer 에게", ["Alice Meyer"]),
        ("OPENAI_API_KEY= 키를 넣어 주세요", []),
    ],
)
def test_beside_korean_and_japanese_only_capitals_are_read(text, expected):
    plain = latin(text)
    assert eastern(text)
    assert [plain[start:end].strip() for start, end in passages(plain, beside=True)] == expected


@given(WORDS)
def test_every_name_is_read_in_order_and_in_bounds(words):
    text = " ".join(words)
    ranges = passages(text)
    assert all(0 <= start < end <= len(text) and end - start <= MOST for start, end in ranges)
    assert list(ranges) == sorted(ranges)
    covered = {i for start, end in ranges for i in range(start, end)}
    for name in ("Meyer", "Alice"):
        start = text.find(name)
        while start >= 0:
            assert covered.issuperset(range(start, start + len(name)))
            start = text.find(name, start + 1)


@given(st.text(max_size=60))
def test_making_it_latin_moves_nothing(text):
    plain = latin(text)
    assert len(plain) == len(text)
    assert all(new in (old, " ") for old, new in zip(text, plain, strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Alice씨가", "Alice  "),
        ("at https://example.com/Alice now", f"at {' ' * 25} now"),
        ("to alice@example.com, Bob", f"to {' ' * 17}, Bob"),
        ("call 030-1234567 now", f"call {' ' * 11} now"),
        ("call (533) 137-5322 or +44 20 7717 5308.", f"call {' ' * 14} or {' ' * 16}."),
        ("to DE31 4240 1468 5430 9146 34 now", f"to {' ' * 27} now"),
        ("at 12 Main Street 10115", "at 12 Main Street 10115"),
        ("Flat 4, 12 Elm Road 45 100", "Flat 4, 12 Elm Road 45 100"),
    ],
)
def test_what_patterns_know_better_is_not_shown_to_the_models(text, expected):
    assert latin(text) == expected
