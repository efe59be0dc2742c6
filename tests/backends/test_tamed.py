"""litellm calls nobody but the provider, reads no file of settings, and logs nothing of what is sent and said."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.backends import tamed
from guard.backends.providers import LitellmUpstream
from guard.config import UpstreamConfig
from guard.errors import UpstreamError
from tests.backends import test_providers as providers
from tests.upstream import FakeUpstream, serve_fake

ROOT = Path(__file__).parent.parent.parent
PLANTED = "Alice Meyer, alice@corp.example"

# Every API, whole and streamed, with all that makes litellm want to look something up elsewhere: a model whose
# tokenizer it would download for want of a count of tokens, an image behind a link, a header of Anthropic's.
EVERYTHING = """
import asyncio, json, os, sys, warnings

calls = []

def heard(event, args):
    if event == "socket.connect":
        calls.append(str(args[1][0]))
    if event == "socket.getaddrinfo":
        calls.append(str(args[0]))

sys.addaudithook(heard)
from guard.backends.providers import LitellmUpstream
from guard.config import UpstreamConfig
early = "litellm" in sys.modules
from tests.backends.test_providers import CHAT, MESSAGES, EMBEDDINGS, MODERATIONS, PAIRS, SAID, sent
from tests.upstream import serve_fake

async def main(fake):
    made = {}
    def upstream(name):
        if name not in made:
            config = UpstreamConfig(name="it", litellm=name, url=f"{fake.url}/v1", timeout_s=60)
            made[name] = LitellmUpstream(config, {}, reply_bytes=10**6)
        return made[name]
    for path, name in [*PAIRS, (EMBEDDINGS, "openai/*"), (MODERATIONS, "openai/*")]:
        for stream in (False, True) if (path, name) in PAIRS else (False,):
            response, events = await sent(upstream(name), path, "llama-3-echo", stream=stream)
            assert response.status == 200, response
            assert not stream or len(events) > 1
    image = {"type": "image_url", "image_url": {"url": "http://images.example/it.png"}}
    for name in ("openai/*", "anthropic/*"):
        await sent(upstream(name), CHAT, messages=[{"role": "user", "content": [image]}])
    await sent(upstream("anthropic/*"), MESSAGES, headers={"anthropic-beta": "context-1m-2025-08-07"})
    await upstream("openai/*").models({})
    for each in made.values():
        await each.close()

with serve_fake() as fake:
    asyncio.run(main(fake))
print(json.dumps({"calls": sorted(set(calls)), "early": early, "env": "OF_THE_FOLDER" in os.environ}))
"""


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with serve_fake() as server:
        yield server


def test_nobody_but_the_provider_is_called(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OF_THE_FOLDER=1\n")
    clean = {name: value for name, value in os.environ.items() if name not in tamed._ENVIRONMENT}
    done = subprocess.run(
        [sys.executable, "-c", EVERYTHING],
        cwd=tmp_path,
        env={**clean, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"calls": ["127.0.0.1"], "early": False, "env": False}
    assert list(tmp_path.iterdir()) == [tmp_path / ".env"]


@pytest.mark.parametrize(("path", "litellm"), providers.PAIRS)
async def test_nothing_that_is_sent_or_said_is_logged(
    fake: FakeUpstream,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
    path: str,
    litellm: str | None,
) -> None:
    config = UpstreamConfig(name="it", litellm=litellm, url=f"{fake.url}/v1", timeout_s=20)
    upstream = LitellmUpstream(config, {}, reply_bytes=10**6)
    words = {"messages": [{"role": "user", "content": PLANTED}], "input": PLANTED, "prompt": PLANTED}
    body = {name: words.get(name, value) for name, value in providers.BODIES[path].items()}
    with caplog.at_level(logging.DEBUG):
        for name in tamed._SILENT:  # as if litellm were asked to tell everything
            logging.getLogger(name).setLevel(logging.DEBUG)
        for model in ("echo", "status:400", "status:500", "nonsense", "cut", "error", "garbage"):
            for stream in (False, True):
                try:
                    await providers.sent(upstream, path, model, stream=stream, **body)
                except UpstreamError:
                    continue
    await upstream.close()
    told = caplog.text + "".join(capfd.readouterr()) + "".join(str(warning.message) for warning in recwarn)
    assert len(fake.seen) >= 14
    assert "Alice" in str(fake.seen)
    assert "Alice" not in told


@pytest.mark.parametrize("stream", [False, True])
async def test_who_calls_back_is_told_nothing(
    fake: FakeUpstream, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    told: list[object] = []
    litellm = tamed.load()
    for name in ("success_callback", "failure_callback"):
        monkeypatch.setattr(litellm, name, [lambda *given: told.append(given)])
    config = UpstreamConfig(name="it", litellm="openai/*", url=f"{fake.url}/v1", timeout_s=20)
    upstream = LitellmUpstream(config, {}, reply_bytes=10**6)
    await providers.sent(upstream, providers.CHAT, stream=stream)
    await providers.sent(upstream, providers.CHAT, "status:500", stream=stream)
    await asyncio.sleep(0.2)  # litellm would call back from a thread
    await upstream.close()
    assert told == []


def test_what_litellm_fetches_for_providers_it_does_not_fetch() -> None:
    tamed.load()
    from litellm.litellm_core_utils.prompt_templates.factory import BedrockImageProcessor
    from litellm.litellm_core_utils.url_utils import SSRFError

    with pytest.raises(SSRFError, match="guard fetches nothing"):
        BedrockImageProcessor.get_image_details("https://images.example/it.png")


async def test_an_upstream_that_is_closed_leaves_the_others_their_connections(fake: FakeUpstream) -> None:
    config = UpstreamConfig(name="it", litellm="openai/*", url=f"{fake.url}/v1", timeout_s=20)
    first, second = (LitellmUpstream(config, {}, reply_bytes=10**6) for _ in range(2))
    line = second.line(providers.CHAT)
    asked = providers.request(providers.CHAT, "gate", stream=True, headers={})
    assert (await line.send(asked)).streaming
    await first.close()
    fake.gate.set()
    events: list[bytes] = []
    while arrived := await line.next():
        events += arrived
    assert events[-1] == b"data: [DONE]\n\n"
    await line.close()
    await second.close()


async def test_litellm_can_be_used_again_after_the_last_one_was_closed(fake: FakeUpstream) -> None:
    config = UpstreamConfig(name="it", litellm="openai/*", url=f"{fake.url}/v1", timeout_s=20)
    for _ in range(2):
        upstream = LitellmUpstream(config, {}, reply_bytes=10**6)
        assert (await providers.sent(upstream, providers.CHAT))[0].status == 200
        await upstream.close()
