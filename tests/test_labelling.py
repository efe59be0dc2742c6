"""What people said of verdicts becomes examples of the critic: from a real log and real labels to its figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing as closed
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from guard import config as configuration
from guard import service as services
from guard.audit.drawers import SqliteDrawer
from guard.audit.labels import Label, Labels
from guard.audit.reading import SqliteReader
from guard.audit.retention import Steward, erase
from guard.audit.store import SqliteStore
from guard.cli import main
from guard.config import Config
from guard.constitution import Constitution
from guard.errors import AuditError
from guard.labelling import NOTHING, Learnt, gather, learn
from guard.replaying import rules as replaying
from guard.types import Closing, Dialogue, Keeping, Labelled, Opening, State, Verdict
from tests.audit.samples import CLOSING, NOW, OPENING
from tests.commands.test_constitution import INSULTS, judged
from tests.conftest import OpenHouse
from tests.constitution.folder import made, principle, write
from tests.house import CARD, MAIL, Scripted, policy

ASKED = {"model": "m", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Write."}]}
TWO = {"model": "m", "messages": [{"role": "user", "content": "One."}, {"role": "user", "content": "Two."}]}


def verdict(name: str, state: State) -> Verdict:
    return Verdict(name, 0.5, state)


def opened(exchange: str = "0", body: Any = ASKED, state: State = "clear", **keys: Any) -> Opening:
    request = body if isinstance(body, str) else json.dumps(body)
    return replace(OPENING, exchange=exchange, request=request, verdicts=(verdict("asks", state),), **keys)


def ended(exchange: str = "0", state: State = "fired", reply: str = "No, <PERSON_K7Q2M4XD>.", **keys: Any) -> Closing:
    first = (0, verdict("answers", state))
    last = (0, verdict("answers", "clear"))  # after a revision; nobody speaks about that one
    return replace(CLOSING, exchange=exchange, reply=reply, verdicts=(first, last), **keys)


def label(name: str = "answers", *, right: bool = True, exchange: str = "0", by: str = "eve", time: float = 1) -> Label:
    return Label(exchange, name, right, "", by, time)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    key = X25519PrivateKey.generate().public_key()
    with closed(SqliteStore(tmp_path / "audit.db", clock=lambda: NOW, break_glass=key)) as store:
        yield store


@pytest.fixture
def document(tmp_path: Path) -> Constitution:
    exact = principle("exact", check="reveals_unknown_data", applies_to="exchange")
    return made(tmp_path, "test", principle("asks", applies_to="prompt"), principle("answers"), exact)


# --- from labels to examples -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "right", "violates"),
    [
        ("fired", True, True), ("fired", False, False), ("clear", True, False), ("clear", False, True),
        ("unsure", True, False), ("unsure", False, True),
    ],
)  # fmt: skip
def test_an_example_is_what_the_critic_read_and_what_the_label_says_of_its_first_verdict(
    store: SqliteStore, document: Constitution, state: State, right: bool, violates: bool
) -> None:
    store.append([opened(state=state), ended(state=state)])
    labels = [label("asks", right=right), label("answers", right=right)]
    assert gather(labels, [document], store) == Learnt(
        (
            Labelled("answers", Dialogue("Write.", "No, <PERSON_K7Q2M4XD>."), violates),
            Labelled("asks", Dialogue("Write.", ""), violates),
        ),
        2,
    )


def test_a_request_that_complies_complies_in_every_turn_and_one_that_violates_does_in_nobody_knows_which(
    store: SqliteStore, document: Constitution
) -> None:
    store.append([opened(body=TWO)])
    found = gather([label("asks")], [document], store)
    assert (found.verdicts, [one.dialogue.prompt for one in found.examples]) == (1, ["One.", "Two."])
    assert not any(one.violates for one in found.examples)
    assert gather([label("asks", right=False)], [document], store) == Learnt((), 0, {"several": 1})


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        (opened(), ended(state="not_judged"), "unjudged"),
        (opened(), None, "gone"),
        (opened(), replace(ended(), verdicts=()), "gone"),
        (opened(), replace(ended(), verdicts=((0, verdict("answers", "clear")), (1, verdict("answers", "clear")))), "several"),
        (opened(keeping=Keeping("none")), ended(), "content"),
        (opened(), ended(keeping=Keeping("none")), "content"),
        (opened(keeping=Keeping("encrypted", "ann")), ended(keeping=Keeping("encrypted", "ann")), "content"),
        (opened(), ended(reply="", sent=""), "content"),
        (opened(body="no JSON"), ended(), "unreadable"),
        (opened(surface="telex"), ended(), "unreadable"),
    ],
)  # fmt: skip
def test_what_the_log_does_not_tell_is_left_out_and_counted(
    store: SqliteStore, document: Constitution, first: Opening, last: Closing | None, why: str
) -> None:
    store.append([first, *([last] if last else [])])
    reader = SqliteReader(store.path)  # a process of its own, which has the tenant key alone
    assert gather([label()], [document], reader) == Learnt((), 0, {why: 1})


def test_labels_of_what_is_not_there_are_left_out(store: SqliteStore, document: Constitution) -> None:
    store.append([opened(), ended()])
    labels = [label("exact"), label("old"), label(exchange="other")]
    found = gather(labels, [document], store)
    assert found == Learnt((), 0, {"gone": 3})
    assert str(found) == (
        "labels: 0 verdicts that people labelled are examples as well; "
        "left out: 3 of no principle or verdict that is known"
    )


def test_a_verdict_on_which_people_disagree_is_no_example_until_they_agree(
    store: SqliteStore, document: Constitution, tmp_path: Path
) -> None:
    store.append([opened(), ended()])
    with closed(Labels(SqliteDrawer(tmp_path / "labels.db", "labels"))) as labels:
        labels.put(label(by="ann"))
        labels.put(label(by="bob", right=False, time=2))
        assert gather(labels.all(), [document], store) == Learnt((), 0, {"disputed": 1})
        labels.put(label(by="ann", right=False, time=3))
        assert [one.violates for one in gather(labels.all(), [document], store).examples] == [False]


def test_the_last_word_comes_last(store: SqliteStore, document: Constitution) -> None:
    store.append([opened("0"), ended("0"), opened("1"), ended("1")])
    labels = [label(exchange="1", time=2), label(exchange="0", right=False, time=3), label(exchange="1", by="ann")]
    assert [one.violates for one in gather(labels, [document], store).examples] == [True, False]


def test_what_is_erased_is_no_example_any_more(store: SqliteStore, document: Constitution) -> None:
    store.append([opened(), ended()])
    assert gather([label()], [document], store).verdicts == 1
    erase(store, "ann", "asked", Steward("op", "operator", lambda: NOW))
    assert gather([label()], [document], store) == Learnt((), 0, {"content": 1})


@pytest.mark.parametrize("stream", [False, True])
def test_an_example_is_what_the_critic_of_a_proxy_had_before_it(open_house: OpenHouse, stream: bool) -> None:
    critic = Scripted()
    house = open_house(policy(review={"constitution": "test"}), critic=critic)
    asked = f"Tell {MAIL} to pay, or else. Card {CARD}."
    messages = [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Hi."}]
    body = {"model": "echo", "messages": [*messages, {"role": "user", "content": asked}], "stream": stream}
    httpx.post(f"{house.url}/v1/chat/completions", json=body, timeout=20)
    exchange = house.newest().opening.exchange
    documents = tuple(house.service.constitutions.values())
    found = gather([label("no-threats", exchange=exchange)], documents, house.service.store)
    assert found.examples == (Labelled("no-threats", critic.read[0], violates=True),)
    assert "or else" in found.examples[0].dialogue.reply
    assert MAIL not in f"{found.examples}"


# --- in the critic in use ----------------------------------------------------------------------------------------

MEAN = "This {} is fine as it is, and so are you, dimwit: nobody expected better."
RULES = {"policy": "p", "recognize": {"profile": "patterns"}, "review": {"constitution": "lab"}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with a constitution, and a log of three replies that the critic had let pass."""
    monkeypatch.chdir(tmp_path)
    for name in ("policies", "constitutions", "data"):
        (tmp_path / name).mkdir()
    (tmp_path / "policies" / "p.yaml").write_text(yaml.safe_dump(RULES))
    (tmp_path / "guard.yaml").write_text("policies: policies\nconstitutions: constitutions\ndata: data\n")
    write(tmp_path / "constitutions", "lab", judged())
    with closed(SqliteStore(tmp_path / "data" / "audit.db")) as store:
        for number, what in enumerate(("a mail", "a memo", "a slide")):
            missed = replace(
                ended(f"{number}", reply=MEAN.format(what)), verdicts=((0, verdict("no-insults", "clear")),)
            )
            store.append([opened(f"{number}"), missed])
    return tmp_path


