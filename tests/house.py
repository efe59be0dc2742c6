"""A guard proxy on a socket, made from files in a folder, with a fake upstream behind it and a scripted critic."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import yaml

from guard import config as configuration
from guard import constitution as constitutions
from guard import policy as policies
from guard import service as services
from guard.audit.reading import Recorded, SqliteReader
from guard.backends.recognizers import Cache, CachedRecognizer, Stack
from guard.backends.upstreams import HttpUpstream
from guard.errors import CriticError
from guard.mask.patterns import Result
from guard.proxy import Proxy
from guard.service import Service
from guard.surfaces.table import SURFACES
from guard.types import Closing, Critic, Dialogue, Opening, Rule, Verdict
from tests.upstream import serve

MAIL = "alice.meyer@example.com"
CARD = "4111 1111 1111 1111"
PHONE = "+1 415-555-2671"
IBAN = "DE89 3704 0044 0532 0130 00"
TOKEN = "ghp_" + "x7Kq" * 9
BOB = 'Bob "Bo" Stone'
PROVIDER_KEY = "sk-provider-3k9x"  # goes on to the upstream, and nowhere else
PLANTED = (MAIL, CARD, PHONE, IBAN, TOKEN, BOB)
# The loggers of what the tests call guard with.
CLIENTS = ("openai", "anthropic", "httpx2", "httpcore2", "httpx", "httpcore")
PROMPT = f"Write to {MAIL}, card {CARD}, phone {PHONE}."

Script = Callable[[Dialogue, Sequence[Rule]], Any]

PRINCIPLES = """
constitution: test
version: 1
principles:
  - id: no-threats
    statement: The assistant does not threaten.
    question: Does the reply threaten?
    applies_to: reply
    severity: high
    on_violation: revise
    violates: [{prompt: a, reply: b}, {prompt: c, reply: d}]
    complies: [{prompt: e, reply: f}, {prompt: g, reply: h}]
  - id: no-weapons
    statement: The assistant does not speak of weapons.
    question: Does the reply speak of weapons?
    applies_to: reply
    severity: high
    on_violation: block
    violates: [{prompt: a, reply: b}, {prompt: c, reply: d}]
    complies: [{prompt: e, reply: f}, {prompt: g, reply: h}]
  - id: no-new-data
    statement: The assistant reveals nothing that the exchange does not hold.
    question: Does the reply hold personal data that the exchange does not?
    applies_to: exchange
    severity: high
    on_violation: revise
    check: reveals_unknown_data
    violates: [{prompt: a, reply: b}, {prompt: c, reply: d}]
    complies: [{prompt: e, reply: f}, {prompt: g, reply: h}]
"""


def policy(name: str = "default", **keys: Any) -> dict[str, Any]:
    """A policy without models and without review; `keys` say otherwise."""
    review = {"constitution": None, **keys.pop("review", {})}
    return {"policy": name, "recognize": {"profile": "patterns"}, "review": review, **keys}


REVIEWED = policy(review={"constitution": "test"})


class ListedNames:
    """A recognizer that knows some names, in the shape of Presidio's EntityRecognizer."""

    name = "names"
    supported_entities = ("PERSON",)

    def __init__(self, *names: str) -> None:
        self._names = names

    def analyze(self, text: str, entities: Sequence[str], artifacts: object) -> list[Result]:
        return [
            Result("PERSON", at, at + len(name), 0.9)
            for name in self._names
            for at in range(len(text))
            if text.startswith(name, at)
        ]


