"""The review over a socket: what the critic says decides what the client gets and what the log says."""

import json
from typing import Any

import httpx
import openai
import pytest

from tests.conftest import OpenHouse
from tests.house import CARD, IBAN, MAIL, PROMPT, REVIEWED, House, Scripted, leaks
from tests.upstream import FakeUpstream

FINE = "All good, thanks."
THREAT = "Pay now, or else. Thanks."
WEAPON = "Buy a rifle."
NEW = f"Send it to new.person@example.org or to {MAIL}."


def ask(house: House, upstream: FakeUpstream, reply: str, *, mode: str = "reviewed", **keys: Any) -> httpx.Response:
    upstream.replies["it"] = reply
    return house.post(f"{mode}/say:it", PROMPT, **keys)


def told(response: httpx.Response) -> str:
    """The words of a reply, whole or streamed."""
    if not response.headers["content-type"].startswith("text/event-stream"):
        text: str = response.json()["choices"][0]["message"]["content"]
        return text
    events = [json.loads(line[6:]) for line in response.text.split("\n\n") if line.startswith("data: {")]
    return "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])


@pytest.mark.parametrize("stream", [False, True])
def test_what_violates_nothing_goes_out_as_it_is(house: House, upstream: FakeUpstream, stream: bool) -> None:
    response = ask(house, upstream, FINE, stream=stream)
    assert (told(response), response.headers["x-guard-decision"]) == (FINE, "allow")
    closing = house.closing(response)
    assert [(verdict.principle, verdict.state) for _, verdict in closing.verdicts] == [
        ("no-threats", "clear"),
        ("no-weapons", "clear"),
        ("no-new-data", "clear"),
    ]
    opening = house.opening(response)
    assert (opening.constitution, opening.critic, opening.critic_digest) == ("test", "scripted", "scripted-1")


@pytest.mark.parametrize("stream", [False, True])
def test_what_offends_is_taken_out(house: House, upstream: FakeUpstream, stream: bool) -> None:
    response = ask(house, upstream, THREAT, stream=stream)
    assert told(response) == "Pay now, [removed: no-threats]. Thanks."
    assert response.headers["x-guard-decision"] == "revise"
    closing = house.closing(response)
    assert (closing.outcome, closing.decision) == ("completed", "revise")
    assert closing.reply == THREAT
    assert closing.sent == "Pay now, [removed: no-threats]. Thanks."
    assert [(r.principles, r.method, r.accepted) for r in closing.revisions] == [(("no-threats",), "redaction", True)]
    if stream:
        assert ": x-guard-decision: revise\n\n" in response.text


