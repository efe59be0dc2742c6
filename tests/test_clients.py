"""The set-ups under examples/clients, driven for real: each client's own packages, against guard on a socket."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from guard.audit.reading import SqliteReader
from guard.documents import parse
from guard.policy import Policy
from tests.apis.api import Refused, Turn
from tests.apis.messages import Messages
from tests.conftest import OpenHouse
from tests.house import CARD, MAIL, PROVIDER_KEY
from tests.upstream import FakeUpstream, serve

ROOT = Path(__file__).parent.parent
CLIENTS = ROOT / "examples" / "clients"
PYTHON = ROOT / ".venv-clients" / "bin"
JAVASCRIPT = CLIENTS / "node_modules" / ".bin"
RESTORED = [MAIL, CARD]


@dataclass(frozen=True)
class Driven:
    """A set-up: its script, what runs it, the routes it calls, and how the fake models that it is tried on behave."""

    script: str
    program: str | Path
    routes: tuple[str, ...]
    models: tuple[str, ...] = ("split",)
    needs: tuple[Path, ...] = ()


WITH_TOOLS = ("split", "tool")
CHAT, RESPONSES, MESSAGES = "chat", "responses", "messages"

DRIVEN = (
    Driven("anthropic_python.py", sys.executable, (MESSAGES, MESSAGES), WITH_TOOLS),
    Driven("litellm_client.py", sys.executable, (CHAT, CHAT, MESSAGES, MESSAGES)),
    Driven("langchain_chat.py", PYTHON / "python", (CHAT, CHAT), WITH_TOOLS),
    Driven("llamaindex_chat.py", PYTHON / "python", (CHAT, CHAT)),
    Driven("llm.sh", "bash", (CHAT,), needs=(PYTHON / "llm",)),
    Driven("openai.mjs", "node", (CHAT, RESPONSES), WITH_TOOLS, (CLIENTS / "node_modules" / "openai",)),
    Driven("anthropic.mjs", "node", (MESSAGES, MESSAGES), WITH_TOOLS, (CLIENTS / "node_modules" / "@anthropic-ai",)),
    Driven("claude_code.sh", "bash", (MESSAGES,), needs=(JAVASCRIPT / "claude",)),
    Driven("codex.sh", "bash", (RESPONSES,), needs=(JAVASCRIPT / "codex",)),
)


class Writes(Messages):
    """A model that has the caller's shell write the address it was told into a file, and then says that it is done."""

    def said(self, body: dict[str, Any]) -> str:
        told = re.findall("<EMAIL_ADDRESS_[0-9A-Z]+>", json.dumps(body["messages"]))
        if not told:
            raise Refused("no address, or one that is not masked")
        return str(told[0])

    def events(self, turn: Turn) -> Iterator[dict[str, Any]]:
        if "tool_result" in json.dumps(turn.body["messages"]):
            yield from super().events(replace(turn, text="It is written."))
            return
        command = json.dumps({"command": f'echo "{turn.text}" > mail.txt'})
        for event in super().events(replace(turn, kind="tool")):
            match event:
                case {"content_block": {"type": "tool_use"} as block}:
                    yield {**event, "content_block": {**block, "name": "Bash"}}
                case {"delta": {"partial_json": ""} as delta}:
                    yield {**event, "delta": {**delta, "partial_json": command}}
                case {"delta": {"partial_json": _}}:
                    pass
                case _:
                    yield event


