"""Evaluation sets in every format that is read, and what is said of those that cannot be."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from guard.errors import ConfigError
from guard.evaluation.formats import Format, read, read_ordinary
from guard.evaluation.samples import Gold, Sample


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


GUARD = lines(
    {"text": "Ann called", "spans": [{"start": 0, "end": 3, "entity": "PERSON"}], "language": "en", "half": "held"},
    {"text": "이서연 3개", "spans": [{"start": 0, "end": 3, "entity": "PS"}, {"start": 4, "end": 6, "entity": "QT"}]},
)
PRESIDIO = json.dumps(
    [
        {
            "full_text": "Ann called",
            "masked": "{{first_name}} called",
            "spans": [{"entity_type": "PERSON", "entity_value": "Ann", "start_position": 0, "end_position": 3}],
            "template_id": 3,
        }
    ]
)
KLUE = (
    "## klue-ner-x_00001\t<이서연:PS>은 <3:QT> 어\n"
    + "".join(f"{c}\t{t}\n" for c, t in zip("이서연은 3", ("B-PS", "I-PS", "I-PS", "O", "O", "B-QT"), strict=True))
    + "\n## klue-ner-x_00002\t<서울:LC><시청:OG>\n서\tB-LC\n울\tI-LC\n시\tI-OG\n청\tI-OG\n"
)
STOCKMARK = json.dumps(
    [
        {
            "curid": "1",
            "text": "佐藤は青葉社の製品Aを",
            "entities": [
                {"name": "佐藤", "span": [0, 2], "type": "人名"},
                {"name": "青葉社", "span": [3, 6], "type": "法人名"},
                {"name": "製品A", "span": [7, 10], "type": "製品名"},
            ],
        }
    ],
    ensure_ascii=False,
)
KO_PII = lines(
    {
        "text": "이서연(과장)과 이서연아, 과장님",
        "pii": [
            {"type": "PERSON", "text": "이서연"},
            {"type": "X", "text": "이서연아"},
            {"type": "POSITION", "text": "과장"},
        ],
        "domain": "d",
    },
    {"text": "없음", "pii": []},
)

SETS: list[tuple[Format, str, list[Sample]]] = [
    (
        "guard",
        GUARD,
        [
            Sample("Ann called", (Gold(0, 3, "PERSON"),), {"language": "en", "half": "held"}),
            Sample("이서연 3개", (Gold(0, 3, "PERSON"),), {"language": "ko"}),
        ],
    ),
    ("presidio", PRESIDIO, [Sample("Ann called", (Gold(0, 3, "PERSON"),), {"language": "en"})]),
    (
        "klue",
        KLUE,
        [
            Sample("이서연은 3", (Gold(0, 3, "PERSON"),), {"language": "ko"}),
            Sample("서울시청", (Gold(0, 2, "LOCATION"), Gold(2, 4, "ORGANIZATION")), {"language": "ko"}),
        ],
    ),
    (
        "stockmark",
        STOCKMARK,
        [Sample("佐藤は青葉社の製品Aを", (Gold(0, 2, "PERSON"), Gold(3, 6, "ORGANIZATION")), {"language": "ja"})],
    ),
    (
        "ko-pii",
        KO_PII,
        [
            Sample(
                "이서연(과장)과 이서연아, 과장님",
                (Gold(0, 3, "PERSON"), Gold(4, 6, "POSITION"), Gold(9, 13, "X"), Gold(15, 17, "POSITION")),
                {"language": "ko"},
            ),
            Sample("없음", (), {"language": "ko"}),
        ],
    ),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "set"


def test_every_format_is_tested() -> None:
    assert {"auto", *(form for form, _, _ in SETS)} == set(get_args(Format))


@pytest.mark.parametrize(("form", "text", "samples"), SETS, ids=[form for form, _, _ in SETS])
@pytest.mark.parametrize("auto", [True, False])
def test_a_format_is_read_and_told_from_the_others(
    file: Path, form: Format, text: str, samples: list[Sample], auto: bool
) -> None:
    file.write_text(text, encoding="utf-8")
    assert list(read(file, "auto" if auto else form)) == samples


def test_a_klue_line_of_windows_reads_alike(file: Path) -> None:
    file.write_bytes(KLUE.replace("\n", "\r\n").encode())
    assert [sample.text for sample in read(file)] == ["이서연은 3", "서울시청"]


def test_ordinary_prompts_have_no_spans(file: Path) -> None:
    file.write_text(lines({"text": "Why?", "language": "en", "kind": "howto", "id": "1"}))
    assert read_ordinary(file) == (Sample("Why?", (), {"language": "en", "kind": "howto"}),)


@pytest.mark.parametrize(
    ("text", "form", "message"),
    [
        ("{no}\n", "auto", "line 1: is not JSON"),
        (lines({"text": "a", "spans": []}, {"text": 3, "spans": []}), "auto", "line 2: 'text' must be a string"),
        (lines({"text": "a"}), "auto", "line 1: 'spans' must be a list"),
        (lines([1]), "guard", "line 1: must be a JSON object"),
        (lines({"text": "a", "spans": [{"start": True, "end": 1, "entity": "A"}]}), "auto", "'start' must be a whole"),
        (lines({"text": "a", "spans": [{"start": 0, "end": 2, "entity": "A"}]}), "auto", "row 1: a span lies outside"),
        (lines({"text": "a", "spans": [{"start": 1, "end": 1, "entity": "A"}]}), "auto", "row 1: a span lies outside"),
        ("이\tB-PS\n서\tPS\n", "klue", "line 2: is not a character, a tab and a tag"),
        ('{"full_text": "a"}', "presidio", "must be a JSON list"),
        ('[{"text": "a", "entities": [{"type": "A", "span": [0]}]}]', "stockmark", "row 1: 'span' must be two numbers"),
        ("name,mail\n", "auto", "is in no known format"),
        ("", "guard", "holds no text"),
    ],
)
def test_what_cannot_be_read_is_named_without_a_word_of_the_text(
    file: Path, text: str, form: Format, message: str
) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as told:
        read(file, form)
    assert str(file) in told.value.message


def test_a_missing_or_foreign_file_is_named(file: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(file)
    file.write_bytes("이름".encode("cp949"))
    with pytest.raises(ConfigError, match="is not UTF-8"):
        read(file)
