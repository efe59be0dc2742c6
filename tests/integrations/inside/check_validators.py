"""A policy's own validators, over a socket: they hold requests and replies back, and are on record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from guard.backends.guardrails_hub import Validators
from guard.documents import parse
from guard.errors import ConfigError
from guard.policy import Policy
from guard.replaying import Replayed
from guard.replaying import rules as replaying
from guard.replaying.trial import replay
from tests.conftest import OpenHouse
from tests.house import MAIL, House, Scripted, policy, proxy, start
from tests.integrations.inside.validators import NoWord
from tests.test_proxy_review import told
from tests.upstream import FakeUpstream

HERE = "tests.integrations.inside.validators"


def word(forbidden: str, on: str, **keys: Any) -> dict[str, Any]:
    return {"class": f"{HERE}.NoWord", "on": on, "options": {"word": forbidden}, **keys}


def odd(on: str) -> dict[str, Any]:
    return {"class": f"{HERE}.Odd", "on": on}


def rules(name: str, *validators: dict[str, Any], **review: Any) -> dict[str, Any]:
    review = {"stream": "hold", "validators": list(validators), **review}
    return policy(name, applies_to={"models": [f"{name}/*"]}, precedence=1, review=review)


RULES = (
    policy(),
    rules("strict", word("gold", "prompt"), word("silver", "reply"), word("tin", "reply", on_fail="annotate")),
    rules("both", word("silver", "reply"), constitution="test"),
    rules("odd", odd("prompt"), odd("reply")),
    rules("lenient", odd("prompt"), odd("reply"), on_failure="allow"),
)


@pytest.fixture(scope="module")
def _validating(_upstream: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("validating")
    with proxy(start(folder, _upstream.url, RULES, critic=Scripted()), folder) as house:
        yield house


@pytest.fixture
def house(_validating: House, discretion: list[Path]) -> House:
    discretion.append(_validating.folder)
    NoWord.seen.clear()
    return _validating


def states(verdicts: Any) -> list[tuple[str, str, float]]:
    return [(verdict.principle, verdict.state, verdict.score) for verdict in verdicts]


@pytest.mark.parametrize("stream", [False, True])
def test_what_passes_goes_out_and_is_on_record(house: House, stream: bool) -> None:
    response = house.post("strict/echo", f"Write to {MAIL} of tin.", stream=stream)
    assert told(response) == f"Write to {MAIL} of tin."
    assert states(house.opening(response).verdicts) == [("guardrails/NoWord", "clear", 0.0)]
    verdicts = [verdict for _, verdict in house.closing(response).verdicts]
    assert states(verdicts) == [("guardrails/NoWord", "clear", 0.0), ("guardrails/NoWord-2", "fired", 1.0)]
    assert verdicts[1].spans
    assert len(NoWord.seen) == 3
    assert all(MAIL not in text and "<EMAIL_ADDRESS_" in text for text in NoWord.seen)


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_that_fails_is_withheld(house: House, upstream: FakeUpstream, stream: bool) -> None:
    response = house.post("strict/echo", f"Write to {MAIL} of silver.", stream=stream)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "blocked_by_guard")
    assert "'guardrails/NoWord'" in response.text
    assert "silver" not in response.text
    closing = house.closing(response)
    assert (closing.outcome, closing.decision, closing.sent) == ("blocked", "block", "")


def test_a_prompt_that_fails_does_not_leave(house: House, upstream: FakeUpstream) -> None:
    response = house.post("strict/echo", "Write of gold.")
    assert (response.status_code, response.json()["error"]["code"]) == (403, "blocked_by_guard")
    assert upstream.seen == []
    assert states(house.opening(response).verdicts) == [("guardrails/NoWord", "fired", 1.0)]


def test_what_the_review_made_is_what_is_validated(house: House, upstream: FakeUpstream) -> None:
    upstream.replies["it"] = "Pay now, or else. Thanks."
    response = house.post("both/say:it", "Hello")
    assert told(response) == "Pay now, [removed: no-threats]. Thanks."
    assert NoWord.seen == ["Pay now, [removed: no-threats]. Thanks."]
    upstream.replies["it"] = "Pay silver now, or else. Thanks."
    refused = house.post("both/say:it", "Hello")
    assert refused.status_code == 403
    names = [verdict.principle for _, verdict in house.closing(refused).verdicts]
    assert names[-1] == "guardrails/NoWord"
    assert names.count("no-threats") == 2


@pytest.mark.parametrize(("text", "why"), [("RAISE", "(ValueError)"), ("NOTHING", "its answer is none")])
def test_a_validator_that_fails_is_not_judged_and_follows_the_failure_mode(
    house: House, upstream: FakeUpstream, text: str, why: str
) -> None:
    at_once = house.post("odd/echo", f"{text} {MAIL}")
    assert (at_once.status_code, at_once.json()["error"]["code"]) == (503, "not_judged")
    assert why in at_once.text
    assert upstream.seen == []
    upstream.replies["it"] = f"{text} {MAIL}"
    later = house.post("odd/say:it", MAIL)
    assert later.status_code == 403
    closing = house.closing(later)
    assert (closing.outcome, closing.not_judged) == ("not_judged", ("guardrails/Odd",))
    lenient = house.post("lenient/echo", text)
    assert told(lenient) == text
    assert house.closing(lenient).not_judged == ("guardrails/Odd",)


def test_spans_that_make_no_sense_are_left_out(house: House) -> None:
    response = house.post("odd/echo", "BEYOND it")
    (verdict,) = house.opening(response).verdicts
    assert (verdict.state, verdict.spans) == ("fired", ((3, 5),))


def test_a_validator_that_is_late_is_not_judged(open_house: OpenHouse) -> None:
    house = open_house(rules("odd", odd("prompt")), config={"critic": {"timeout_s": 0.2}})
    response = house.post("odd/echo", "LATE")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "not_judged")
    assert "the validators took longer than 0.2 s" in response.text


def test_a_replay_asks_the_validators_too(house: House, tmp_path: Path) -> None:
    (strict,) = (rule for rule in RULES if rule["policy"] == "strict")
    (tmp_path / "strict.yaml").write_text(yaml.safe_dump(strict))
    config = house.service.config.model_copy(update={"policies": tmp_path})
    responses = [house.post("strict/echo", f"Write of {metal}.") for metal in ("gold", "silver", "lead")]
    rules = replaying.start(config, None, None, lambda _: None)
    for response, decision in zip(responses, ("block", "block", "allow"), strict=True):
        found = replay(house.recorded(str(response.headers["x-guard-exchange"])), rules)
        assert isinstance(found, Replayed)
        assert found.after.decision == decision
        assert not found.differs
    rules.close()


@pytest.mark.parametrize(
    ("path", "options", "told"),
    [
        ("nowhere.Nothing", {}, "there is no validator 'nowhere.Nothing'"),
        (f"{HERE}.Nothing", {}, "there is no validator"),
        (f"{HERE}.NoValidator", {}, "is no validator of guardrails-ai"),
        (f"{HERE}.NoWord", {"wrong": 1}, "Check its 'options'"),
    ],
)
def test_what_cannot_be_made_is_said_at_the_start(path: str, options: dict[str, Any], told: str) -> None:
    wrong = policy(review={"constitution": None, "validators": [{"class": path, "on": "prompt", "options": options}]})
    with pytest.raises(ConfigError, match="policy 'default': ") as caught:
        Validators.load(Policy.model_validate(wrong))
    assert told in str(caught.value)


def test_a_policy_that_tells_replies_before_their_end_cannot_validate_them() -> None:
    text = f"policy: p\nreview:\n  validators: [{{class: {HERE}.Odd, on: reply}}]\n"
    with pytest.raises(ConfigError, match="needs 'stream: hold'"):
        parse(text, Policy, name="p.yaml")
