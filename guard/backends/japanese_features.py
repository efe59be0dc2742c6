"""What the Japanese model for names is told of every word: form, part of speech, script, neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from guard.backends.crf import Token, shaped_by

# What stands after a name, or before it in a list of people.
_TITLES_WORDS = (
    "さん 様 さま 氏 君 くん ちゃん 先生 殿 女史 嬢 社長 副社長 会長 専務 常務 取締役 部長 次長 課長 係長 主任 "
    "主査 主事 室長 所長 店長 支店長 工場長 教授 准教授 助教 講師 博士 医師 看護師 弁護士 税理士 司法書士 行政書士 "
    "検事 判事 大臣 議員 知事 市長 町長 村長 選手 監督 コーチ 投手 捕手 内野手 外野手 俳優 女優 歌手 作家 記者 "
    "アナウンサー 将軍 大将 中将 少将 大佐 首相 大統領 総理 被告 原告 容疑者 患者 担当 担当者 代表 代表取締役 "
    "理事長 理事 院長 園長 校長 教諭 マネージャー リーダー"
)
TITLES = frozenset(_TITLES_WORDS.split())
# How the names of organisations and of places end.
_ORGANISATIONS_WORDS = (
    "会社 株式会社 有限会社 合同会社 社 銀行 信用金庫 証券 生命 保険 製薬 製作所 工業 電機 電気 電力 自動車 重工業 "
    "建設 不動産 鉄道 商事 物産 商店 新聞 新聞社 放送 通信 出版 書店 書房 大学 大学院 高校 高等学校 中学校 小学校 "
    "学園 学院 幼稚園 保育園 病院 医院 クリニック 研究所 研究会 協会 連盟 連合 連合会 組合 財団 委員会 審議会 機構 "
    "公社 公団 党 省 庁 局 署 裁判所 議会 国会 政府 内閣 軍 部隊 師団 艦隊 団 楽団 劇団 球団 クラブ チーム ズ "
    "グループ ホールディングス コーポレーション カンパニー システムズ バンド 派 教会 寺 神社"
)
ORGANISATIONS = frozenset(_ORGANISATIONS_WORDS.split())
_PLACES_WORDS = (
    "都 道 府 県 市 区 町 村 郡 丁目 州 国 島 諸島 半島 山 川 河 湖 海 湾 峠 谷 岳 平野 駅 空港 港 通り 街道 線 橋 "
    "城 公園 広場 温泉 海岸 地方 地区 地域 大陸 ビル タワー ホール センター 劇場 球場 スタジアム 美術館 博物館 "
    "図書館"
)
PLACES = frozenset(_PLACES_WORDS.split())
_LONGEST_ENDING = 6
_LONGEST_FORM = 12  # characters of a form from which pairs are made


def features(tokens: Sequence[Token]) -> list[list[str]]:
    """The features of each token. A tag is the part of speech, and after "|" that of the longer word it is part of."""
    owns = [_own(token.form, token.tag) for token in tokens]
    times = Counter(token.form for token in tokens)
    last = len(tokens) - 1
    found: list[list[str]] = []
    for i, token in enumerate(tokens):
        row = [*owns[i]]
        row += _beside(tokens[i - 1].form, tokens[i - 1].tag, token.form, token.tag, "-") if i else ["-end"]
        row += _beside(tokens[i + 1].form, tokens[i + 1].tag, token.form, token.tag, "+") if i < last else ["+end"]
        if i > 1:
            row += _near(tokens[i - 2].form, tokens[i - 2].tag, "-2")
        if i + 1 < last:
            row += _near(tokens[i + 2].form, tokens[i + 2].tag, "+2")
        if times[token.form] > 1 and len(token.form) > 1:
            row.append("again")
        for distance in (-1, 1, 2):
            if 0 <= i + distance <= last and tokens[i + distance].form in TITLES:
                row.append(f"title{distance}")
        found.append(row)
    return found


@lru_cache(maxsize=20_000)
def _own(form: str, tag: str) -> tuple[str, ...]:
    short, _, longer = tag.partition("|")
    shaped = shape(form)
    row = [
        "w=" + form,
        "t=" + short,
        "T=" + longer,
        "s1=" + form[-1:],
        "s2=" + form[-2:],
        "p1=" + form[:1],
        "p2=" + form[:2],
        f"tl={short}{min(len(form), 6)}",
        "sh=" + shaped,
    ]
    for name, table in (("org=", ORGANISATIONS), ("place=", PLACES)):
        ending = next((form[-n:] for n in range(min(_LONGEST_ENDING, len(form)), 0, -1) if form[-n:] in table), "")
        if ending:
            row.append(name + ending)
    if form in TITLES:
        row.append("title")
    if len(form) > 1 and shaped not in {"h+", "h"}:
        cut = form[:_LONGEST_FORM]
        row += ["g=" + cut[i : i + 2] for i in range(len(cut) - 1)]
        row += ["c=" + character for character in cut]
    return tuple(row)


@lru_cache(maxsize=50_000)
def _beside(form: str, tag: str, own_form: str, own_tag: str, side: str) -> tuple[str, ...]:
    """What a neighbour tells; `side` is "-" for the one before and "+" for the one after."""
    short, own_short = tag.partition("|")[0], own_tag.partition("|")[0]
    shaped, own_shape = _shape(form), _shape(own_form)
    return (
        f"{side}w={form}",
        f"{side}t={short}",
        f"{side}s1={form[-1:]}",
        f"{side}tt={own_short}{short}",
        f"{side}sh={shaped}",
        f"{side}ss={own_shape}{shaped}",
        f"{side}wt={form}{own_short}",
        f"{side}ws={form}{own_shape}",
    )


@lru_cache(maxsize=20_000)
def _near(form: str, tag: str, side: str) -> tuple[str, ...]:
    return f"{side}w={form}", f"{side}t={tag.partition('|')[0]}"


def shape(form: str) -> str:
    """The kinds of the characters, repetitions marked: "k+" for katakana, "c+h" for kanji and one hiragana."""
    return shaped_by(_kind, form)


_shape = lru_cache(maxsize=20_000)(shape)


def _kind(character: str) -> str:
    if "ぁ" <= character <= "ゟ":
        return "h"
    if "ァ" <= character <= "ヺ" or character == "ー":
        return "k"
    if "一" <= character <= "鿿" or character in "々〆":
        return "c"
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character


def tag_of(parts: Sequence[str], *, unknown: bool) -> str:
    """Sudachi's part of speech in one word: "固有名詞人名姓"; with a "?" where the dictionary lacks the word."""
    named = parts[1:4] if parts[0] == "名詞" else parts[:2]
    return "".join(part for part in named if part != "*") + ("?" if unknown else "")
