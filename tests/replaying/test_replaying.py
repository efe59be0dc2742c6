"""Recorded exchanges before other rules: what a proxy recorded over a socket, judged anew without upstream and log."""

import dataclasses
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner

from guard import config as configuration
from guard import constitution as constitutions
from guard.audit.reading import EVERY, Filters, Recorded, SqliteReader
from guard.cli import main
from guard.errors import ConfigError
from guard.policy import Policy
from guard.replaying import Replayed, Skipped, recorded
from guard.replaying.report import Report, as_text, as_values
from guard.replaying.rules import Rules, start
from guard.replaying.trial import NO_CONTENT, NO_REPLY, UNFINISHED, UNREADABLE, replay
from guard.types import State, Verdict
from tests.audit.samples import OPENING
from tests.conftest import OpenHouse
from tests.house import CARD, MAIL, PRINCIPLES, House, Scripted, leaks, policy
from tests.upstream import FakeUpstream

EXACT = PRINCIPLES.partition("  - id: no-new-data")[2]  # what no critic is asked about
REVIEWED = policy(review={"constitution": "test"})


@pytest.fixture
def house(open_house: OpenHouse) -> House:
    return open_house(policy())


def say(house: House, text: str, model: str = "echo", **keys: Any) -> str:
    return str(house.post(model, text, **keys).headers["x-guard-exchange"])


def rules_of(house: House, *rules: dict[str, Any], critic: Any = None) -> Rules:
    """The rules in force with others in the place of the house's, and a scripted critic."""
    plain = house.folder / "plain"
    plain.mkdir(exist_ok=True)
    (plain / "default.yaml").write_text(yaml.safe_dump(policy()))
    made = start(house.service.config.model_copy(update={"policies": plain}), None, None, lambda _: None)
    known = constitutions.load_folder(house.folder / "constitutions")
    parsed = tuple(Policy.model_validate(rule) for rule in rules)
    recognizers = {rule.policy: next(iter(made.recognizers.values())) for rule in parsed}
    return dataclasses.replace(
        made, policies=parsed, constitutions=known, critic=critic or Scripted(), recognizers=recognizers
    )


def replayed(house: House, exchange: str, rules: Rules) -> Replayed:
    found = replay(house.recorded(exchange), rules)
    assert isinstance(found, Replayed)
    return found


def test_a_reply_that_would_be_changed_or_withheld_is_told(house: House) -> None:
    threat, weapon, plain = (say(house, text) for text in ("pay, or else", "a rifle", f"write to {MAIL}"))
    rules = rules_of(house, REVIEWED)
    first = replayed(house, threat, rules)
    assert (first.before.decision, first.after.decision) == ("allow", "revise")
    assert first.after.fired == ("no-threats",)
    second = replayed(house, weapon, rules)
    assert (second.after.decision, second.after.fired) == ("block", ("no-weapons",))
    assert "no-weapons" in second.after.reason
    third = replayed(house, plain, rules)
    assert not third.differs


def test_what_is_only_observed_stays(house: House) -> None:
    exchange = say(house, "pay, or else", stream=True)
    observing = policy(review={"constitution": "test", "stream": "observe"})
    found = replayed(house, exchange, rules_of(house, observing))
    assert (found.after.decision, found.after.fired) == ("allow", ("no-threats",))
    assert found.differs


def test_other_operators_are_told_and_what_they_block(house: House) -> None:
    exchange = say(house, f"mail {MAIL}, card {CARD}")
    blocking = policy(mask={"entities": {"CREDIT_CARD": "block", "EMAIL_ADDRESS": "keep"}})
    found = replayed(house, exchange, rules_of(house, blocking))
    assert found.operators == {"CREDIT_CARD": ("placeholder", "block"), "EMAIL_ADDRESS": ("placeholder", "keep")}
    assert (found.after.decision, found.after.reason) == ("block", "the policy does not let CREDIT_CARD leave")


