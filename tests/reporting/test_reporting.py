"""The report of a month: what is counted for it, and that its page and its PDF say so."""

import re
from contextlib import closing as closed
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from pypdf import PdfReader

from guard import config as configuration
from guard.audit.log import reader_of
from guard.audit.reading import SqliteReader
from guard.cli import main
from guard.console.language import LANGUAGES, Language
from guard.errors import ConfigError
from guard.reporting.gathering import Keeping, Month, check, gather
from guard.reporting.writing import HERE, REQUIREMENTS, as_html, as_pdf
from guard.types import Principal
from tests.audit.samples import ACT, closing, new_store, opening

FIRST = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
NEXT = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
HOUR_S = 3_600


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Entries of November, with an exchange of each neighbouring month."""
    for entries in (
        [opening("october", FIRST - 30), closing("october", FIRST + 1)],
        [replace(opening("1", FIRST + HOUR_S), principal=Principal("ann", "영업팀")), closing("1", FIRST + HOUR_S + 1)],
        [opening("2", NEXT - 5), replace(ACT, time=NEXT - 4, action="erase"), closing("2", NEXT + 2)],
        [opening("december", NEXT + HOUR_S)],
    ):
        with closed(new_store(tmp_path, now=entries[-1].time)) as store:
            store.append(entries)
    return tmp_path


@pytest.fixture
def config(log: Path) -> configuration.Config:
    return configuration.load(None, {"GUARD_DATA": str(log)})


def page_of(config: configuration.Config, language: Language = "en", *, verified: bool = True) -> str:
    reader = reader_of(config)
    gathered = gather(reader, Month.parse("2026-11"))
    return as_html(gathered, check(reader) if verified else None, config, language)


class Balanced(HTMLParser):
    """Fails where tags do not close each other in order."""

    VOID = ("meta", "rect", "circle", "line", "polyline", "br", "path")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def _note(self, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.targets += [value[1:] for name, value in attrs if name == "href" and value]


def test_what_began_in_the_month_is_counted_with_its_end(config: configuration.Config) -> None:
    gathered = gather(reader_of(config), Month.parse("2026-11"))
    assert (gathered.entries, gathered.first, gathered.last) == (5, 2, 6)
    assert sum(day.exchanges for _, day in gathered.days) == 2
    assert sum(day.outcomes["completed"] for _, day in gathered.days) == 2
    assert len(gathered.days) == 30
    assert (gathered.begun, dict(gathered.actions), gathered.not_scanned["parts"]) == ({}, {"erase": 1}, 2)
    assert gathered.critics == {("embedded", "e1"): 2}


@pytest.mark.parametrize(
    ("text", "days"), [("2026-11", 30), ("2026-12", 31), ("2024-02", 29), ("2026-13", 0), ("11-2026", 0), ("", 0)]
)
def test_months(text: str, days: int) -> None:
    if days:
        assert Month.parse(text).days == days
    else:
        with pytest.raises(ConfigError, match="Write one as 2026-11"):
            Month.parse(text)


def test_a_month_without_entries_is_told(config: configuration.Config) -> None:
    with pytest.raises(ConfigError, match=r"no entry of 2020-01"):
        gather(reader_of(config), Month.parse("2020-01"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_whole_and_needs_nothing_else(config: configuration.Config, language: Language) -> None:
    page = page_of(config, language)
    parser = Balanced()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert len(set(parser.ids)) == len(parser.ids)
    assert set(parser.targets) <= set(parser.ids)
    assert re.findall(r"(?:src|href)=\"(?!#)|url\(|@import|<script", page) == []
    assert f'<html lang="{language}">' in page
    assert "영업팀" in page


def test_the_page_says_what_happened_and_that_the_log_is_sound(config: configuration.Config) -> None:
    page = page_of(config)
    assert "<dt>Exchanges</dt><dd>2</dd>" in page
    assert "5 entries are of this month, numbers 2 to 6." in page
    assert "8 entries under 4 signed checkpoints, sound." in page
    assert "erased content" in page
    assert "asked by the works council" in page
    assert "guard/" in page  # the origin of the last checkpoint
    assert "Dear" not in page  # no words of an exchange
    assert "was not verified" in page_of(config, verified=False)


def test_a_log_that_is_not_sound_is_told(config: configuration.Config, log: Path) -> None:
    import sqlite3

    with closed(sqlite3.connect(log / "audit.db")) as connection:
        connection.execute("DROP TRIGGER leaf_no_update")
        connection.execute("UPDATE leaf SET body = CAST(replace(body, 'chat', 'cart') AS BLOB) WHERE seq = 2")
        connection.commit()
    page = page_of(config)
    assert "is NOT sound" in page
    assert "altered 2" in page


@pytest.mark.parametrize(("days", "short"), [(None, False), (30.0, True), (400.0, False)])
def test_content_that_is_kept_for_less_than_half_a_year_is_told(
    config: configuration.Config, days: float | None, short: bool
) -> None:
    audit = config.audit.model_copy(update={"retention_days": days})
    changed = config.model_copy(update={"audit": audit})
    assert Keeping.of(changed).long_enough is not short
    assert ("less than six months" in page_of(changed)) is short


@pytest.mark.parametrize(
    ("configured", "policies", "expected"),
    [(None, (None, 30), 30.0), (400, (None, 365), 365.0), (30, (365,), 30.0), (None, (None,), None)],
)
def test_content_that_a_policy_destroys_is_not_kept_without_end(
    config: configuration.Config, log: Path, configured: float | None, policies: tuple[int | None, ...], expected: float
) -> None:
    folder = log / "policies"
    folder.mkdir()
    for number, days in enumerate(policies):
        rule = {"policy": f"p{number}", "log": {"retention_days": days} if days else {}}
        (folder / f"{number}.yaml").write_text(yaml.safe_dump(rule))
    audit = config.audit.model_copy(update={"retention_days": configured})
    changed = config.model_copy(update={"audit": audit, "policies": folder})
    assert Keeping.of(changed).retention_days == expected
    page = page_of(changed)
    assert ("so is their content" in page) is (expected is None)
    assert expected is None or f"after {expected:g} days" in page


@pytest.mark.parametrize(
    ("kept", "said", "unsaid"),
    [
        ("masked", "no content is kept: discreet", "Entries are kept without end; no content is kept."),
        ("none", "Entries are kept without end; no content is kept.", "Of exchanges under these policies"),
    ],
)
def test_content_that_a_policy_never_keeps_is_not_said_to_be_kept(
    config: configuration.Config, log: Path, kept: str, said: str, unsaid: str
) -> None:
    folder = log / "policies"
    folder.mkdir()
    for name, content in (("discreet", "none"), ("usual", kept)):
        rule = {"policy": name, "log": {"content": content, "retention_days": 1 if content == "none" else None}}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(rule))
    changed = config.model_copy(update={"policies": folder})
    keeping = Keeping.of(changed)
    assert (keeping.retention_days, keeping.long_enough) == (None, False)
    page = page_of(changed)
    assert said in page
    assert unsaid not in page
    assert "less than six months" in page


def test_every_message_stands_in_every_language_and_is_used() -> None:
    tables = {language: yaml.safe_load((HERE / "messages" / f"{language}.yaml").read_text()) for language in LANGUAGES}
    places = {
        language: {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in table.items()}
        for language, table in tables.items()
    }
    assert places["en"] == places["ko"] == places["ja"]
    files = (HERE / "templates" / "report.html", HERE / "writing.py", HERE / "scores.py")
    sources = "".join(file.read_text() for file in files)
    by_requirement = {f"{kind}.{key}" for kind in ("asks", "recorded") for key, _, _ in REQUIREMENTS}
    assert {key for key in tables["en"] if f'"{key}"' not in sources and f"'{key}'" not in sources} == by_requirement


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("log")
    with closed(new_store(folder, now=FIRST + 2)) as store:
        store.append([replace(opening("1", FIRST + 1), principal=Principal("ann", "영업팀")), closing("1", FIRST + 2)])
    return as_pdf(page_of(configuration.load(None, {"GUARD_DATA": str(folder)}), "ko"))


def test_the_pdf_says_the_same_in_colour(pdf: bytes) -> None:
    reader = PdfReader(BytesIO(pdf))
    text = "".join(page.extract_text() for page in reader.pages)
    assert "AI 거버넌스 보고서, 2026-11" in text
    assert "영업팀" in text
    assert "NIST AI RMF 1.0" in text
    drawn = b"".join(page.get_contents().get_data() for page in reader.pages if page.get_contents() is not None)
    assert re.search(rb"0\.18\d* 0\.36\d* 0\.54\d* rg", drawn)  # the colour of the first series


def test_a_pdf_fetches_nothing() -> None:
    assert as_pdf('<p>x<img src="http://127.0.0.1:9/x.png"><img src="file:///etc/passwd"></p>').startswith(b"%PDF")


# --- the command -------------------------------------------------------------------------------------------------


def run(log: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", *arguments], env={"GUARD_DATA": str(log)})


def test_the_command_writes_the_page_and_says_where(log: Path) -> None:
    out = log / "reports" / "november"
    result = run(log, "--month", "2026-11", "--no-pdf", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{out / 'guard-2026-11.html'}\n"
    assert "2026-11" in (out / "guard-2026-11.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--month", "2020-01"], "no entry of 2020-01"),
        (["--month", "soon"], "Write one as 2026-11"),
        (["--month", "9999-12"], "Write one as 2026-11"),
        (["--month", "2026-11", "--no-pdf", "--no-verify", "--out", "audit.db/x"], "Name another folder"),
    ],
)
def test_what_goes_wrong_is_told(log: Path, arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(log)
    (log / "policies").mkdir()
    (log / "policies" / "default.yaml").write_text("policy: default")
    result = run(log, *arguments)
    assert result.exit_code != 0
    assert told in result.output
    assert "Traceback" not in result.output


def test_without_a_month_it_is_the_one_before_this(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from guard.commands import report

    for now, expected in (
        (datetime(2026, 12, 3, tzinfo=UTC), "2026-11"),
        (datetime(2027, 1, 1, tzinfo=UTC), "2026-12"),
    ):
        monkeypatch.setattr(report.time, "time", now.timestamp)
        assert report._last_month() == expected


def test_the_log_of_the_samples_is_what_the_report_reads(log: Path) -> None:
    entries: list[Any] = [item.entry for item in SqliteReader(log / "audit.db").entries()]
    assert len(entries) == 8
