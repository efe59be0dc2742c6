import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mask.edges import script, stands_alone


def alone(text):
    """Whether what stands between « and » stands alone."""
    start, end = text.index("«"), text.index("»") - 1
    return stands_alone(text.replace("«", "").replace("»", ""), start, end)


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        *(("a", "latin"), ("É", "latin"), ("7", "latin"), ("Я", "latin"), ("한", "hangul"), ("ㄱ", "hangul")),
        *(("ァ", "katakana"), ("ー", "katakana"), ("の", "hiragana"), ("東", "kanji"), ("々", "kanji")),
        *(("_", "other"), ("-", "other"), (" ", "other"), ("。", "other"), ("・", "other")),
    ],
)
def test_scripts(character, expected):
    assert script(character) == expected


@pytest.mark.parametrize(
    "text",
    [
        "«Falcon»",
        "the «Falcon».",
        "«Falcon»'s",
        "«falcon»_service.py",
        "x/«falcon»/y",
        "«Falcon»은 내일",  # a particle of another script
        "우리«Falcon»",
        "«Falcon»は",
        "新«Falcon»",
        "«Falcon»Client",
        "get«Falcon»()",
        "«한빛»",
        "«한빛»은 좋다",
        "«한빛»에서는 좋다",
        "«한빛»님께서 오셨다",
        "«한빛»측에서도",
        "«한빛»사의 제안",
        "«한빛»프로젝트를",
        "«한빛»입니다",
        "«한빛»이라고",
        "주식회사«한빛»의",
        "(주)«한빛»",
        "A«한빛»B",
        "«ファルコン»は",
        "新«ファルコン»計画",
        "«ファルコン»・計画",
        "の«三井»が",
        "«三井»様",
        "«三井»社製",
        "株式会社«三井»は",
        "«東京商事»株式会社",
        "«三井»部長に",
        "«さくら»は三月",
        "春の«さくら»",
        "«さくら»さんから",
    ],
)
def test_words_of_their_own(text):
    assert alone(text)


@pytest.mark.parametrize(
    "text",
    [
        "«Falcon»er",
        "Un«falcon»",
        "«Falcon»2",
        "2«Falcon»",
        "é«falcon»",
        "«Flow»Chart",  # too short to be looked for inside a word
        "Data«Flow»",
        "FALCON«FALCON»",
        "«한빛»나다",
        "«한빛»은행",
        "큰«한빛»",
        "«한빛»측량",
        "«ファルコン»ズ",
        "スーパー«ファルコン»",
        "«ファルコ»ー",
        "«三井»物産",
        "東«三井»",
        "«三井»社会",
        "お«さくら»",
        "«さくら»んぼ",
    ],
)
def test_insides_of_longer_words(text):
    assert not alone(text)


@given(st.text(min_size=1), st.text(), st.text())
def test_any_text_has_an_answer_and_space_makes_a_word(term, before, after):
    assert isinstance(stands_alone(before + term + after, len(before), len(before + term)), bool)
    assert stands_alone(f"{before} {term} {after}", len(before) + 1, len(before) + 1 + len(term))