def test_what_a_new_list_would_find_in_what_left_is_told(house: House) -> None:
    exchange = say(house, f"the Falcon plan, for {MAIL}")
    new = house.folder / "new.yaml"
    lists = [{"entity": "CODE_NAME", "terms": ["Falcon"]}]
    new.write_text(yaml.safe_dump(policy(recognize={"profile": "patterns", "lists": lists})))
    rules = start(house.service.config, new, None, lambda _: None)
    found = replayed(house, exchange, rules)
    assert found.found == ("CODE_NAME",)
    rules.close()


def test_a_caller_whom_no_policy_covers_would_be_refused(house: House) -> None:
    exchange = say(house, "hello")
    found = replayed(house, exchange, rules_of(house, policy(applies_to={"teams": ["legal"]})))
    assert (found.after.decision, found.after.policy) == ("block", "")


def test_a_critic_that_fails_blocks_as_it_would(house: House) -> None:
    exchange = say(house, "GIVES UP")
    found = replayed(house, exchange, rules_of(house, REVIEWED))
    assert found.after.decision == "block"
    assert "could not be judged" in found.after.reason


class Words:
    """Validators that let no text with a forbidden word pass; one text they cannot judge."""

    def __init__(self, **forbidden: str) -> None:
        self.forbidden = forbidden

    def validate(self, text: str, on: str) -> tuple[Verdict, ...]:
        if on not in self.forbidden:
            return ()
        state: State = "not_judged" if "BROKEN" in text else "fired" if self.forbidden[on] in text else "clear"
        return (Verdict("guardrails/NoWord", float(state != "clear"), state),)


@pytest.mark.parametrize(
    ("on", "on_fail", "text", "decision", "fired"),
    [
        ("prompt", "block", "hello", "allow", ()),
        ("prompt", "block", "of gold", "block", ("guardrails/NoWord",)),
        ("prompt", "block", "BROKEN", "block", ()),
        ("prompt", "annotate", "of gold", "allow", ("guardrails/NoWord",)),
        ("reply", "block", "hello", "allow", ()),
        ("reply", "block", "of gold", "block", ("guardrails/NoWord",)),
        ("reply", "block", "BROKEN", "block", ()),
        ("reply", "annotate", "of gold", "allow", ("guardrails/NoWord",)),
    ],
)
def test_validators_are_asked_of_prompts_and_replies(
    house: House, on: str, on_fail: str, text: str, decision: str, fired: tuple[str, ...]
) -> None:
    exchange = say(house, text)
    validators = [{"class": "own.NoWord", "on": on, "on_fail": on_fail}]
    rule = policy(review={"constitution": None, "stream": "hold", "validators": validators})
    words: Any = Words(**{on: "gold"})
    rules = dataclasses.replace(rules_of(house, rule), validators={"default": words})
    found = replayed(house, exchange, rules)
    assert (found.after.decision, found.after.fired) == (decision, fired)


def test_validators_that_are_not_installed_are_told(
    config: configuration.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "guardrails", None)  # as where it is not installed
    validators = [{"class": "own.NoWord", "on": "prompt"}]
    new = tmp_path / "new.yaml"
    new.write_text(yaml.safe_dump(policy(review={"constitution": None, "validators": validators})))
    with pytest.raises(ConfigError, match="guardrails-ai is not installed"):
        start(config, new, None, lambda _: None)


@pytest.mark.parametrize("several", [False, True])
def test_rules_that_are_not_changed_give_no_difference(
    open_house: OpenHouse, upstream: FakeUpstream, several: bool
) -> None:
    house = open_house(REVIEWED, critic=Scripted())
    upstream.replies["it"] = f"Write to {MAIL}, or else. Thanks."
    exchange = say(house, "To whom?", "say:it")
    recorded_then = house.recorded(exchange)
    assert recorded_then.closing is not None
    assert "no-new-data" in {
        verdict.principle for _, verdict in recorded_then.closing.verdicts if verdict.state == "fired"
    }
    found = replayed(house, exchange, rules_of(house, REVIEWED))
    assert found.after.fired == ("no-new-data", "no-threats")
    assert not found.differs
    if several:
        verdicts = recorded_then.closing.verdicts
        more = dataclasses.replace(recorded_then.closing, verdicts=(*verdicts, (1, verdicts[0][1])))
        again = replay(dataclasses.replace(recorded_then, closing=more), rules_of(house, REVIEWED))
        assert isinstance(again, Replayed)
        assert again.before.fired == again.after.fired == ("no-threats",)
        assert not again.differs


