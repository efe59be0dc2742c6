"""Japanese names that their surroundings give away: a label, an honorific, a company's legal form, prefecture and town.

Rules over the text and its words, beside the trained model: for mails and forms, which are not in its training set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from guard.backends.crf import Token
from guard.mask.patterns import Result

SCORE = 0.8

_LABELS_WORDS = (
    "氏名 お名前 ご氏名 名前 担当者 担当 ご担当 申請者 申請者名 申込者 患者名 患者氏名 受取人 差出人 宛名 宛先 "
    "保護者 契約者 契約者名 口座名義 口座名義人 名義人 代表者 記入者 作成者 承認者 出席者 参加者 応募者 主治医 "
    "担当医 被保険者 借主 貸主 買主 売主 連帯保証人 生徒名 児童名 会員名 社員名"
)
_LABELS = _LABELS_WORDS.split()
# What stands where a name could.
_NO_NAMES_WORDS = (
    "未定 なし 無し 有り あり 不明 同上 本人 別紙 別途 全員 空欄 省略 該当なし 確認中 調整中 未記入 会社名 部署 "
    "営業部 総務部 人事部"
)
_NO_NAMES = frozenset(_NO_NAMES_WORDS.split())
_NAME = (
    r"[一-鿿々]{1,4}[ 　]?[一-鿿々ぁ-ゖァ-ヺー]{1,4}|[ァ-ヺー]{2,10}[・ 　][ァ-ヺー]{2,10}(?:[・ 　][ァ-ヺー]{2,10})?"
)
_END = r"(?=$|[\s、。,，／/|｜()（）様殿氏さ])"
_LABELLED = re.compile(
    rf"(?<![一-鿿])(?:{'|'.join(sorted(_LABELS, key=len, reverse=True))})(?:[(（][^()（）\n]{{1,10}}[)）])?"
    rf"[ 　\t]*[:：|｜\t][ 　\t]*({_NAME}){_END}",
    re.MULTILINE,
)
_FORM = (
    r"(?:株式会社|有限会社|合同会社|合資会社|合名会社|一般[社財]団法人|公益[社財]団法人|医療法人|学校法人|社会福祉法人"
    r"|NPO法人|㈱|㈲|[(（][株有同][)）])"
)
_PROPER = r"(?:(?:(?!御中|様|代表|担当)[一-鿿々]){1,10}|[ァ-ヺー・]{2,20}|[A-Za-z0-9&.-]{2,20}){1,3}"
_LEGAL_FORM = re.compile(_FORM)
_AFTER_FORM = re.compile(rf" ?{_PROPER}")
_BEFORE_FORM = re.compile(rf"(?:{_PROPER}|(?<![ぁ-ヺ一-鿿])[ぁ-ゖ]{{2,10}}) ?$")
_LONGEST_BEFORE = 30  # characters
_PREFECTURE = (
    r"(?:北海道|東京都|(?:京都|大阪)府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|富山|石川|福井|山梨|長野|岐阜|静岡|愛知|三重|滋賀|"
    r"兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄)県)"
)
_PLACE = re.compile(rf"{_PREFECTURE}(?:[一-鿿々ぁ-ゖァ-ヺ]{{1,6}}?[市郡])?(?:[一-鿿々ぁ-ゖァ-ヺ]{{1,5}}?[区町村])?")
_HONORIFICS_WORDS = "様 さん さま 氏 殿 先生 君 くん ちゃん"
_HONORIFICS = frozenset(_HONORIFICS_WORDS.split())
_PERSON_TAG = "固有名詞人名"


def by_rule(text: str, tokens: Sequence[Token]) -> Iterator[Result]:
    """The names that rules find, overlaps allowed."""
    for match in _LABELLED.finditer(text):
        if match.group(1) not in _NO_NAMES:
            yield Result("PERSON", *match.span(1), SCORE)
    for form in _LEGAL_FORM.finditer(text):
        after = _AFTER_FORM.match(text, form.end())
        before = None if after else _BEFORE_FORM.search(text, max(form.start() - _LONGEST_BEFORE, 0), form.start())
        if after or before:
            yield Result("ORGANIZATION", *_around(form, before, after), SCORE)
    for match in _PLACE.finditer(text):
        yield Result("LOCATION", *match.span(), SCORE)
    yield from _honored(tokens)


def _around(form: re.Match[str], before: re.Match[str] | None, after: re.Match[str] | None) -> tuple[int, int]:
    return before.start() if before else form.start(), after.end() if after else form.end()


def _honored(tokens: Sequence[Token]) -> Iterator[Result]:
    """Words of a person's name that touch one another and an honorific after them."""
    start = -1
    for before, token in pairwise(tokens):
        named = before.tag.startswith(_PERSON_TAG)
        if named and start < 0:
            start = before.start
        if named and token.form in _HONORIFICS and token.start == before.end:
            yield Result("PERSON", start, before.end, SCORE)
        if not named or token.start != before.end:
            start = -1


def repeated(found: Iterable[Result], text: str) -> Iterator[Result]:
    """Further places of full names that are sure, and of what stood before an honorific where one stands again."""
    names = {text[r.start : r.end] for r in found if r.entity_type == "PERSON" and r.score >= SCORE - 0.05}
    full = sorted((name for name in names if re.fullmatch("[一-鿿々]{3,6}", name)), key=len, reverse=True)
    spaced = [name.split() for name in names if re.fullmatch("[一-鿿々]{1,3}[ 　][一-鿿々ぁ-ゖァ-ヺー]{1,4}", name)]
    wholes = [*full, *("".join(parts) for parts in spaced)]
    surnames = sorted({parts[0] for parts in spaced})
    options = [re.escape(name) for name in wholes]
    if surnames:
        options.append(rf"(?<![一-鿿々])(?:{'|'.join(map(re.escape, surnames))})(?={'|'.join(sorted(_HONORIFICS))})")
    if options:
        for match in re.finditer("|".join(options), text):
            yield Result("PERSON", *match.span(), 0.6)