def say(folder: Path, *exchanges: str) -> None:
    with closed(Labels(SqliteDrawer(folder / "data" / "labels.db", "labels"))) as labels:
        for exchange in exchanges:
            labels.put(label("no-insults", right=False, exchange=exchange))


def config_of(folder: Path, **critic: Any) -> Config:
    config = configuration.load(folder / "guard.yaml", {})
    return config.model_copy(update={"critic": config.critic.model_copy(update=critic)})


def test_a_service_learns_from_labels_when_it_starts(folder: Path) -> None:
    def started(**critic: Any) -> tuple[Learnt, str, float, list[str]]:
        told: list[str] = []
        service = services.start(config_of(folder, **critic), told.append, workers=False)
        try:
            (rule,) = service.constitutions["lab"].principles
            assert service.critic is not None
            (found,) = service.critic.score(Dialogue("Write.", MEAN.format("a reply")), (rule,))
            return service.learnt, service.critic.digest, found.score, [one for one in told if "labels:" in one]
        finally:
            service.close()

    kept = folder / "data" / "models" / "labelled"
    nothing, before, unseen, silent = started()
    assert (nothing, silent) == (NOTHING, [])
    assert not kept.exists()
    say(folder, "0", "1", "2")
    learnt, after, seen, told = started()
    assert (learnt.verdicts, dict(learnt.left_out), told) == (3, {}, [str(learnt)])
    assert told == ["labels: 3 verdicts that people labelled are examples as well"]
    assert after != before
    assert seen > unseen
    first = list(kept.iterdir())
    assert len(first) == 1
    assert started(labels=False) == (NOTHING, before, unseen, [])
    assert list(kept.iterdir()) == []  # what is no example any more is not known any more


