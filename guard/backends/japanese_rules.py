"""Japanese names that their surroundings give away: a label, an honorific, a company's legal form, prefecture and town.

Rules over the text and its words, beside the trained model: for mails and forms, which are not in its training set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from guard.backends.columns import labelled
from guard.backends.crf import Token
from guard.backends.japanese_everyday import HONORIFICS, is_everyday
from guard.mask.patterns import Result

SCORE = 0.8

_LABELS_WORDS = (
    "氏名 お名前 ご氏名 名前 担当者 担当 ご担当 申請者 申請者名 申込者 患者名 患者氏名 受取人 差出人 宛名 宛先 "
    "保護者 契約者 契約者名 口座名義 口座名義人 名義人 代表者 記入者 作成者 承認者 出席者 参加者 応募者 主治医 "
    "担当医 被保険者 借主 貸主 買主 売主 連帯保証人 生徒名 児童名 会員名 社員名 "
    "顧客 顧客名 利用者名 講師名 評価者 被評価者 発表者 面接官 責任者 世帯主 送り主 届け先 申込者名 代理人"
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
    rf"[ 　\t]*[:：|｜\t=＝][ 　\t]*[\"']?({_NAME}){_END}",
    re.MULTILINE,
)
_HEADER = re.compile("|".join(_LABELS))
_VAGUE = frozenset({"名前", "担当", "顧客", "宛先", "届け先"})  # headers of products, departments and companies, too
_CELL = re.compile(
    r"[一-鿿々ぁ-ゖ]{1,5}[ 　]?[一-鿿々ぁ-ゖァ-ヺー]{1,5}|[ァ-ヺー]{1,10}(?:[・ 　][ァ-ヺー]{1,10}){0,3}"
    r"|[A-Za-z][A-Za-z.'’-]*(?:,? [A-Za-z][A-Za-z.'’-]*){1,3}"
)
_SPACED = re.compile(r"[一-鿿々]{1,4}[ 　][一-鿿々ぁ-ゖァ-ヺー]{1,4}|[ァ-ヺー]{2,10}(?:[・ 　][ァ-ヺー]{2,10}){1,3}")
_KINDS = (
    "銀行|信用金庫|証券|損害保険|生命保険|製薬|重工業|ホールディングス|エンタテインメント|(?:女子|工業|"
    "商業)?(?:高等学校|高校)|"
    "中学校|小学校|幼稚園|保育園|警察署|消防署|税務署|クリニック|歯科医院|医院|薬局|出版社|会計事務所|法律事務所|"
    "工務店|製作所"
)
_BY_KIND = re.compile(
    rf"(?:(?P<kanji>(?<![一-鿿々])[一-鿿々]{{2,5}}?)|(?P<kata>(?<![ァ-ヺー])[ァ-ヺー]{{2,10}})"
    rf"|(?P<hira>(?<![ぁ-ゖ])[ぁ-ゖ]{{3,6}}))(?:{_KINDS})(?=卒|前|様|御中|[^一-鿿々ァ-ヺー]|$)"
)
# What says which kind, and not which one.
_NO_STEMS_WORDS = (
    "地方 都市 中央 投資 信託 国内 海外 外国 商業 民間 政府 最寄 最寄り 近所 近隣 管轄 所轄 該当 国立 公立 私立 "
    "県立 市立 区立 "
    "都立 府立 道立 町立 村立 母校 総合 専門 大型 小型 中小 個人 全国 各地 地元 地域 特定 一般 同じ 他の 有名 大手 "
    "新興 後発 "
    "ネット インターネット オンライン デジタル モバイル メガ ジェネリック バイオ ファミリー メンタル デンタル "
    "レディース キッズ ペット "
    "かかりつけ あらゆる すべて ほかの 調剤 門前 院内 院外 眼科 内科 外科 皮膚科 小児科 産婦人科 整形外科 美容 動物 "
    "認可 無認可 認定 企業内 "
    "進学 受験 男子 女子 共学 通信制 定時制 全日制"
)
_NO_STEMS = frozenset(_NO_STEMS_WORDS.split())
_FORM = (
    r"(?:株式会社|有限会社|合同会社|合資会社|合名会社|一般[社財]団法人|公益[社財]団法人|医療法人|学校法人|社会福祉法人"
    r"|NPO法人|㈱|㈲|[(（][株有同][)）])"
)
_PROPER = r"(?:(?:(?!御中|様|代表|担当)[一-鿿々]){1,10}|[ァ-ヺー・]{2,20}|[A-Za-z0-9&.-]{2,20}){1,3}"
_LEGAL_FORM = re.compile(_FORM)
_AFTER_FORM = re.compile(rf" ?{_PROPER}")
_BEFORE_FORM = re.compile(rf"(?:{_PROPER}|(?<![ぁ-ヺ一-鿿])[ぁ-ゖ]{{2,10}}) ?$")
_HIRAGANA = re.compile("[ぁ-ゖ]{2,}")
_NOUNS = ("固有名詞", "普通名詞")
_LONGEST_BEFORE = 30  # characters
_PREFECTURE = (
    r"(?:北海道|東京都|(?:京都|大阪)府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|富山|"
    r"石川|福井|山梨|長野|岐阜|静岡|愛知|三重|滋賀|"
    r"兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄)県)"
)
_PLACE = re.compile(rf"{_PREFECTURE}(?:[一-鿿々ぁ-ゖァ-ヺ]{{1,6}}?[市郡])?(?:[一-鿿々ぁ-ゖァ-ヺ]{{1,5}}?[区町村])?")
_PERSON_TAG = "固有名詞人名"


def by_rule(text: str, tokens: Sequence[Token]) -> Iterator[Result]:
    """The names that rules find, overlaps allowed."""
    for start, end in _people(text):
        yield Result("PERSON", start, end, SCORE)
    for match in _BY_KIND.finditer(text):
        stem = match["kanji"] or match["kata"] or match["hira"]
        if stem not in _NO_STEMS and not is_everyday(stem, weak=True):
            yield Result("ORGANIZATION", *match.span(), SCORE)
    for start, end in _with_form(text, tokens):
        yield Result("ORGANIZATION", start, end, SCORE)
    for match in _PLACE.finditer(text):
        yield Result("LOCATION", *match.span(), SCORE)
    yield from _honored(tokens)


def _people(text: str) -> Iterator[tuple[int, int]]:
    yield from (match.span(1) for match in _LABELLED.finditer(text) if match.group(1) not in _NO_NAMES)
    for label, start, end in labelled(text, _HEADER):
        value = text[start:end]
        if (_SPACED if label in _VAGUE else _CELL).fullmatch(value) and value not in _NO_NAMES:
            yield start, end


def _with_form(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Companies with their legal form; in hiragana, the noun after it."""
    named = {t.start: t.end for t in tokens if t.tag.startswith(_NOUNS) and _HIRAGANA.fullmatch(t.form)}
    for form in _LEGAL_FORM.finditer(text):
        after = _AFTER_FORM.match(text, form.end())
        before = None if after else _BEFORE_FORM.search(text, max(form.start() - _LONGEST_BEFORE, 0), form.start())
        if not after and form.end() in named:
            yield form.start(), named[form.end()]
        elif after or before:
            yield _around(form, before, after)


def _around(form: re.Match[str], before: re.Match[str] | None, after: re.Match[str] | None) -> tuple[int, int]:
    return before.start() if before else form.start(), after.end() if after else form.end()


def _honored(tokens: Sequence[Token]) -> Iterator[Result]:
    """Words of a person's name that touch one another and an honorific after them."""
    start = -1
    for before, token in pairwise(tokens):
        named = before.tag.startswith(_PERSON_TAG)
        if named and start < 0:
            start = before.start
        if named and token.form in HONORIFICS and token.start == before.end:
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
        options.append(rf"(?<![一-鿿々])(?:{'|'.join(map(re.escape, surnames))})(?={'|'.join(sorted(HONORIFICS))})")
    if options:
        for match in re.finditer("|".join(options), text):
            yield Result("PERSON", *match.span(), 0.6)
