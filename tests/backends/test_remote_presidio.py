import asyncio

import pytest
from presidio_analyzer.predefined_recognizers import EmailRecognizer
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Route

from guard.backends.presidio import Recognizer, forbid_downloads, load
from guard.backends.remote_presidio import RemotePresidio
from guard.backends.stack import Spec, Stack
from guard.errors import ConfigError, RecognizerError
from tests.upstream import serve

TEXT = "Write to alice.meyer@example.com, please"
BAD = (
    {},
    [1],
    [{"entity_type": "X"}],
    [{"entity_type": "X", "start": 0, "end": 999, "score": 1}],
    [{"entity_type": "X", "start": 3, "end": 3, "score": 1}],
    "x",
)


class Analyzer:
    """An analyzer that speaks Presidio's API and really looks for e-mail addresses; keeps what it was asked."""

    def __init__(self):
        forbid_downloads()
        self.asked = []
        self.headers = []
        self.peers = set()
        self._recognizer = EmailRecognizer()
        routes = [
            Route(f"/{name}/analyze", getattr(self, name), methods=["POST"])
            for name in ("good", "bad", "slow", "moved", "broken", "text")
        ]
        self.app = Starlette(routes=[*routes, Route("/analyze", self.good, methods=["POST"])])

    async def good(self, request):
        asked = await request.json()
        self.asked.append(asked)
        self.headers.append(dict(request.headers))
        self.peers.add(request.client.port)
        found = self._recognizer.analyze(asked["text"], ["EMAIL_ADDRESS"])
        return JSONResponse(
            [
                {
                    "entity_type": r.entity_type,
                    "start": r.start,
                    "end": r.end,
                    "score": r.score,
                    "analysis_explanation": None,
                }
                for r in found
            ]
        )

    async def bad(self, request):
        return JSONResponse(BAD[int((await request.json())["text"])])

    async def slow(self, request):
        await asyncio.sleep(1)
        return JSONResponse([])

    async def moved(self, request):
        return RedirectResponse("/good/analyze", 307)

    async def broken(self, request):
        return PlainTextResponse((await request.json())["text"], 500)

    async def text(self, request):
        return PlainTextResponse((await request.json())["text"])


@pytest.fixture(scope="module")
def server():
    analyzer = Analyzer()
    with serve(analyzer.app) as url:
        analyzer.url = url
        yield analyzer


@pytest.fixture
def remote(server):
    made = []

    def make(path="", **options):
        made.append(RemotePresidio(server.url + path, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_what_the_analyzer_finds_is_found(remote, server):
    recognizer = remote(language="de", entities=("EMAIL_ADDRESS",), threshold=0.3)
    (result,) = recognizer.analyze(TEXT)
    assert (TEXT[result.start : result.end], result.entity_type, result.score) == (
        "alice.meyer@example.com",
        "EMAIL_ADDRESS",
        1.0,
    )
    assert server.asked[-1] == {"text": TEXT, "language": "de", "score_threshold": 0.3, "entities": ["EMAIL_ADDRESS"]}
    assert isinstance(recognizer, Recognizer)
    assert recognizer.analyze(TEXT, ["PERSON"]) == []


def test_offsets_are_characters_also_outside_of_ascii(remote):
    text = "안녕 😀 alice.meyer@example.com"
    (result,) = remote().analyze(text)
    assert text[result.start : result.end] == "alice.meyer@example.com"


def test_a_batch_uses_one_connection_and_asks_for_no_empty_text(remote, server):
    server.peers.clear()
    server.asked.clear()
    assert [len(r) for r in remote("/").analyze_batch([TEXT, "", " \n", "nothing", TEXT])] == [1, 0, 0, 0, 1]
    assert [asked["text"] for asked in server.asked] == [TEXT, "nothing", TEXT]
    assert len(server.peers) == 1


def test_a_connection_that_the_server_closed_is_opened_anew():
    analyzer = Analyzer()
    with serve(analyzer.app) as url:
        recognizer = RemotePresidio(url)
        assert recognizer.analyze(TEXT)
        import socket

        recognizer._connection.sock.shutdown(socket.SHUT_RDWR)
        assert recognizer.analyze(TEXT)
        recognizer.close()
        assert len(analyzer.peers) == 2


def test_a_bearer_token_comes_from_the_environment(remote, server, monkeypatch):
    monkeypatch.setenv("ANALYZER_TOKEN", "t0ken")
    remote(key_env="ANALYZER_TOKEN").analyze(TEXT)
    assert server.headers[-1]["authorization"] == "Bearer t0ken"
    with pytest.raises(ConfigError, match="NO_SUCH_TOKEN is not set"):
        remote(key_env="NO_SUCH_TOKEN")


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("/broken", TEXT, "answered 500"),
        ("/moved", TEXT, "answered 307"),
        ("/nowhere", TEXT, "answered 404"),
        ("/text", TEXT, "answered nonsense"),
        ("/text", "[" * 100_000, "answered nonsense"),
        *[("/bad", str(index), "answered nonsense") for index in range(len(BAD))],
        ("/slow", TEXT, "was slow"),
    ],
)
def test_whatever_goes_wrong_is_told_without_the_text(remote, path, text, message):
    recognizer = remote(path, timeout=0.2)
    with pytest.raises(RecognizerError, match=f"the Presidio analyzer at 127.0.0.1 {message}") as caught:
        recognizer.analyze(text)
    assert "alice" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_nobody_listens():
    with pytest.raises(RecognizerError, match=r"failed \(ConnectionRefusedError"):
        RemotePresidio("http://127.0.0.1:9").analyze(TEXT)


@pytest.mark.parametrize("url", ["ftp://a.example", "analyzer.internal", "http://"])
def test_an_address_that_is_none(url):
    with pytest.raises(ConfigError, match="begins with http"):
        RemotePresidio(url)


def test_the_stack_asks_it_and_fails_with_it(server):
    path = "guard.backends.remote_presidio.RemotePresidio"
    assert isinstance(load(path, url=server.url), RemotePresidio)
    stack = Stack.of(Spec(profile="patterns", extra=((path, {"url": server.url}),)))
    (spans,) = stack.recognize([TEXT])
    assert [TEXT[s.start : s.end] for s in spans] == ["alice.meyer@example.com"]
    broken = Stack.of(Spec(profile="patterns", extra=((path, {"url": f"{server.url}/broken"}),)))
    with pytest.raises(RecognizerError, match="recognizer presidio failed") as caught:
        broken.recognize([TEXT])
    assert "alice" not in str(caught.value)
    for each in (*stack._names, *broken._names):
        each.close()
