"""Rules for Japanese names, apart from the model."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from guard.backends.crf import Token
from guard.backends.japanese_everyday import told_apart
from guard.backends.japanese_rules import SCORE, by_rule, repeated
from guard.mask.patterns import Result


def found(text: str) -> list[tuple[str, str]]:
    return [(text[r.start : r.end], r.entity_type) for r in by_rule(text, ())]


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("氏名：田中太郎", "田中太郎"),
        ("担当: 鈴木 花子 様", "鈴木 花子"),
        ("患者名（漢字）：堀川進", "堀川進"),
        ("お名前：マリア・サントス", "マリア・サントス"),
    ],
)
def test_a_label_gives_a_person_away(text: str, person: str) -> None:
    assert (person, "PERSON") in found(text)


@pytest.mark.parametrize("text", ["担当：未定", "氏名：別紙", "担当部署に確認する", "氏名を記入してください"])
def test_what_is_no_name_stays(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "organisation"),
    [
        ("株式会社アクメの件", "株式会社アクメ"),
        ("(株)ノースウインド御中", "(株)ノースウインド"),
        ("つばさ合同会社と契約", "つばさ合同会社"),
        ("ABC株式会社", "ABC株式会社"),
        ("医療法人光会", "医療法人光会"),
    ],
)
def test_a_legal_form_gives_an_organisation_away(text: str, organisation: str) -> None:
    assert (organisation, "ORGANIZATION") in found(text)


def test_prefecture_town_and_ward() -> None:
    assert found("神奈川県横浜市港北区です") == [("神奈川県横浜市港北区", "LOCATION")]


def test_words_of_a_name_before_an_honorific() -> None:
    text = "昨日田中太郎様が"
    tokens = [
        Token("昨日", "普通名詞副詞可能", 0, 2),
        Token("田中", "固有名詞人名姓", 2, 4),
        Token("太郎", "固有名詞人名名", 4, 6),
        Token("様", "接尾辞名詞的", 6, 7),
        Token("が", "助詞格助詞", 7, 8),
    ]
    assert [(r.start, r.end, r.entity_type) for r in by_rule(text, tokens)] == [(2, 6, "PERSON")]
    assert not list(by_rule(text, [*tokens[:3], tokens[4]]))


def test_a_sure_name_is_found_again_whole_and_by_its_surname() -> None:
    text = "御子柴 涼です。御子柴さんと御子柴涼と大御子柴さん、御子柴の"
    sure = Result("PERSON", 0, 5, SCORE)
    assert [text[r.start : r.end] for r in repeated([sure], text)] == ["御子柴", "御子柴涼"]
    assert not list(repeated([replace(sure, score=0.6)], text))


@pytest.mark.parametrize("unit", ["漢", "カ", "あ", "a", "株式会社", "東京都", "氏名：", "氏名 "])
def test_monotonous_texts_take_no_long_time(unit: str) -> None:
    start = time.process_time()
    list(by_rule((unit * 8_000)[:8_000], ()))
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("| 番号 | 氏名 |\n|---|---|\n| 7 | 御子柴 涼 |", "御子柴 涼"),
        ("INSERT INTO t (id, 氏名) VALUES (1, 'ハセガワ ハナコ');", "ハセガワ ハナコ"),
        ('{"氏名": "竹内心春"}', "竹内心春"),
        ("注文=7 顧客=松本 心春 電話=0", "松本 心春"),
    ],
)
def test_people_in_data(text: str, person: str) -> None:
    assert (person, "PERSON") in found(text)


@pytest.mark.parametrize("name", ["みなと税務署", "ひばり幼稚園", "夕凪銀行", "サンセット証券", "千草歯科医院"])
def test_organisations_by_their_kind(name: str) -> None:
    assert (name, "ORGANIZATION") in found(f"昨日、{name}の方から電話がありました。")


@pytest.mark.parametrize(
    "text", ["地方銀行が", "最寄りの銀行に", "所轄警察署へ", "小学校の", "調剤薬局で", "ネット銀行"]
)
def test_a_kind_without_a_name(text: str) -> None:
    assert found(text) == []


def test_a_company_in_hiragana_after_its_form() -> None:
    text = "合同会社ひなたまで"
    words = [Token("合同会社", "普通名詞", 0, 4), Token("ひなた", "普通名詞一般", 4, 7), Token("まで", "助詞", 7, 9)]
    assert [(r.start, r.end) for r in by_rule(text, words)] == [(0, 7)]
    assert not list(by_rule("合同会社まで", [words[0], Token("まで", "助詞", 4, 6)]))


@pytest.mark.parametrize(
    ("text", "score", "everyday"),
    [
        ("コミット", 0.99, True),
        ("デプロイの手順", 0.99, True),
        ("Dockerイメージ", 0.99, True),
        ("負荷設定", 0.6, True),
        ("負荷設定", 0.95, False),
        ("と", 0.99, True),
        ("御子柴", 0.6, False),
    ],
)
def test_everyday_words_are_no_names(text: str, score: float, everyday: bool) -> None:
    assert (told_apart(text, Result("ORGANIZATION", 0, len(text), score)) is None) == everyday


def test_the_name_of_a_theorem_is_no_person() -> None:
    name = Result("PERSON", 0, 3, 0.99)
    assert told_apart("ベイズの定理を説明して", name) is None
    assert told_apart("ベイズさんに会った", name) == name
