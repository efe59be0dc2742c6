import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.console.language import LANGUAGES, OWN_NAMES, choose, named
from guard.console.refusals import MESSAGES
from guard.console.words_signin import WORDS


@pytest.mark.parametrize(
    ("query", "cookie", "accepted", "expected"),
    [
        ("ko", "ja", "en", "ko"),
        (None, "ja", "ko", "ja"),
        ("xx", "yy", "ko", "ko"),
        (None, None, "", "en"),
        (None, None, "de-DE, ko-KR;q=0.5, ja;q=0.8", "ja"),
        (None, None, "JA", "ja"),
        (None, None, "ja;q=0, ko;q=0", "en"),
        (None, None, "ko, ja", "ko"),
        (None, None, "*", "en"),
        (None, None, "zh;q=1, ko;q=nonsense", "en"),
        (None, None, "x," * 300 + "ja", "en"),
    ],
)
def test_the_language_of_a_request(query, cookie, accepted, expected):
    assert choose(query, cookie, accepted) == expected


@given(st.none() | st.text(), st.none() | st.text(), st.text())
def test_anything_leads_to_a_language(query, cookie, accepted):
    assert choose(query, cookie, accepted) in LANGUAGES


def test_each_language_has_a_name_of_its_own():
    assert set(OWN_NAMES) == set(LANGUAGES)
    assert named("en") == "en"
    assert named("EN") is None
    assert named(None) is None


def places(message):
    return sorted(name for _, name, _, _ in string.Formatter().parse(message) if name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things(language):
    english, own = WORDS["en"], WORDS[language]
    assert own.keys() == english.keys()
    assert {key: places(own[key]) for key in own} == {key: places(english[key]) for key in english}
    assert all(message.strip() for message in own.values())
    if language != "en":
        assert [key for key in own if own[key] == english[key]] == []


def test_every_reason_has_words():
    assert set(MESSAGES) - {"wait"} <= set(WORDS["en"])