def test_a_critic_that_writes_rewrites_the_passage(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(REVIEWED, critic=Scripted(writes=True))
    response = ask(house, upstream, THREAT)
    assert told(response) == "Please pay today. Thanks."
    assert [(r.method, r.accepted) for r in house.closing(response).revisions] == [("rewrite", True)]


@pytest.mark.parametrize("stream", [False, True])
def test_data_that_nobody_gave_is_taken_out_and_never_logged(
    house: House, upstream: FakeUpstream, stream: bool
) -> None:
    response = ask(house, upstream, NEW, stream=stream)
    assert told(response) == f"Send it to [removed: no-new-data] or to {MAIL}."
    closing = house.closing(response)
    assert {span.entity for span in closing.spans} == {"EMAIL_ADDRESS"}
    assert all(leaks(file.read_bytes(), ["new.person@example.org"]) == [] for file in house.data.iterdir())


@pytest.mark.parametrize("stream", [False, True])
def test_what_must_not_be_said_is_withheld_in_shape(house: House, upstream: FakeUpstream, stream: bool) -> None:
    upstream.replies["it"] = f"{WEAPON} {MAIL}"
    with pytest.raises(openai.PermissionDeniedError) as caught:
        house.openai().chat.completions.create(
            model="reviewed/say:it", stream=stream, messages=[{"role": "user", "content": PROMPT}]
        )
    error: Any = caught.value
    assert error.code == "blocked_by_guard"
    assert "'no-weapons'" in error.message
    assert "rifle" not in error.message
    assert error.response.headers["x-guard-decision"] == "block"
    closing = house.closing(error.response)
    assert (closing.outcome, closing.decision, closing.status, closing.sent) == ("blocked", "block", 403, "")


def test_one_choice_that_is_blocked_blocks_them_all(house: House, upstream: FakeUpstream) -> None:
    response = ask(house, upstream, WEAPON, n=2)
    assert response.status_code == 403
    assert {choice for choice, _ in house.closing(response).verdicts} == {0, 1}


@pytest.mark.parametrize("stream", [False, True])
def test_tool_calls_are_judged_and_never_rewritten(house: House, upstream: FakeUpstream, stream: bool) -> None:
    response = house.post("reviewed/tool", f"{THREAT} {MAIL}", stream=stream)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "blocked_by_guard")
    assert "or else" not in response.text
    fine = house.post("reviewed/tool", MAIL)
    assert fine.json()["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == json.dumps({"to": MAIL})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("reply", "why"),
    [("CRASH", "the critic failed (ValueError)"), ("GIVES UP", "the critic gave up"), ("NONSENSE", "")],
)
def test_a_critic_that_fails_blocks(house: House, upstream: FakeUpstream, reply: str, why: str, stream: bool) -> None:
    response = ask(house, upstream, f"{reply}: {MAIL}", stream=stream)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (403, "blocked_by_guard")
    assert "could not be judged" in error["message"]
    assert reply not in error["message"]
    closing = house.closing(response)
    assert (closing.outcome, closing.decision, closing.sent) == ("not_judged", "block", "")
    assert closing.not_judged == ("no-threats", "no-weapons")
    assert {verdict.state for _, verdict in closing.verdicts if verdict.principle != "no-new-data"} == {"not_judged"}
    assert why in closing.reason


@pytest.mark.parametrize("stream", [False, True])
def test_a_critic_that_is_late_blocks(open_house: OpenHouse, upstream: FakeUpstream, stream: bool) -> None:
    critic = Scripted()
    house = open_house(REVIEWED, critic=critic, config={"critic": {"timeout_s": 0.2}})
    upstream.replies["it"] = f"LATE: {MAIL}"
    response = house.post("say:it", PROMPT, stream=stream)
    critic.released.set()
    assert response.status_code == 403
    assert "took longer than 0.2 s" in house.closing(response).reason
    assert house.closing(response).outcome == "not_judged"


def test_no_critic_at_all_blocks(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(REVIEWED)
    upstream.replies["it"] = FINE
    response = house.post("say:it", PROMPT)
    assert response.status_code == 403
    assert house.closing(response).outcome == "not_judged"


@pytest.mark.parametrize("stream", [False, True])
def test_where_the_policy_says_so_what_is_not_judged_goes_out_and_is_on_record(
    house: House, upstream: FakeUpstream, stream: bool
) -> None:
    response = ask(house, upstream, "CRASH", mode="lenient", stream=stream)
    assert told(response) == "CRASH"
    closing = house.closing(response)
    assert (closing.outcome, closing.decision) == ("completed", "allow")
    assert closing.not_judged == ("no-threats", "no-weapons")


def test_observe_changes_nothing_and_records_what_it_saw(house: House, upstream: FakeUpstream) -> None:
    response = ask(house, upstream, f"{THREAT} {WEAPON}", mode="watched", stream=True)
    assert told(response) == f"{THREAT} {WEAPON}"
    assert ": x-guard-decision: allow\n\n" in response.text
    closing = house.closing(response)
    assert (closing.outcome, closing.decision) == ("completed", "allow")
    assert closing.reason == "observed: no-threats, no-weapons"
    whole = ask(house, upstream, WEAPON, mode="watched")  # `observe` is for streams
    assert whole.status_code == 403


def test_the_critic_reads_masked_text_only(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    critic = Scripted()
    house = open_house(REVIEWED, critic=critic)
    upstream.replies["it"] = f"{IBAN} is not {CARD}."
    assert house.post("say:it", PROMPT).status_code == 200
    assert leaks(repr(critic.read).encode()) == []
    assert critic.read[0].prompt.startswith("Write to <EMAIL_ADDRESS_")
    assert critic.read[0].reply.startswith("<IBAN_CODE_")