def test_an_exact_check_that_alone_changed_a_reply_stands(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(REVIEWED, critic=Scripted())
    upstream.replies["it"] = f"Write to {MAIL}. Thanks."
    found = replayed(house, say(house, "To whom?", "say:it"), rules_of(house, REVIEWED))
    assert (found.before.decision, found.before.fired) == ("revise", ("no-new-data",))
    assert not found.differs


def test_a_prompt_that_was_refused_and_would_leave_has_no_reply(open_house: OpenHouse) -> None:
    house = open_house(policy(mask={"entities": {"CREDIT_CARD": "block"}}))
    exchange = say(house, f"card {CARD}")
    found = replayed(house, exchange, rules_of(house, policy()))
    assert (found.before.decision, found.after.decision, found.after.reason) == ("block", "allow", NO_REPLY)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"closing": None}, UNFINISHED),
        ({"request": ""}, NO_CONTENT),
        ({"request": "[]"}, UNREADABLE),
        ({"surface": "telepathy"}, UNREADABLE),
    ],
)
def test_what_cannot_be_replayed_says_why(house: House, changes: dict[str, Any], why: str) -> None:
    found = house.recorded(say(house, "hello"))
    if "closing" in changes:
        found = dataclasses.replace(found, closing=None)
    else:
        found = dataclasses.replace(found, opening=dataclasses.replace(found.opening, **changes))
    assert replay(found, rules_of(house, policy())) == Skipped(found.opening.exchange, why)