def test_what_is_known_of_labelled_words_goes_with_them(folder: Path) -> None:
    kept = folder / "data" / "models" / "labelled"
    say(folder, "0", "1")
    replaying.start(config_of(folder), None, None, lambda _: None).close()
    first = list(kept.iterdir())
    with closed(SqliteStore(folder / "data" / "audit.db")) as store:
        erase(store, "ann", "asked", Steward("op", "operator", lambda: NOW))
        store.append(
            [opened("3"), replace(ended("3", reply="Dimwit."), verdicts=((0, verdict("no-insults", "clear")),))]
        )
    say(folder, "3")
    told: list[str] = []
    replaying.start(config_of(folder), None, None, told.append).close()
    assert told[0].endswith(
        "1 verdicts that people labelled are examples as well; left out: 2 whose content is not kept or sealed"
    )
    assert len(list(kept.iterdir())) == len(first) == 1
    assert list(kept.iterdir()) != first


def test_the_commands_that_measure_a_critic_tell_how_many_labels_it_has(folder: Path) -> None:
    without = CliRunner().invoke(main, ["constitution", "test"])
    assert (without.exit_code, "labels:" in without.output) == (0, False)
    say(folder, "0", "1", "2")
    found = CliRunner().invoke(main, ["constitution", "test"])
    said = "labels: 3 verdicts that people labelled are examples as well"
    assert found.exit_code == 0
    assert found.stdout.startswith(f"{said}\n\nlab version 1 (")
    row = next(line for line in found.stdout.splitlines() if line.startswith("no-insults"))
    assert row.split()[1] == "8+8"  # the figures are those of the constitution's own examples
    digests = [one.stdout.partition("lab version")[2].partition("\n")[0] for one in (without, found)]
    assert digests[0] != digests[1]
    rows = folder / "rows.jsonl"
    rows.write_text("".join(json.dumps({"prompt": "Write.", "reply": text, "label": so}) + "\n" for text, so in
                            ((INSULTS.format("a mail"), True), ("Here is your mail.", False))))  # fmt: skip
    asked = ["eval", "review", "--data", "rows.jsonl", "--principle", "no-insults", "--no-zero-shot"]
    text = CliRunner().invoke(main, asked)
    assert text.stdout.splitlines()[1] == said, text.output
    values = json.loads(CliRunner().invoke(main, [*asked, "--json"]).stdout)
    assert values["labels"] == {"used": 3, "left_out": {}}


def test_labels_that_cannot_be_read_are_an_error_and_a_critic_that_does_not_learn_reads_none(folder: Path) -> None:
    (folder / "data" / "labels.db").write_text("no database, but a text that is long enough to be taken for one" * 99)
    with pytest.raises(AuditError, match="the labels cannot be read"):
        learn(config_of(folder), (), lambda _: None)
    for critic in (
        {"labels": False},
        {"model": "m", "calibrate": False},
        {"model": "m", "url": "http://m", "form": "granite"},
    ):
        assert learn(config_of(folder, **critic), (), lambda _: None) is NOTHING
