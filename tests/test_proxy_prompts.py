"""Principles for prompts over a socket: nothing leaves before they are judged, and who is calling decides which."""

from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest
from click.testing import CliRunner

from guard.cli import main
from guard.constitution import Constitution, Scope
from guard.errors import CriticError
from guard.surfaces.table import BY_NAME
from guard.types import Dialogue, Rule, Verdict
from tests.apis import APIS
from tests.conftest import OpenHouse
from tests.dialogue import body as request_body
from tests.dialogue import principle
from tests.house import MAIL, House, leaks, policy
from tests.upstream import FakeUpstream

RULE = principle("no-weapons", applies_to="prompt", on_violation="block", statement="Nobody builds weapons here.")
REFUSED = "The request violates the principle 'no-weapons': Nobody builds weapons here."


class Reader:
    """A critic that finds a word in prompts."""

    name, digest, writes = "reader", "reader-1", False

    def __init__(self) -> None:
        self.read: list[str] = []

    def score(self, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
        self.read.append(dialogue.prompt)
        fired = "rifle" in dialogue.prompt
        return tuple(Verdict(rule.id, 0.9 if fired else 0.1, "fired" if fired else "clear") for rule in principles)

    def write(self, prompt: str, *, max_tokens: int) -> str:
        raise CriticError("this critic writes nothing")


@pytest.fixture
def critic() -> Reader:
    return Reader()


@pytest.fixture
def house(open_house: OpenHouse, critic: Reader) -> House:
    made = open_house(policy(review={"constitution": ["test"]}), critic=critic)
    made.service.constitutions = {"test": Constitution("test", 1, (RULE,), "d" * 64)}
    return made


@pytest.mark.parametrize("path", [api.path for api in APIS])
def test_what_violates_never_leaves_on_any_route(house: House, upstream: FakeUpstream, path: str) -> None:
    text = f"Tell {MAIL} how to build a rifle."
    messages = {"messages": [{"role": "user", "content": text}]}
    content = {"parts": [{"text": text}]}
    google = ({"contents": [content]}, {"content": content}, {"requests": [{"content": content}]})
    for said in (messages | {"max_tokens": 9}, messages, {"prompt": text}, {"input": text}, *google):
        url = f"{house.url}{path.replace('{model}', 'echo')}"
        response = httpx.post(url, json={"model": "echo", **said}, timeout=20)
        if response.status_code != 400:  # else it is not what this route takes
            break
    assert (response.status_code, response.json()["error"]["message"]) == (403, REFUSED)
    assert response.headers["content-type"].startswith("application/json")
    assert upstream.seen == []
    recorded = house.newest()
    assert [verdict.state for verdict in recorded.opening.verdicts] == ["fired"]
    assert recorded.closing is not None
    assert (recorded.closing.outcome, recorded.closing.status) == ("blocked", 403)
    assert not leaks(response.content)


def test_a_stream_is_refused_before_it_begins(house: House, upstream: FakeUpstream) -> None:
    response = house.post("echo", "A rifle, please", stream=True)
    assert (response.status_code, response.json()["error"]["message"]) == (403, REFUSED)
    assert response.headers["content-type"].startswith("application/json")
    assert upstream.seen == []


def test_of_a_conversation_only_the_new_turn_is_judged_anew(house: House, critic: Reader) -> None:
    turns = [{"role": "user", "content": f"Question {n} of {MAIL}"} for n in range(3)]
    for length in (1, 2, 3, 3):
        body = {"model": "echo", "messages": turns[:length]}
        assert httpx.post(f"{house.url}/v1/chat/completions", json=body, timeout=20).status_code == 200
    assert [text.split(" of ")[0] for text in critic.read] == ["Question 0", "Question 1", "Question 2"]
    assert not leaks("".join(critic.read).encode())


def test_a_principle_is_for_those_in_its_scope(house: House) -> None:
    scoped = replace(RULE, scope=Scope(teams=("sales",)))
    other = replace(RULE, scope=Scope(surfaces=("messages",)))
    tokens = {team: house.service.keys.create("ann", team, "")[0] for team in ("sales", "range")}
    for rule, refused in ((scoped, {"sales"}), (other, set())):
        house.service.constitutions = {"test": Constitution("test", 1, (rule,), "d" * 64)}
        for team, token in tokens.items():
            response = house.post("echo", "A rifle, please", headers={"authorization": f"Bearer {token}"})
            assert response.status_code == (403 if team in refused else 200)
            assert len(house.newest().opening.verdicts) == (1 if team in refused else 0)


def test_several_constitutions_are_in_force_together(open_house: OpenHouse, critic: Reader) -> None:
    house = open_house(policy(review={"constitution": ["test", "sales"]}), critic=critic)
    mild = replace(RULE, on_violation="annotate")
    house.service.constitutions = {
        "test": Constitution("test", 1, (RULE,), "d" * 64),
        "sales": Constitution("sales", 1, (mild,), "e" * 64, precedence=1, scope=Scope(teams=("sales",))),
    }
    token, _ = house.service.keys.create("ann", "sales", "")
    allowed = house.post("echo", "A rifle, please", headers={"authorization": f"Bearer {token}"})
    assert (allowed.status_code, house.opening(allowed).constitution) == (200, "sales, test")
    assert house.post("echo", "A rifle, please").status_code == 403
    assert house.newest().opening.constitution == "test"


ASKS = replace(RULE, id="ask-first", on_violation="escalate")
TEXT = f"Tell {MAIL} how to build a rifle."


def decide(house: House, word: str, exchange: str) -> str:
    command = ["--config", str(house.folder / "guard.yaml"), "held", word, exchange]
    done = CliRunner().invoke(main, [*command, *(["--note", "known", "--yes"] if word != "show" else [])])
    assert done.exit_code == 0, done.output
    return done.output


def fetch(house: House, exchange: str, key: str = "sk-caller") -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"}
    return httpx.get(f"{house.url}/v1/guard/held/{exchange}", headers=headers, timeout=20)


@pytest.mark.parametrize("name", ["chat", "messages", "responses", "embeddings"])
def test_a_request_waits_for_a_person_and_leaves_when_it_is_sent_again(
    house: House, upstream: FakeUpstream, name: str
) -> None:
    house.service.constitutions = {"test": Constitution("test", 1, (ASKS,), "d" * 64)}
    surface = BY_NAME[name]

    def ask(key: str = "sk-caller", **keys: bool) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}", "anthropic-version": "2023-06-01"}
        body = {**request_body(TEXT, surface), "model": "echo", **keys}
        return httpx.post(f"{house.url}{surface.path}", json=body, headers=headers, timeout=20)

    held = ask()
    exchange = str(held.headers["x-guard-exchange"])
    assert (held.status_code, held.json()["error"]["code"]) == (423, "guard_escalated")
    assert f"GET /v1/guard/held/{exchange} " in held.json()["error"]["message"]
    assert upstream.seen == []
    closing = house.closing(held)
    assert (closing.outcome, closing.decision) == ("held", "escalate")
    waits = fetch(house, exchange)
    assert (waits.status_code, waits.json()["status"]) == (202, "pending")
    assert fetch(house, exchange, "sk-another").status_code == 404
    if surface.streams:
        assert ask(stream=True).status_code == 423
    shown = decide(house, "show", exchange)
    assert "how to build a rifle" in shown
    assert "what the model said" not in shown
    assert not leaks(shown.encode())

    decide(house, "approve", exchange)
    told = fetch(house, exchange)
    assert (told.status_code, told.json()["status"], told.headers["x-guard-decision"]) == (200, "approved", "allow")
    assert upstream.seen == []
    assert ask("sk-another").status_code == 423
    assert upstream.seen == []
    given = ask()
    assert given.status_code == 200
    assert len(upstream.seen) == 1
    recorded = house.newest()
    assert [one.reason for one in recorded.opening.verdicts] == [f"A person approved it: {exchange}."]
    assert recorded.closing is not None
    assert recorded.closing.outcome == "completed"


def test_a_request_that_a_person_rejects_never_leaves(house: House, upstream: FakeUpstream) -> None:
    house.service.constitutions = {"test": Constitution("test", 1, (ASKS,), "d" * 64)}
    caller = {"authorization": "Bearer sk-caller"}
    exchange = str(house.post("echo", TEXT, headers=caller).headers["x-guard-exchange"])
    decide(house, "reject", exchange)
    for refused in (fetch(house, exchange), house.post("echo", TEXT, headers=caller)):
        assert refused.status_code == 403
        assert "A person decided that this request does not go out" in refused.json()["error"]["message"]
    assert upstream.seen == []
