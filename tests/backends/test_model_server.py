import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.responses import PlainTextResponse, Response

from guard.backends import model_server
from guard.backends.model_server import Call, ModelServer
from guard.errors import CriticError
from tests.backends.http_servers import heard, threaded
from tests.backends.model_servers import FakeServer, elsewhere, endless, serving
from tests.upstream import raw

CHAT = "/chat/completions"
SECRET = "the prompt's words"


def call(words: str) -> Call:
    return Call(CHAT, {"model": "m", "messages": [{"role": "user", "content": words}]})


def echo(body: dict[str, Any]) -> dict[str, Any]:
    return {"said": body["messages"][0]["content"]}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeServer]:
    with serving(echo) as server:
        yield server


@pytest.fixture
def ask(fake: FakeServer) -> Iterator[Callable[..., ModelServer]]:
    """A function that makes a client of the fake server, whose answers it sets."""
    made: list[ModelServer] = []
    fake.seen, fake.paths, fake.headers, fake.events = [], [], [], []
    fake.under_way = fake.busiest = 0
    fake.gate = threading.Event()

    def make(say: Callable[[dict[str, Any]], Any] = echo, **options: Any) -> ModelServer:
        fake.say = say
        made.append(ModelServer(fake.url, **options))
        return made[-1]

    yield make
    for server in made:
        server.close()


def refused(server: ModelServer, *words: str, **options: Any) -> str:
    with pytest.raises(CriticError) as caught:
        server.ask([call(one) for one in words or (SECRET,)], **options)
    assert SECRET not in caught.value.message
    return caught.value.message


def test_answers_come_in_the_order_of_the_calls(fake: FakeServer, ask: Callable[..., ModelServer]) -> None:
    server = ask()
    names = [f"call {number}" for number in range(20)]
    assert [answer["said"] for answer in server.ask([call(name) for name in names])] == names
    assert server.ask([]) == []
    assert set(fake.paths) == {"/v1/chat/completions"}


def test_the_key_is_sent_where_there_is_one(fake: FakeServer, ask: Callable[..., ModelServer]) -> None:
    ask(key="k3y").ask([call("a")])
    ask().ask([call("a")])
    assert [headers.get("authorization") for headers in fake.headers] == ["Bearer k3y", None]


def test_the_others_wait_for_the_first_answer(fake: FakeServer, ask: Callable[..., ModelServer]) -> None:
    server = ask()
    calls = [call(f"call {number} WAITS") for number in range(6)]
    thread = threading.Thread(target=server.ask, args=(calls,), kwargs={"first_alone": True})
    thread.start()
    while not fake.seen:
        time.sleep(0.002)
    time.sleep(0.1)
    assert [body["messages"][0]["content"] for body in fake.seen] == ["call 0 WAITS"]
    fake.gate.set()
    thread.join()
    assert len(fake.seen) == 6


def test_no_more_calls_are_under_way_than_allowed_whoever_asks(
    fake: FakeServer, ask: Callable[..., ModelServer]
) -> None:
    server = ask(concurrency=3)
    threads = [threading.Thread(target=server.ask, args=([call("WAITS")] * 4,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    while len(fake.seen) < 3:
        time.sleep(0.002)
    time.sleep(0.1)
    assert len(fake.seen) == 3
    fake.gate.set()
    for thread in threads:
        thread.join()
    assert (fake.busiest, len(fake.seen)) == (3, 12)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_or_failing_server_is_asked_once_more(
    fake: FakeServer, ask: Callable[..., ModelServer], status: int
) -> None:
    again = Response(status_code=status, headers={"retry-after": "0"})
    server = ask(lambda body: again if len(fake.seen) == 1 else echo(body))
    assert server.ask([call("a")]) == [{"said": "a"}]
    assert len(fake.seen) == 2
    fake.say = lambda _: again
    assert f"answered {status}." in refused(server)
    assert len(fake.seen) == 4


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(400, "critic.options"), (401, "critic.key_env"), (403, "critic.key_env"), (404, "critic.model"), (418, "")],
)
def test_a_refusal_is_final_and_its_remedy_told(
    fake: FakeServer, ask: Callable[..., ModelServer], status: int, remedy: str
) -> None:
    message = refused(ask(lambda _: status))
    assert f"answered {status}." in message
    assert remedy in message
    assert len(fake.seen) == 1


def test_the_server_says_how_long_to_wait(ask: Callable[..., ModelServer], fake: FakeServer) -> None:
    later = Response(status_code=503, headers={"retry-after": "0.3"})
    server = ask(lambda body: later if len(fake.seen) == 1 else echo(body))
    began = time.monotonic()
    server.ask([call("a")])
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    ("named", "seconds"), [(None, 0.5), ("2", 2.0), ("900", 5.0), ("-3", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.5)]
)
def test_a_pause_is_a_number_in_bounds(named: str | None, seconds: float) -> None:
    assert model_server._seconds(named) == seconds


