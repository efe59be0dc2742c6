"""The plot of a report that says how far scores can be believed: which labels count, and what is drawn of them."""

import re
from contextlib import closing as closed
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from guard.audit.drawers import SqliteDrawer
from guard.audit.labels import Label, Labels
from guard.cli import main
from guard.reporting.scores import scored, spoken
from guard.types import State, Verdict
from tests.audit.samples import closing, new_store, opening

THEN = datetime(2026, 11, 5, tzinfo=UTC).timestamp()


def label(exchange: str, principle: str, *, right: bool, by: str = "ann") -> Label:
    return Label(exchange, principle, right, "", by, THEN)


def verdict(principle: str, state: State, score: float) -> Verdict:
    return Verdict(principle, score, state)


def test_a_verdict_on_which_people_disagree_says_nothing() -> None:
    labels = [label("1", "a", right=True), label("1", "b", right=True), label("1", "b", right=False, by="bob")]
    assert spoken([*labels, label("1", "a", right=True, by="bob")]) == {("1", "a"): True}


@pytest.mark.parametrize(
    ("state", "right", "found"),
    [
        ("fired", True, ((0.7, True),)),
        ("fired", False, ((0.7, False),)),
        ("clear", True, ((0.7, False),)),
        ("clear", False, ((0.7, True),)),
        ("unsure", False, ((0.7, True),)),
        ("not_judged", True, ()),
    ],
)
def test_a_label_says_what_is_so(state: State, right: bool, found: tuple[tuple[float, bool], ...]) -> None:
    said = {("1", "a"): right}
    judged = (verdict("a", state, 0.7), verdict("b", "fired", 0.9))
    assert scored(replace(closing("1"), verdicts=tuple((0, one) for one in judged)), said) == found
    assert scored(replace(opening("1"), verdicts=judged), said) == found
    assert scored(replace(opening("2"), verdicts=judged), said) == ()


def test_of_several_answers_none_counts() -> None:
    judged = tuple((choice, verdict("a", "fired", 0.9)) for choice in (0, 1))
    assert scored(replace(closing("1"), verdicts=judged), {("1", "a"): True}) == ()


def log(folder: Path, *, critics: tuple[str, ...] = ("embedded",)) -> None:
    """Four exchanges a critic, with scores of .1, .2, .85 and .95."""
    with closed(new_store(folder, now=THEN)) as store:
        for critic in critics:
            for number, score in enumerate((0.1, 0.2, 0.85, 0.95)):
                judged = ((0, verdict("a", "fired" if score > 0.5 else "clear", score)),)
                name = f"{critic}{number}"
                store.append(
                    [replace(opening(name, THEN), critic=critic), replace(closing(name, THEN), verdicts=judged)]
                )


def page(folder: Path, language: str = "en") -> str:
    wish = ["report", "--month", "2026-11", "--no-pdf", "--no-verify", "--out", str(folder), "--language", language]
    result = CliRunner().invoke(main, wish, env={"GUARD_DATA": str(folder)})
    assert result.exit_code == 0, result.output
    return (folder / "guard-2026-11.html").read_text()


def test_the_report_draws_what_people_labelled_beside_its_table(tmp_path: Path) -> None:
    log(tmp_path)
    with closed(Labels(SqliteDrawer(tmp_path / "labels.db", "labels"))) as labels:
        for number, right in ((0, True), (2, True), (3, False)):
            labels.put(label(f"embedded{number}", "a", right=right))
    text = page(tmp_path)
    (section,) = re.findall(r'<section aria-labelledby="scores">.*?</section>', text, re.DOTALL)
    assert "How far the scores of embedded (e1) can be believed" in section
    cells = re.findall(
        r'<th scope="row">([^<]+)</th><td class="n">(\d)</td><td class="n">([\d.]+)</td><td class="n">([\d.]+)', section
    )
    assert cells == [
        ("0.1–0.2", "1", "0.10", "0.00"),
        ("0.8–0.9", "1", "0.85", "1.00"),
        ("0.9–1.0", "1", "0.95", "0.00"),
    ]
    assert len(re.findall("<circle", section)) == 3
    assert "3 verdicts that people labelled; Brier score 0.312" in section


@pytest.mark.parametrize("language", ["ko", "ja"])
def test_every_critic_has_a_plot_of_its_own_in_every_language(tmp_path: Path, language: str) -> None:
    log(tmp_path, critics=("embedded", "large"))
    with closed(Labels(SqliteDrawer(tmp_path / "labels.db", "labels"))) as labels:
        for critic in ("embedded", "large"):
            labels.put(label(f"{critic}1", "a", right=True))
    text = page(tmp_path, language)
    assert re.findall(r'<h2 id="(scores\d*)">[^<]*(embedded|large)', text) == [
        ("scores", "embedded"),
        ("scores1", "large"),
    ]


def test_without_labels_there_is_no_plot(tmp_path: Path) -> None:
    log(tmp_path)
    assert 'id="scores"' not in page(tmp_path)