@pytest.fixture
def outside() -> Iterator[socket.socket]:
    """A proxy on which a client is heard when it calls anybody but guard; nobody answers there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener
        heard, _, _ = select.select([listener], [], [], 0)
        assert not heard, "the client called somebody else than guard"


def said(driven: Driven, folder: Path, outside: socket.socket, *arguments: str, **environ: str) -> str:
    """What a set-up prints, in an environment that holds env.sh and nothing of this process but its PATH."""
    for needed in (Path(driven.program), *driven.needs):
        assert not needed.is_absolute() or needed.exists(), f"{needed.name} is missing: run `make install-clients`"
    proxy = f"http://127.0.0.1:{outside.getsockname()[1]}"
    own = {
        "PATH": os.pathsep.join([str(PYTHON), str(JAVASCRIPT), os.environ["PATH"]]),
        "HOME": str(folder),
        **dict.fromkeys(["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"], proxy),
        **dict.fromkeys(["NO_PROXY", "no_proxy"], "127.0.0.1"),
    }
    command = ["bash", "-c", '. "$0" && exec "$@"', str(CLIENTS / "env.sh"), str(driven.program)]
    done = subprocess.run(
        [*command, str(CLIENTS / driven.script), *arguments],
        cwd=folder, env={**own, **environ}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("driven", "model"),
    [pytest.param(driven, model, id=f"{driven.script}-{model}") for driven in DRIVEN for model in driven.models],
)
def test_a_client_sees_its_values_and_the_upstream_does_not(
    open_house: OpenHouse,
    upstream: FakeUpstream,
    outside: socket.socket,
    tmp_path_factory: pytest.TempPathFactory,
    driven: Driven,
    model: str,
) -> None:
    house = open_house(config={"access": {"require_key": True}})
    key, _ = house.service.keys.create("ann")
    keys = {"GUARD_KEY": key, "OPENAI_API_KEY": PROVIDER_KEY, "ANTHROPIC_API_KEY": PROVIDER_KEY}
    folder = tmp_path_factory.mktemp("client")  # what a client remembers of itself holds values
    output = said(driven, folder, outside, GUARD_ADDRESS=house.url, GUARD_MODEL=model, **keys)

    assert [output.count(value) for value in RESTORED] == [len(driven.routes)] * len(RESTORED), output
    assert re.search("EMAIL_ADDRESS_|CREDIT_CARD_", output) is None
    rows = SqliteReader(house.data / "audit.db").list(10)
    assert sorted((row.surface, row.user, row.outcome) for row in rows) == [
        (surface, "ann", "completed") for surface in sorted(driven.routes)
    ]
    assert all(b"<EMAIL_ADDRESS_" in body and b"<CREDIT_CARD_" in body for body in upstream.seen)
    assert all(PROVIDER_KEY in str(headers) and key not in str(headers) for headers in upstream.seen_headers)


def test_an_agent_works_here_with_the_values_and_reports_without_them(
    open_house: OpenHouse, upstream: FakeUpstream, outside: socket.socket, tmp_path_factory: pytest.TempPathFactory
) -> None:
    claude = next(driven for driven in DRIVEN if driven.script == "claude_code.sh")
    folder = tmp_path_factory.mktemp("client")
    agent = Starlette(routes=[Route("/v1/messages", partial(upstream.call, Writes()), methods=["POST"])])
    with serve(agent) as address:
        house = open_house(address=address)
        output = said(claude, folder, outside, "--allowedTools=Bash", GUARD_ADDRESS=house.url, GUARD_MODEL="echo")
    assert output == "It is written.\n"
    assert (folder / "mail.txt").read_text() == f"{MAIL}\n"
    history = json.loads(upstream.seen[-1])["messages"]
    assert "<EMAIL_ADDRESS_" in json.dumps([message for message in history if message["role"] == "assistant"])


def test_every_set_up_is_driven_and_described() -> None:
    scripts = {file.name for ending in ("py", "mjs", "sh") for file in CLIENTS.glob(f"*.{ending}")}
    assert scripts == {driven.script for driven in DRIVEN} | {"env.sh"}
    table = (CLIENTS / "README.md").read_text().split("## Driven in CI\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| [^|]+ \| \[(?:[^]]+)\]\(([^)]+)\)", table, re.MULTILINE)) >= scripts - {"env.sh"}


def test_what_the_page_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (CLIENTS / "README.md").read_text()):
        assert target.startswith("https://") or (CLIENTS / target).exists(), target


def test_the_policy_for_agents_is_valid() -> None:
    text = (CLIENTS / "README.md").read_text()
    (example,) = re.findall(r"```yaml\n(policy: .*?)```", text, re.DOTALL)
    assert parse(example, Policy, name="README.md").recognize.profile == "patterns"


def test_every_version_is_pinned() -> None:
    pins = (CLIENTS / "requirements.txt").read_text().splitlines()
    assert [pin for pin in pins if not re.fullmatch(r"[a-z0-9-]+==[\w.]+", pin)] == []
    wanted = json.loads((CLIENTS / "package.json").read_text())["dependencies"]
    assert [version for version in wanted.values() if not re.fullmatch(r"[\d.]+", version)] == []
    locked = json.loads((CLIENTS / "package-lock.json").read_text())["packages"]
    assert [name for name, package in locked.items() if name and "integrity" not in package] == []