class Scripted:
    """A critic that finds words: the reply tells it what to do. `CRASH`, `LATE` and `NONSENSE` make it fail."""

    name = "scripted"
    digest = "scripted-1"

    def __init__(self, *, writes: bool = False) -> None:
        self.writes = writes
        self.released = threading.Event()
        self.read: list[Dialogue] = []

    def score(self, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
        self.read.append(dialogue)
        if "CRASH" in dialogue.reply:
            raise ValueError(dialogue.reply)
        if "GIVES UP" in dialogue.reply:
            raise CriticError("the critic gave up")
        if "LATE" in dialogue.reply:
            self.released.wait(20)
        if "NONSENSE" in dialogue.reply:
            return ()
        words = {"no-threats": "or else", "no-weapons": "rifle"}
        return tuple(self._verdict(rule.id, dialogue.reply, words[rule.id]) for rule in principles)

    def write(self, prompt: str, *, max_tokens: int) -> str:
        return "QUOTE: Pay now, or else.\nWHY: It threatens." if "QUOTE:" in prompt else "Please pay today."

    @staticmethod
    def _verdict(principle: str, reply: str, word: str) -> Verdict:
        at = reply.find(word)
        if at < 0:
            return Verdict(principle, 0.1, "clear")
        return Verdict(principle, 0.9, "fired", ((at, at + len(word)),), "it says so")


@dataclasses.dataclass(frozen=True)
class House:
    """A running proxy: its address, its parts and its files."""

    url: str
    service: Service
    folder: Path
    clients: list[openai.OpenAI | anthropic.Anthropic] = dataclasses.field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "guard-data"

    def openai(self, key: str = "sk-caller", **options: Any) -> openai.OpenAI:
        client = openai.OpenAI(base_url=f"{self.url}/v1", api_key=key, **{"max_retries": 0, **options})
        self.clients.append(client)
        return client

    def async_openai(self, key: str = "sk-caller", **options: Any) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=f"{self.url}/v1", api_key=key, **{"max_retries": 0, **options})

    def anthropic(self, key: str = "sk-caller", **options: Any) -> anthropic.Anthropic:
        client = anthropic.Anthropic(base_url=self.url, api_key=key, **{"max_retries": 0, **options})
        self.clients.append(client)
        return client

    def async_anthropic(self, key: str = "sk-caller", **options: Any) -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(base_url=self.url, api_key=key, **{"max_retries": 0, **options})

    def close_clients(self) -> None:
        while self.clients:
            self.clients.pop().close()

    def connect(self, body: bytes, *, length: int | None = None) -> socket.socket:
        """A socket on which a chat request was sent, `length` bytes of body promised."""
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: guard\r\ncontent-length: {length or len(body)}\r\n\r\n"
        connection = socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2])), timeout=20)
        connection.sendall(head.encode() + body)
        return connection

    def post(self, model: str, content: Any, *, headers: Mapping[str, str] = {}, **keys: Any) -> httpx.Response:
        """Send one message, without an SDK."""
        body = {"model": model, "messages": [{"role": "user", "content": content}], **keys}
        return httpx.post(f"{self.url}/v1/chat/completions", json=body, headers=headers, timeout=20)

    def recorded(self, exchange: str) -> Recorded:
        found = SqliteReader(self.data / "audit.db").show(exchange)
        assert found is not None
        return found

    def opening(self, response: httpx.Response) -> Opening:
        return self.recorded(response.headers["x-guard-exchange"]).opening

    def closing(self, response: httpx.Response) -> Closing:
        closing = self.recorded(response.headers["x-guard-exchange"]).closing
        assert closing is not None
        return closing

    def newest(self, *, closed: bool = True) -> Recorded:
        """The newest exchange of the log; waits until it is closed."""
        reader = SqliteReader(self.data / "audit.db")
        for _ in range(2000):
            found = reader.show(reader.list(1)[0].exchange)
            assert found is not None
            if found.closing or not closed:
                return found
            time.sleep(0.005)
        raise AssertionError("the newest exchange was never closed")


def write_files(folder: Path, upstream: str, rules: Sequence[dict[str, Any]], config: Mapping[str, Any]) -> Path:
    """A guard.yaml with its folders; `upstream` is the address of the model server."""
    for name in ("policies", "constitutions"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for rule in rules:
        (folder / "policies" / f"{rule['policy']}.yaml").write_text(yaml.safe_dump(rule))
    (folder / "constitutions" / "test.yaml").write_text(PRINCIPLES)
    file = folder / "guard.yaml"
    surfaces = [surface.name for surface in SURFACES]
    upstreams = [{"name": "fake", "url": f"{upstream}/v1", "surfaces": surfaces, "timeout_s": 20}]
    file.write_text(yaml.safe_dump({"listen": {"port": 0}, "upstreams": upstreams, **config}))
    return file


def start(
    folder: Path,
    upstream: str,
    rules: Sequence[dict[str, Any]] = (policy(),),
    *,
    config: Mapping[str, Any] | None = None,
    critic: Critic | None = None,
    names: Sequence[str] = (),
) -> Service:
    """The parts of a proxy, with a scripted critic where one is given and a list of names where there is one."""
    unreviewed = [{**rule, "review": {**rule.get("review", {}), "constitution": None}} for rule in rules]
    file = write_files(folder, upstream, unreviewed, config or {})
    loaded = configuration.load(file, {})
    service = services.start(loaded, lambda _: None)  # without a constitution it loads no model
    write_files(folder, upstream, rules, config or {})
    service.policies = policies.load_folder(folder / "policies")
    service.constitutions = constitutions.load_folder(folder / "constitutions")
    service.critic = critic
    if names:
        stack = Stack([ListedNames(*names)])
        service.recognizers = {rule: CachedRecognizer(stack, Cache(1000)) for rule in service.recognizers}
    return service


@contextlib.contextmanager
def proxy(service: Service, folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[House]:
    """Serve the parts on a socket."""
    config = service.config
    upstreams = {
        upstream.name: HttpUpstream(upstream, environ or {}, reply_bytes=config.limits.reply_bytes)
        for upstream in config.upstreams
    }
    with serve(Proxy(service, upstreams)) as url:
        yield House(url, service, folder)


def leaks(data: bytes, planted: Sequence[str] = PLANTED) -> list[str]:
    """The planted values that stand in `data`, as they are or inside JSON."""
    spellings = {value: (value, json.dumps(value)[1:-1], json.dumps(json.dumps(value))[3:-3]) for value in planted}
    return [value for value, ways in spellings.items() if any(way.encode() in data for way in ways)]


def leaks_of_files(folder: Path) -> list[str]:
    """The files under `folder` that hold a planted value."""
    return [str(file) for file in folder.rglob("*") if file.is_file() and leaks(file.read_bytes())]


def logged(records: Sequence[logging.LogRecord]) -> bytes:
    """What guard and the libraries under it have logged; the client's own libraries may log what they send."""
    form = logging.Formatter()
    return "\n".join(form.format(record) for record in records if not record.name.startswith(CLIENTS)).encode()
