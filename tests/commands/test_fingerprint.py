from pathlib import Path

import pytest
from click.testing import CliRunner

from guard.cli import main
from tests.backends.test_customers import write
from tests.prose import prose


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "plan.txt").write_text(prose("en", 1))
    (tmp_path / "plans" / "계획.txt").write_text(prose("ko", 1))
    return tmp_path


def run(*arguments, given=""):
    return CliRunner().invoke(main, ["fingerprint", *arguments], input=given)


def test_a_folder_is_indexed_listed_and_tried_out(folder):
    made = run("plans")
    assert (made.exit_code, made.stderr.count("reading")) == (0, 2)
    assert "plans.fingerprints: 2 documents" in made.stdout
    assert "2 new, 0 changed, 0 removed" in made.stdout
    listed = run("plans", "--list")
    assert "plan.txt" in listed.stdout
    assert "계획.txt" in listed.stdout
    text = f"Shorten this:\n{prose('en', 1)[:300]}\n"
    tried = run("--index", "plans.fingerprints", "--check", "-", given=text)
    assert tried.stdout.startswith("CONFIDENTIAL_TEXT  characters 14 to ")
    assert "line 2" in tried.stdout
    assert tried.stdout.strip().endswith("plan.txt")
    (folder / "other.txt").write_text(prose("en", 2))
    assert run("plans", "--check", "other.txt").stdout == "Nothing would be recognised.\n"


def test_quiet_says_only_the_result(folder):
    made = run("plans", "-q", "--index", "here")
    assert made.stderr == ""
    assert Path("here").exists()


def test_what_cannot_be_read_is_counted_and_the_exit_status_says_so(folder):
    (folder / "plans" / "logo.png").write_bytes(b"\x89PNG\0")
    made = run("plans", "-q")
    assert made.exit_code == 1
    assert "1 files could not be read:\n  logo.png: " in made.stderr
    assert "2 documents" in made.stdout


def test_documents_without_words_of_their_own_are_named(folder):
    for number in range(3):
        (folder / "plans" / f"draft {number}.txt").write_text(f"{prose('en', 9, 60)} {prose('en', 20 + number, 3)}")
    assert "3 documents have hardly any text of their own" in run("plans").stdout
    assert "hardly" not in run("plans", "--shared", "0").stdout


def test_a_customer_list_is_indexed_and_tried_out(folder):
    write(folder / "list.csv")
    made = run("--rows", "list.csv", "--columns", "name,account", "--alone", "mail", "--cells", "2")
    assert made.exit_code == 0
    assert "list.records: 75 rows" in made.stdout
    assert "Columns: name, account, mail." in made.stdout
    assert "list.records.key" in made.stdout
    tried = run("--rows", "list.csv", "--check", "-", given="홍길동님 110-123-456789")
    assert tried.stdout.splitlines() == [
        "CUSTOMER  characters 0 to 3, line 1  0.90",
        "CUSTOMER  characters 5 to 19, line 1  0.90",
    ]


def test_rows_and_values_that_are_not_recognised_are_counted(folder):
    (folder / "list.csv").write_text("name,phone\nAda Ypsilon,1234\nBen Ypsilon,\n,\nCy Ypsilon,555-0100-77\n")
    made = run("--rows", "list.csv", "--columns", "name,phone", "--alone", "phone")
    assert "1 rows have too few rare cells" in made.stdout
    assert "1 values are too short" in made.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name a FOLDER"),
        (("--index", "x"), "Name a FOLDER"),
        (("plans", "--rows", "list.csv"), "Give either"),
        (("nowhere",), "nowhere: is no folder"),
        (("--rows", "nowhere.csv"), "nowhere.csv: cannot be read"),
        (("plans", "--list"), "plans.fingerprints: cannot be read"),
        (("plans", "--check", "nowhere"), "nowhere: cannot be read"),
        (("plans", "--ignore", "nowhere"), "nowhere: is no folder"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(folder, arguments, said):
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert said in result.stderr
    assert "Traceback" not in result.output
