"""Whether a term of a list stands alone in a text, or is the inside of a longer word.

Korean particles and titles are written right behind a noun, and Japanese has no spaces at all. So each end of a term is
judged by the script of its own character there: a Latin letter against Latin letters, Hangul against Hangul but for
particles, katakana against katakana, kanji against kanji but for titles and kinds of company.
"""

from __future__ import annotations

import re
from typing import Literal, cast

Script = Literal["latin", "hangul", "katakana", "hiragana", "kanji", "other"]
# latin  letters of any script that puts spaces between its words, and digits

_SCRIPTS = re.compile(
    r"(?P<hangul>[가-힣ㄱ-ㅣ])|(?P<katakana>[ァ-ヺー])|(?P<hiragana>[ぁ-ゟ])|(?P<kanji>[一-鿿㐀-䶿豈-﫿々〆])|(?P<latin>[^\W_])"
)
_LEAST_IN_CAMEL = 5  # letters of a term that is found in a word such as `FalconClient`

# What is written right behind a Korean noun: first who or what it is, then particles.
_KO_SUFFIX = (
    "주식회사|프로젝트|그룹|고객사|협력사|거래처|회사|본사|지사|지점|사업부|사업|본부|부서|팀장|팀|부장|과장|대리|대표|"
    "담당자|담당|님|씨|측|사|향|용|건|등|들|네"
)
_KO_PARTICLE = (
    "이라는|라는|이라고|라고|이라면|라면|이라도|라도|이란|란|이랑|랑|이나|나|이며|며|이고|고|이든|든|이야말로|야말로|"
    "입니다|입니까|이었다|였다|이에요|예요|이다|인데|인지|인가|인|이죠|죠|"
    "에게서|에게|에서|에는|에도|에만|에|한테서|한테|께서|께|더러|보고|"
    "으로부터|로부터|으로서|로서|으로써|로써|으로|로|까지|부터|마저|조차|밖에|뿐|처럼|같이|만큼|보다|마다|대로|"
    "은|는|이|가|을|를|의|와|과|도|만|요|하고|커녕|치고"
)
_KO_AFTER = re.compile(rf"(?:{_KO_SUFFIX}){{0,2}}(?:{_KO_PARTICLE}){{0,3}}(?![가-힣])")
_KO_BEFORE = re.compile(r"(?<![가-힣])(?:주식회사|유한회사|재단법인|사단법인|고객사|협력사|거래처)\Z")

_JA_SUFFIX = (
    "株式会社|有限会社|合同会社|合資会社|本社|支社|支店|営業所|工場|事業部|事業|社長|社員|社内|社製|社|様|氏|殿|部長|課長|部|課|"
    "担当者|担当|先生|君|側|系|製品|製|用|向|内|宛|計画|案件|関連|等|側"
)
_JA_AFTER = re.compile(rf"(?:{_JA_SUFFIX}){{1,3}}(?![一-鿿々])")
_JA_BEFORE = re.compile(
    r"(?<![一-鿿々])(?:株式会社|有限会社|合同会社|合資会社|一般社団法人|財団法人|取引先|顧客|弊社|御社|当社|新|旧|元|各|対|同)\Z"
)
_HIRAGANA_AFTER = re.compile(
    r"(?:さん|ちゃん|くん|さま)?(?:から|まで|より|だけ|など|では|には|とは|への|での|との|です|でした|だった|という|について|は|が|を|に|の|と|で|も|へ|や|か|だ)?"
    r"(?![ぁ-ゟ])"
)
_HIRAGANA_BEFORE = re.compile(r"(?:[のはがをにへとでもや]|(?:から|まで|より))\Z")


def script(character: str) -> Script:
    """The script of one character, as far as it decides where words end."""
    match = _SCRIPTS.match(character)
    return cast("Script", match.lastgroup) if match else "other"


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, which is not empty, is a word of its own, with or without particles."""
    return _left(text, start, end) and _right(text, start, end)


def _left(text: str, start: int, end: int) -> bool:
    if start == 0:
        return True
    own, before = script(text[start]), script(text[start - 1])
    if own != before or own == "other":
        return True
    match own:
        case "latin":
            return end - start >= _LEAST_IN_CAMEL and _hump(text, start)
        case "hangul":
            return bool(_KO_BEFORE.search(text, max(0, start - 8), start))
        case "kanji":
            return bool(_JA_BEFORE.search(text, max(0, start - 10), start))
        case "hiragana":
            return bool(_HIRAGANA_BEFORE.search(text, max(0, start - 3), start))
        case _:
            return False


def _right(text: str, start: int, end: int) -> bool:
    if end == len(text):
        return True
    own, after = script(text[end - 1]), script(text[end])
    if own != after or own == "other":
        return True
    match own:
        case "latin":
            return end - start >= _LEAST_IN_CAMEL and _hump(text, end)
        case "hangul":
            return bool(_KO_AFTER.match(text, end))
        case "kanji":
            return bool(_JA_AFTER.match(text, end))
        case "hiragana":
            return bool(_HIRAGANA_AFTER.match(text, end))
        case _:
            return False


def _hump(text: str, at: int) -> bool:
    """Whether a new word begins at `at` with a capital, as in `FalconClient`."""
    return text[at].isupper() and text[at - 1].islower()