def test_a_slow_server_is_given_up(ask: Callable[..., ModelServer], fake: FakeServer) -> None:
    assert "took longer than 0.2 s" in refused(ask(timeout_s=0.2), "SLOW " + SECRET)
    assert fake.broken_off.acquire(timeout=5), "the call was not broken off"


def test_all_of_one_judgement_is_bounded_unless_the_caller_is_patient(ask: Callable[..., ModelServer]) -> None:
    def slowly(body: dict[str, Any]) -> dict[str, Any]:
        time.sleep(0.1)
        return echo(body)

    server = ask(slowly, timeout_s=0.45, concurrency=1)
    assert "took longer than 0.45 s" in refused(server, *"abcdefgh")
    assert len(server.ask([call(one) for one in "abcdefgh"], patient=True)) == 8
    assert "took longer than 0.45 s" in refused(server, "SLOW", patient=True)


def test_one_failure_ends_the_other_calls(ask: Callable[..., ModelServer], fake: FakeServer) -> None:
    server = ask(lambda body: 418 if "bad" in str(body) else echo(body))
    assert "answered 418." in refused(server, "SLOW", "bad")
    assert fake.broken_off.acquire(timeout=5), "the slow call went on"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (PlainTextResponse("<html>the prompt's words</html>"), "sent no JSON. Correct critic.url."),
        (PlainTextResponse("[" * 100_000), "sent no JSON. Correct critic.url."),
        (Response(b"\xff\xfe", media_type="application/json"), "sent no JSON. Correct critic.url."),
    ],
)
def test_what_is_no_json_is_told_without_its_words(
    ask: Callable[..., ModelServer], answer: Response, message: str
) -> None:
    server = ask(lambda _: answer)
    with pytest.raises(CriticError) as caught:
        server.ask([call(SECRET)])
    assert message in caught.value.message
    assert SECRET not in caught.value.message
    assert caught.value.__cause__ is None


def test_a_server_that_goes_silent_is_given_up() -> None:
    with threaded(lambda plug: (heard(plug), plug.recv(1))) as url:  # type: ignore[arg-type, return-value]
        server = ModelServer(url, timeout_s=0.3)
        try:
            assert "took longer than 0.3 s" in refused(server)
        finally:
            server.close()


def test_an_endless_answer_is_broken_off(ask: Callable[..., ModelServer]) -> None:
    assert "longer than any verdict" in refused(ask(lambda _: endless()))


def test_a_redirect_is_not_followed(ask: Callable[..., ModelServer], fake: FakeServer) -> None:
    assert "answered 307." in refused(ask(lambda _: elsewhere(f"{fake.url}/completions")))
    assert fake.paths == ["/v1/chat/completions"]


def test_a_server_that_is_not_there_is_told() -> None:
    server = ModelServer("http://127.0.0.1:9/v1", timeout_s=5)
    try:
        assert "cannot be reached. Start it, or correct critic.url." in refused(server)
    finally:
        server.close()


def test_a_broken_connection_is_told() -> None:
    with raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{") as url:
        server = ModelServer(url, timeout_s=5)
        try:
            assert "cannot be reached" in refused(server)
        finally:
            server.close()


def test_what_is_closed_twice_or_never_used_ends_quietly(ask: Callable[..., ModelServer], fake: FakeServer) -> None:
    server = ask()
    server.close()
    server.ask([call("a")])  # it may be used again
    server.close()
    server.close()
    assert len(fake.seen) == 1


def test_closing_ends_what_is_under_way(ask: Callable[..., ModelServer], fake: FakeServer) -> None:
    server = ask()
    failures: list[Exception] = []

    def judge() -> None:
        try:
            server.ask([call("SLOW")])
        except CriticError as error:
            failures.append(error)

    thread = threading.Thread(target=judge)
    thread.start()
    while not fake.seen:
        time.sleep(0.002)
    server.close()
    thread.join(5)
    assert [str(one) for one in failures] == ["The critic was closed while it was asked."]
