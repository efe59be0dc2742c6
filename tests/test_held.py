"""A principle that escalates: the reply waits, a person decides, and its caller fetches it in the shape of its API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from click.testing import CliRunner, Result

from guard import constitution as constitutions
from guard.audit.log import reader_of
from guard.cli import main
from guard.errors import NotHeld
from guard.library import Guard, HeldError, WithheldError
from guard.surfaces.surface import Surface
from guard.surfaces.table import BY_NAME
from guard.types import Act, Principal
from tests.apis import APIS
from tests.conftest import OpenHouse
from tests.dialogue import addressed
from tests.dialogue import body as request_body
from tests.house import MAIL, PRINCIPLES, House, Scripted, leaks_of_files, policy, proxy, start
from tests.upstream import FakeUpstream

SPEAKING = ("chat", "completions", "messages", "responses", "gemini")
HEADERS = {"authorization": "Bearer sk-caller", "anthropic-version": "2023-06-01"}
TEXT = f"Thanks. Buy a rifle for {MAIL}."
CAREFUL = PRINCIPLES.replace("constitution: test", "constitution: careful").replace(
    "on_violation: block", "on_violation: escalate"
)
RULES = (
    policy(review={"constitution": "careful"}),
    policy("hold", applies_to={"models": ["hold/*"]}, precedence=1, review={"constitution": "careful", "stream": "hold"}),
    policy(
        "watch", applies_to={"models": ["watch/*"]}, precedence=1, review={"constitution": "careful", "stream": "observe"}
    ),
    policy("plain", applies_to={"models": ["plain/*"]}, precedence=1),
)  # fmt: skip


def written(folder: Path) -> Path:
    """A folder whose constitution has a person decide about weapons."""
    (folder / "constitutions").mkdir()
    (folder / "constitutions" / "careful.yaml").write_text(CAREFUL)
    return folder


@pytest.fixture
def careful(tmp_path: Path) -> Path:
    """A folder of a test's own."""
    return written(tmp_path)


