"""Japanese names: mails, forms; and ordinary prompts, in which nothing is to be found."""

from __future__ import annotations

import threading

import pytest

from guard.backends.japanese import JapaneseNames
from tests.backends.ordinary import JAPANESE


@pytest.fixture(scope="module")
def names() -> JapaneseNames:
    return JapaneseNames()


def found(names: JapaneseNames, text: str, entity: str | None = None) -> set[str]:
    return {text[r.start : r.end] for r in names.analyze(text, [entity] if entity else None)}


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("田中様、資料をお送りします。", "田中"),
        ("営業部の鈴木です。", "鈴木"),
        ("氏名：小野寺 美咲", "小野寺 美咲"),
        ("担当：大橋健太 内線1234", "大橋健太"),
        ("マイケル・ジョンソンさんが来社します。", "マイケル・ジョンソン"),
        ("患者名: 堀川 進", "堀川 進"),
        ("先生の名前は黒川千鶴です", "黒川千鶴"),
        ("佐々木課長に聞いてください", "佐々木"),
        ("| 2 | 和田 涼子 | 経理部 |", "和田 涼子"),
    ],
)
def test_people_without_their_honorifics(names: JapaneseNames, text: str, person: str) -> None:
    assert person in found(names, text, "PERSON")


@pytest.mark.parametrize(
    ("text", "organisation"),
    [
        ("株式会社アクメの見積書です。", "株式会社アクメ"),
        ("つばさ合同会社と契約した。", "つばさ合同会社"),
        ("(株)ノースウインド御中", "(株)ノースウインド"),
        ("㈱ノースウインド御中", "㈱ノースウインド"),
        ("彼は東京大学を卒業した。", "東京大学"),
    ],
)
def test_organisations_with_their_legal_form(names: JapaneseNames, text: str, organisation: str) -> None:
    assert any(organisation in value for value in found(names, text))


@pytest.mark.parametrize("place", ["東京都新宿区", "神奈川県横浜市港北区", "札幌", "北海道函館市"])
def test_places(names: JapaneseNames, place: str) -> None:
    text = f"来月、{place}に引っ越します。"
    covered = {i for r in names.analyze(text) for i in range(r.start, r.end)}
    start = text.index(place)
    assert set(range(start, start + len(place))) <= covered
    assert start + len(place) not in covered


def test_a_name_from_a_form_is_found_in_the_text_below(names: JapaneseNames) -> None:
    text = "氏名：御子柴 涼\n\n本日、御子柴さんから電話がありました。御子柴涼の件です。"
    places = {(text[r.start : r.end], r.start) for r in names.analyze(text, ["PERSON"])}
    assert ("御子柴", text.index("御子柴さん")) in places
    assert ("御子柴涼", text.index("御子柴涼の")) in places


def test_ordinary_prompts_stay_as_they_are(names: JapaneseNames) -> None:
    touched = [text for text in JAPANESE if names.analyze(text)]
    assert len(touched) / len(JAPANESE) < 0.02, touched


def test_offsets_are_those_of_the_whole_text(names: JapaneseNames) -> None:
    english = "nothing to be read here " * 20
    text = f"😀 {english}\n" * 3 + "氏名：田中太郎\n" + f"{english}\n" * 3 + "担当：鈴木花子"
    assert {"田中太郎", "鈴木花子"} <= found(names, text, "PERSON")


def test_a_text_longer_than_sudachi_takes(names: JapaneseNames) -> None:
    text = "会議の資料を準備する。" * 4_000 + "担当：鈴木花子"
    assert "鈴木花子" in found(names, text, "PERSON")
    endless = "あ" * 60_000
    assert all(0 <= result.start < result.end <= len(endless) for result in names.analyze(endless))


def test_chinese_characters_in_a_korean_text_are_not_read_as_japanese() -> None:
    fresh = JapaneseNames()
    assert fresh.analyze_batch(["大韓民國은 민주공화국이다", "Alice Meyer", "김민수", ""]) == [[], [], [], []]
    assert not fresh.loaded
    assert found(fresh, "東京都新宿区") == {"東京都新宿区"}
    assert fresh.loaded


def test_a_batch_finds_what_single_texts_do(names: JapaneseNames) -> None:
    texts = ["田中様", "", "nothing", "東京都新宿区", "田中様"]
    assert names.analyze_batch(texts) == [names.analyze(text) for text in texts]


def test_threads_share_one_model(names: JapaneseNames) -> None:
    fresh = JapaneseNames()
    texts = ["田中様、東京都新宿区の件です。", "株式会社アクメの佐藤です。"] * 3
    expected = names.analyze_batch(texts)
    results: list[object] = [None] * len(texts)

    def work(index: int) -> None:
        results[index] = fresh.analyze(texts[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == expected