def test_every_surface_can_be_replayed(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(policy())
    bodies = {
        "/v1/responses": {"model": "echo", "input": "pay, or else"},
        "/v1/messages": {"model": "echo", "max_tokens": 9, "messages": [{"role": "user", "content": "pay, or else"}]},
        "/v1/completions": {"model": "echo", "prompt": "pay, or else"},
    }
    rules = rules_of(house, REVIEWED)
    for path, body in bodies.items():
        headers = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
        response = httpx.post(house.url + path, json=body, headers=headers, timeout=20)
        assert replayed(house, response.headers["x-guard-exchange"], rules).after.fired == ("no-threats",)


def test_nothing_is_sent_and_nothing_recorded(house: House, upstream: FakeUpstream) -> None:
    exchange = say(house, "pay, or else")
    reader = SqliteReader(house.data / "audit.db")
    sent, entries = len(upstream.seen), len(list(reader.entries()))
    replayed(house, exchange, rules_of(house, REVIEWED))
    assert (len(upstream.seen), len(list(reader.entries()))) == (sent, entries)


def test_the_exchanges_are_the_newest_first_and_those_of_the_filters(house: House) -> None:
    made = [say(house, f"message {number}") for number in range(3)]
    reader = SqliteReader(house.data / "audit.db")
    assert [one.opening.exchange for one in recorded(reader, EVERY)] == made[::-1]
    assert list(recorded(reader, Filters(team="legal"))) == []


def test_a_report_counts_and_names(house: House) -> None:
    texts = ("pay, or else", "a rifle", f"write to {MAIL}")
    report = Report()
    rules = rules_of(house, policy(review={"constitution": "test"}, mask={"entities": {"EMAIL_ADDRESS": "redact"}}))
    for text in texts:
        report.add(replay(house.recorded(say(house, text)), rules))
    report.add(Skipped("x", NO_CONTENT))
    told = as_text(report)
    assert told.startswith(
        "3 exchanges replayed, 3 of them with another result\n1 not replayed: its content is not kept"
    )
    assert re.search(r"^was allow +1 +1 +0 +1$", told, re.MULTILINE)
    assert "EMAIL_ADDRESS            placeholder  redact               1" in told
    assert "allow → block" in told
    values = json.loads(json.dumps(as_values(report)))
    assert values["principles"]["no-weapons"] == {"fired": 0, "would_fire": 1}
    assert len(values["differing"]) == 3
    assert leaks(told.encode()) == leaks(json.dumps(values).encode()) == []


# --- the rules ---------------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Iterator[configuration.Config]:
    for name, rules in (("policies", [policy(), policy("legal", precedence=1)]),):
        (tmp_path / name).mkdir()
        for rule in rules:
            (tmp_path / name / f"{rule['policy']}.yaml").write_text(yaml.safe_dump(rule))
    (tmp_path / "constitutions").mkdir()
    (tmp_path / "constitutions" / "test.yaml").write_text(PRINCIPLES)
    (tmp_path / "guard.yaml").write_text("{}")
    return configuration.load(tmp_path / "guard.yaml", {})


def test_a_new_policy_takes_the_place_of_its_namesake_or_joins(config: configuration.Config, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    for name, names in (("legal", ["legal", "default"]), ("sales", ["legal", "default", "sales"])):
        new.write_text(yaml.safe_dump(policy(name, precedence=2 if name == "legal" else 0, opaque="allow")))
        rules = start(config, new, None, lambda _: None)
        assert [rule.policy for rule in rules.policies] == names
        assert {rule.policy for rule in rules.policies if rule.opaque == "allow"} == {name}
        assert rules.critic is None
        rules.close()


def test_a_new_constitution_takes_the_place_of_all_where_no_policy_names_it(
    config: configuration.Config, tmp_path: Path
) -> None:
    (tmp_path / "policies" / "default.yaml").write_text(yaml.safe_dump(REVIEWED))
    new = tmp_path / "other.yaml"
    for name, expected in (("test", "test"), ("other", "other")):
        new.write_text(f"constitution: {name}\nversion: 2\nprinciples:\n  - id: no-new-data{EXACT}")
        rules = start(config, None, new, lambda _: None)
        assert [rule.review.constitutions for rule in rules.policies] == [(), (expected,)]
        assert {name: one.version for name, one in rules.constitutions.items()} == {expected: 2}
        assert rules.critic is not None
        rules.close()


def test_a_constitution_that_is_nowhere_is_told(config: configuration.Config, tmp_path: Path) -> None:
    (tmp_path / "policies" / "default.yaml").write_text(yaml.safe_dump(policy(review={"constitution": "none-such"})))
    with pytest.raises(ConfigError, match="none-such"):
        start(config, None, None, lambda _: None)


# --- the command -------------------------------------------------------------------------------------------------


def run(folder: Path, arguments: Sequence[str]) -> Any:
    return CliRunner().invoke(main, ["--config", str(folder / "guard.yaml"), "replay", *arguments])


def test_the_command_says_what_would_be_otherwise(house: House, tmp_path: Path) -> None:
    say(house, f"write to {MAIL}")
    new = tmp_path / "new.yaml"
    new.write_text(yaml.safe_dump(policy(mask={"entities": {"EMAIL_ADDRESS": "block"}})))
    result = run(house.folder, ["--policy", str(new), "--since", "1h"])
    assert result.exit_code == 0, result.output
    assert "1 exchanges replayed, 1 of them with another result" in result.output
    assert "allow → block: the policy does not let EMAIL_ADDRESS leave" in result.output
    result = run(house.folder, ["--policy", str(new), "--since", "2020-01-01", "--json", "--limit", "1"])
    assert json.loads(result.stdout)["replayed"] == 1


def test_a_time_that_is_none_is_told(house: House) -> None:
    result = run(house.folder, ["--since", "yesterday"])
    assert result.exit_code == 2
    assert "Write 7d, 12h, 2w or a day" in result.output


def test_a_recorded_opening_alone_is_unfinished() -> None:
    found = replay(Recorded(OPENING, None), None)  # type: ignore[arg-type]  # nothing is asked of the rules
    assert found == Skipped(OPENING.exchange, UNFINISHED)
