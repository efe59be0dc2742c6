"""How a report reads, for people and for machines."""

import json

from guard.evaluation.report import Alarms, Cost, Report, System
from guard.evaluation.scoring import Tally

OURS = System(
    name="guard (full)",
    total=Tally(10, 9, 100, 90),
    masked=Tally(8, 8, 100, 88),
    languages={("en",): Tally(6, 6, 60, 60), ("ko",): Tally(4, 3, 40, 30)},
    groups={("PERSON",): Tally(10, 9, 100, 90), ("SECRET",): Tally(0, 0, 0, 0)},
    alarms=(Alarms("en", 80, 1, {"PERSON": 1}), Alarms("ko", 20, 2, {"LOCATION": 1, "PERSON": 2})),
    costs=(Cost("en", 7, 12.344, 15.5, 40.04),),
)
THEIRS = System(
    "plain Presidio",
    Tally(10, 4, 50, 25),
    Tally(8, 4, 50, 25),
    {},
    {("URL",): Tally(0, 0, 3, 0)},
    (),
    (Cost("en", 7, 50, 90, None),),
)
REPORT = Report(("a.jsonl", "b.json"), 12, "default", ("DATE_TIME",), ("entity",), (OURS, THEIRS))


def cells(text: str, first: str) -> list[list[str]]:
    """The cells of the lines whose first cell is `first`."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [row for row in rows if row[0] == first]


def test_a_report_for_people() -> None:
    text = REPORT.as_text()
    assert text.startswith("a.jsonl, b.json: 12 rows, policy 'default'\n")
    total = [row[1:] for row in cells(text, "guard (full)")]
    assert total[:4] == [
        ["en", "6", "1.000", "1.000"],
        ["ko", "4", "0.750", "0.750"],
        ["all", "10", "0.900", "0.900"],
        ["all but DATE_TIME, which the policy keeps", "8", "1.000", "0.880"],
    ]
    assert cells(text, "PERSON") == [["PERSON", "10", "0.900", "0.900", "–", "–"]]
    assert cells(text, "URL") == [["URL", "0", "–", "–", "–", "0.000"]]
    assert total[4:7] == [
        ["en", "80", "1", "1.2%", "PERSON 1"],
        ["ko", "20", "2", "10.0%", "LOCATION 1, PERSON 2"],
        ["all", "100", "3", "3.0%", "LOCATION 1, PERSON 3"],
    ]
    assert total[7] == ["en", "7", "12.34", "15.50", "40.0"]
    assert cells(text, "plain Presidio")[-1] == ["plain Presidio", "en", "7", "50.00", "90.00", "–"]


def test_tables_are_markdown_with_numbers_to_the_right() -> None:
    tables = [table for table in REPORT.as_text().split("\n\n") if table.startswith("|")]
    assert len(tables) == 4
    for table in tables:
        lines = table.splitlines()
        assert len({len(line) for line in lines}) == 1
        assert len({line.count("|") for line in lines}) == 1
        rules = dict(zip(lines[0].split("|"), lines[1].split("|"), strict=True))
        words = [name.strip() for name, rule in rules.items() if name and not rule.endswith(":")]
        assert set(words) <= {"system", "language", "entity", "prompts in", "taken for"}


def test_a_report_for_machines_has_every_figure() -> None:
    values = json.loads(REPORT.as_json())
    ours = values["systems"]["guard (full)"]
    assert (values["data"], values["rows"], values["kept"]) == (["a.jsonl", "b.json"], 12, ["DATE_TIME"])
    assert ours["total"] == {
        "entities": 10, "whole": 9, "covered": 100, "right": 90, "fully_masked": 0.9, "character_precision": 0.9,
    }  # fmt: skip
    assert ours["without_kept"]["entities"] == 8
    assert ours["groups"][0]["entity"] == "PERSON"
    assert ours["groups"][1]["fully_masked"] is None
    assert ours["languages"]["ko"]["whole"] == 3
    assert ours["alarms"][1] == {
        "language": "ko",
        "prompts": 20,
        "touched": 2,
        "entities": {"LOCATION": 1, "PERSON": 2},
    }
    assert ours["cost"] == [
        {
            "language": "en",
            "texts": 7,
            "cpu_ms_per_kb": 12.344,
            "cpu_ms_per_kb_by_row": 15.5,
            "cpu_ms_last_of_40": 40.04,
        }
    ]


def test_without_groups_and_prompts_their_tables_are_left_out() -> None:
    short = Report(("a",), 1, "p", (), (), (THEIRS,))
    assert len([part for part in short.as_text().split("\n\n") if part.startswith("|")]) == 2