@pytest.fixture(scope="module")
def _careful_house(_upstream: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = written(tmp_path_factory.mktemp("careful"))
    with proxy(start(folder, _upstream.url, RULES, critic=Scripted()), folder) as house:
        yield house


@pytest.fixture
def house(_careful_house: House, discretion: list[Path]) -> Iterator[House]:
    """The proxy that most of these tests share."""
    discretion.append(_careful_house.folder)
    yield _careful_house
    _careful_house.close_clients()


Ask = Callable[..., httpx.Response]


def ask(house: House, surface: Surface, model: str, text: str = TEXT, **keys: Any) -> httpx.Response:
    raw, address = addressed(surface, json.dumps({**request_body(text, surface), "model": model, **keys}).encode())
    return httpx.post(f"{house.url}{address}", content=raw, headers=HEADERS, timeout=20)


def fetch(house: House, exchange: str, key: str = "sk-caller", **headers: str) -> httpx.Response:
    url = f"{house.url}/v1/guard/held/{exchange}"
    return httpx.get(url, headers={"authorization": f"Bearer {key}", **headers}, timeout=20)


def run(house: House, *words: str) -> Result:
    sure = ["--yes"] if words[0] in ("approve", "reject") else []
    done = CliRunner().invoke(main, ["--config", str(house.folder / "guard.yaml"), "held", *words, *sure])
    assert done.exit_code == 0, done.output
    return done


def named(response: httpx.Response) -> str:
    return str(response.headers["x-guard-exchange"])


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The error of a whole answer, or of the last event of a stream."""
    if not response.headers["content-type"].startswith("text/event-stream"):
        return dict(response.json()["error"])
    told: list[dict[str, Any]] = [json.loads(line[6:]) for line in response.text.splitlines() if line[:6] == "data: "]
    return dict(told[-1]["error"])


def code_of(error: Mapping[str, Any]) -> Any:
    """Which of guard's failures an error is; Google's own codes are statuses."""
    return error["details"][0]["reason"] if "details" in error and "status" in error else error["code"]


def words(value: Any) -> Any:
    """A reply without what differs from call to call, or between a stream and none."""
    if isinstance(value, dict):
        kept = {key: words(item) for key, item in value.items() if item is not None}
        return {
            key: item
            for key, item in kept.items()
            if key not in {"id", "model", "usage", "call_id", "modelVersion", "responseId"}
        }
    return [words(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", SPEAKING)
@pytest.mark.parametrize("model", ["echo", "hold/echo"])
@pytest.mark.parametrize("stream", [False, True])
def test_it_waits_for_a_person_and_comes_whole(house: House, name: str, model: str, stream: bool) -> None:
    surface = BY_NAME[name]
    held = ask(house, surface, model, stream=stream)
    error = error_of(held)
    begun = held.status_code == 200 and stream and model == "echo"  # the first sentence came alone, and passed
    assert held.status_code == (200 if begun else 423)
    assert code_of(error) == "guard_escalated"
    assert f"GET /v1/guard/held/{named(held)} " in error["message"]
    assert "rifle" not in held.text
    assert begun or "Thanks" not in held.text
    waits = fetch(house, named(held))
    assert (waits.status_code, waits.json()["status"], waits.headers["retry-after"]) == (202, "pending", "30")
    assert fetch(house, named(held), "sk-another").status_code == 404
    closing = house.closing(held)
    assert (closing.outcome, closing.decision, closing.status) == ("held", "escalate", 423)
    assert "rifle" not in closing.sent

    run(house, "approve", named(held), "--note", "known customer")
    given = fetch(house, named(held))
    assert (given.status_code, given.headers["x-guard-decision"]) == (200, "allow")
    assert MAIL in given.text
    assert words(given.json()) == words(ask(house, surface, "plain/echo").json())
    assert fetch(house, named(held)).content == given.content
    assert fetch(house, named(held), "sk-another").status_code == 404


@pytest.mark.parametrize("name", SPEAKING)
def test_what_was_told_of_a_stream_stands_and_its_end_names_the_way(
    house: House, upstream: FakeUpstream, name: str
) -> None:
    surface, text = BY_NAME[name], f"Thanks\nBuy a rifle for {MAIL}."
    body = {**request_body(text, surface), "model": "gate", "stream": True}
    raw, address = addressed(surface, json.dumps(body).encode())
    told = ""
    with httpx.stream("POST", f"{house.url}{address}", content=raw, headers=HEADERS, timeout=20) as streamed:
        for piece in streamed.iter_text():
            told += piece
            if "Thanks" in told:
                upstream.gate.set()
    last = json.loads(told.rstrip().rpartition("data: ")[2])["error"]
    assert code_of(last) == "guard_escalated"
    assert f"GET /v1/guard/held/{named(streamed)} " in last["message"]
    assert "rifle" not in told
    assert house.closing(streamed).sent == "Thanks\n"
    run(house, "approve", named(streamed), "--note", "fine")
    given, whole = fetch(house, named(streamed)), ask(house, surface, "plain/echo", text)
    assert words(given.json()) == words(whole.json())


@pytest.mark.parametrize("name", SPEAKING)
def test_what_a_person_rejects_is_refused_in_shape(house: House, name: str) -> None:
    surface = BY_NAME[name]
    held = ask(house, surface, "echo")
    run(house, "reject", named(held), "--note", "not this one")
    refused = fetch(house, named(held))
    assert (refused.status_code, code_of(refused.json()["error"])) == (403, "blocked_by_guard")
    assert refused.headers["x-guard-decision"] == "block"
    assert refused.json().keys() == json.loads(surface.error(NotHeld(""))).keys()
    assert "no-weapons" in refused.text
    assert "rifle" not in refused.text
    assert "not this one" not in refused.text


@pytest.mark.parametrize("stream", [False, True])
def test_tools_and_thoughts_come_too(house: House, stream: bool) -> None:
    for name, kind in (
        ("chat", "tool"),
        ("messages", "tool"),
        ("messages", "think"),
        ("responses", "tool"),
        ("gemini", "tool"),
        ("gemini", "think"),
    ):
        surface = BY_NAME[name]
        held = ask(house, surface, f"hold/{kind}", stream=stream)
        assert held.status_code == 423
        run(house, "approve", named(held), "--note", "fine")
        assert words(fetch(house, named(held)).json()) == words(ask(house, surface, f"plain/{kind}").json())


def test_a_reply_that_needs_no_change_is_byte_identical(house: House, upstream: FakeUpstream) -> None:
    held = ask(house, BY_NAME["chat"], "echo", "Buy a rifle.")
    run(house, "approve", named(held), "--note", "fine")
    own = httpx.post(f"{upstream.url}/v1/chat/completions", json=json.loads(upstream.seen[-1]))
    assert fetch(house, named(held)).content == own.content


def test_what_is_held_was_mended_first(house: House, upstream: FakeUpstream) -> None:
    upstream.replies["it"] = "Pay now, or else. Buy a rifle."
    held = ask(house, BY_NAME["chat"], "say:it")
    shown = run(house, "show", named(held)).output
    assert "what the model said\n  Pay now, or else. Buy a rifle." in shown
    assert "what would go out\n  Pay now, [removed: no-threats]. Buy a rifle." in shown
    run(house, "approve", named(held), "--note", "fine")
    given = fetch(house, named(held))
    assert given.json()["choices"][0]["message"]["content"] == "Pay now, [removed: no-threats]. Buy a rifle."
    assert given.headers["x-guard-decision"] == "revise"


def test_a_person_sees_masked_text_and_every_step_is_on_record(house: House) -> None:
    held = ask(house, BY_NAME["chat"], "echo")
    listed = run(house, "list").output
    assert named(held) in listed
    assert "pending" in listed
    shown = run(house, "show", named(held)).output
    assert "Buy a rifle for <EMAIL_ADDRESS_" in shown
    assert MAIL not in shown
    run(house, "approve", named(held), "--note", "known customer")
    entries = [item.entry for item in reader_of(house.service.config).entries()]
    acts = [entry for entry in entries if isinstance(entry, Act) and entry.subject == named(held)]
    assert [(act.action, act.subject, act.role) for act in acts] == [
        ("look", named(held), "operator"),
        ("look", named(held), "operator"),
        ("approve", named(held), "operator"),
    ]
    assert acts[-1].note == "known customer"
    assert all(act.actor for act in acts)
    assert "known customer" in run(house, "show", named(held)).output
    assert "approved" in run(house, "list").output
    again = CliRunner().invoke(
        main, ["--config", str(house.folder / "guard.yaml"), "held", "reject", named(held), "--note", "no"]
    )
    assert again.exit_code == 1
    assert "was approved already" in again.output
    assert leaks_of_files(house.folder) == []


@pytest.mark.parametrize("word", ["approve", "reject"])
def test_a_command_shows_the_reply_and_asks_before_it_decides(house: House, word: str) -> None:
    held = named(ask(house, BY_NAME["chat"], "echo"))
    command = ["--config", str(house.folder / "guard.yaml"), "held", word, held, "--note", "fine"]

    def acts() -> list[str]:
        entries = [item.entry for item in reader_of(house.service.config).entries()]
        return [entry.action for entry in entries if isinstance(entry, Act) and entry.subject == held]

    for given in ("n\n", ""):  # no, and nobody there to ask
        refused = CliRunner().invoke(main, command, input=given)
        assert refused.exit_code == 1
        assert refused.output.index("Buy a rifle for <EMAIL_ADDRESS_") < refused.output.index("your decision?")
        assert MAIL not in refused.output
        assert house.service.held.find(held).decided == "pending"
    assert acts() == ["look", "look"]
    agreed = CliRunner().invoke(main, command, input="y\n")
    assert agreed.exit_code == 0
    assert acts() == ["look", "look", "look", word]
    assert house.service.held.find(held).decided != "pending"


@pytest.mark.parametrize(("version", "shape"), [({}, "error"), ({"anthropic-version": "2023-06-01"}, "type")])
def test_others_and_the_late_get_an_error_in_shape(house: House, version: Mapping[str, str], shape: str) -> None:
    for exchange in ("", "nothing", "a/b", "0" * 3000):
        lost = fetch(house, exchange, **version)
        assert lost.status_code == 404
        assert lost.json()["error"]["code"] in {"not_held", "unknown_route"}
        assert shape in lost.json()
    assert httpx.post(f"{house.url}/v1/guard/held/x").json()["error"]["code"] == "unknown_route"


def test_after_its_time_it_is_gone(careful: Path, open_house: OpenHouse) -> None:
    house = open_house(*RULES, critic=Scripted(), config={"held": {"lifetime_hours": 1e-4}})
    held = ask(house, BY_NAME["chat"], "echo")
    time.sleep(0.4)
    gone = fetch(house, named(held))
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "held_too_long")
    assert fetch(house, named(held), "sk-another").status_code == 404


def test_a_guard_key_is_asked_for_where_callers_need_one(careful: Path, open_house: OpenHouse) -> None:
    house = open_house(*RULES, critic=Scripted(), config={"access": {"require_key": True}})
    assert fetch(house, "x").status_code == 401
    token, _ = house.service.keys.create("ann", "sales", "", None)
    held = house.post("echo", TEXT, headers={"x-guard-key": token})
    other, _ = house.service.keys.create("ann", "other team", "", None)
    assert fetch(house, named(held), token).status_code == 202
    assert fetch(house, named(held), other).status_code == 404


def test_what_is_only_observed_is_not_held(house: House) -> None:
    watched = ask(house, BY_NAME["chat"], "watch/echo", stream=True)
    assert "rifle" in watched.text
    assert fetch(house, named(watched)).status_code == 404


def test_the_sdks_raise_it_and_do_not_send_the_request_again(house: House, upstream: FakeUpstream) -> None:
    said: Any = [{"role": "user", "content": "Buy a rifle."}]
    with pytest.raises(openai.APIStatusError, match="held") as by_openai:
        house.openai(max_retries=2).chat.completions.create(model="echo", messages=said)
    assert (by_openai.value.status_code, by_openai.value.code) == (423, "guard_escalated")
    with pytest.raises(anthropic.APIStatusError, match="held") as by_anthropic:
        house.anthropic(max_retries=2).messages.create(model="echo", messages=said, max_tokens=9)
    assert by_anthropic.value.status_code == 423
    assert len(upstream.seen) == 2


def test_the_sdks_raise_it_in_a_stream(house: House) -> None:
    said: Any = [{"role": "user", "content": TEXT}]
    with pytest.raises(openai.APIError, match="/v1/guard/held/"):
        list(house.openai().chat.completions.create(model="split", messages=said, stream=True))
    with pytest.raises(openai.APIError, match="/v1/guard/held/"):
        list(house.openai().responses.create(model="split", input=TEXT, stream=True))
    with pytest.raises(anthropic.APIError, match="/v1/guard/held/"):
        list(house.anthropic().messages.create(model="split", messages=said, max_tokens=9, stream=True))


@pytest.fixture
def guard(careful: Path, discretion: list[Path]) -> Any:
    discretion.append(careful)
    with Guard(start(careful, "http://127.0.0.1:9", RULES, critic=Scripted())) as made:
        yield made


def echo(**request: Any) -> Any:
    """A model that says what it was sent, whole or as a stream of two events."""
    said = request["messages"][-1]["content"]
    if not request.get("stream"):
        message = {"role": "assistant", "content": said}
        return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    halves = said[: len(said) // 2], said[len(said) // 2 :]
    chunks = [{"choices": [{"index": 0, "delta": {"content": half}, "finish_reason": None}]} for half in halves]
    return [*chunks, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]


@pytest.mark.parametrize("model", ["m", "hold/m"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_library_raises_an_error_that_names_it(guard: Guard, model: str, stream: bool) -> None:
    call = guard.protect(echo)
    with pytest.raises(HeldError) as caught:
        list(call(model=model, stream=stream, messages=[{"role": "user", "content": TEXT}]))
    exchange = caught.value.id
    assert (caught.value.status, caught.value.code) == (423, "guard_escalated")
    with pytest.raises(HeldError, match="Nobody has decided") as waiting:
        guard.held(exchange)
    assert waiting.value.id == exchange
    guard.service.held.decide(exchange, "approved", "eve", "", lambda *_: None)
    assert guard.held(exchange)["choices"][0]["message"]["content"] == TEXT


def test_the_library_gives_a_reply_to_whom_it_was_for(guard: Guard) -> None:
    ann = Principal("ann", "sales")
    with pytest.raises(HeldError) as caught:
        guard.protect(echo, principal=ann)(model="m", messages=[{"role": "user", "content": TEXT}])
    with pytest.raises(NotHeld):
        guard.held(caught.value.id)
    with pytest.raises(HeldError):
        guard.held(caught.value.id, principal=ann)


def test_the_library_says_what_a_person_refused(guard: Guard) -> None:
    with pytest.raises(HeldError) as caught:
        guard.protect(echo)(model="m", messages=[{"role": "user", "content": TEXT}])
    guard.service.held.decide(caught.value.id, "rejected", "eve", "", lambda *_: None)
    with pytest.raises(WithheldError, match="A person decided") as refused:
        guard.held(caught.value.id)
    assert not isinstance(refused.value, HeldError)
    with pytest.raises(NotHeld):
        guard.held("another")


def test_a_review_without_a_record_holds_nothing(guard: Guard) -> None:
    reviewed = guard.review("Hello", "Buy a rifle.")
    assert (reviewed.decision, reviewed.reply) == ("escalate", "")
    assert "a person must decide" in reviewed.reason
    assert guard.service.held.list() == ()


def test_the_constitution_of_these_tests_is_one(careful: Path) -> None:
    (principle,) = [p for p in constitutions.load_folder(careful / "constitutions")["careful"].principles if p.on_violation == "escalate"]  # fmt: skip
    assert principle.id == "no-weapons"
    assert {api.path for api in APIS} >= {BY_NAME[name].path for name in SPEAKING}
