"""A model server that speaks OpenAI's API: many short calls at once, bounded in number and in time.

Critics block the thread that calls them, and the HTTP client does not: the calls run in a loop of their own, in a
thread that starts with the first call.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import threading
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from guard.backends.http_client import HttpClient
from guard.backends.http_response import HttpResponse
from guard.errors import CriticError

MOST_BYTES = 4_000_000  # of one answer
RETRIED = frozenset({429, 500, 502, 503, 504})
PAUSE_S = 0.5  # before the second try, where the server does not name a time
LONGEST_PAUSE_S = 5.0
REMEDIES: Mapping[int, str] = {
    400: " It does not know a part of the request: see critic.options, and whether the model's context is long enough.",
    401: " Check critic.key_env or critic.key_file.",
    403: " Check critic.key_env or critic.key_file.",
    404: " Check critic.url, which ends in /v1 with most servers, and critic.model.",
    429: " Lower critic.concurrency.",
}

Body = Mapping[str, Any]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Call:
    """One request: a path below the server's address, such as /chat/completions, and its body."""

    path: str
    body: Body


class ModelServer:
    """Asks one server; several threads may use it at once. Close it when nobody asks any more.

    `timeout_s` bounds a call with its second try, and all that is asked for one judgement; at most `concurrency` calls
    are under way, whoever asks.
    """

    def __init__(self, url: str, *, key: str | None = None, timeout_s: float = 30.0, concurrency: int = 8) -> None:
        self.url = url.rstrip("/")
        self._headers = {"content-type": "application/json"}
        if key:
            self._headers["authorization"] = f"Bearer {key}"
        self._timeout_s = timeout_s
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: HttpClient | None = None
        self._slots: asyncio.Semaphore = asyncio.Semaphore(concurrency)

    def ask(self, calls: Sequence[Call], *, first_alone: bool = False, patient: bool = False) -> list[Any]:
        """The JSON answers to `calls`, in order. Raises CriticError where one of them fails.

        With `first_alone` the others wait for the first answer: the server has then read what they all begin with, and
        reads it from its prefix cache. A `patient` caller bounds each call and not all of them.
        """
        if not calls:
            return []
        return self._run(self._all(calls, first_alone=first_alone, within=None if patient else self._timeout_s))

    def close(self) -> None:
        """Close every connection and end the thread."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        with self._lock:
            if self._loop is None:
                self._loop, self._slots = asyncio.new_event_loop(), asyncio.Semaphore(self._concurrency)
                self._thread = threading.Thread(target=self._loop.run_forever, name="guard-critic-http", daemon=True)
                self._thread.start()
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except (asyncio.CancelledError, concurrent.futures.CancelledError) as error:
            raise CriticError("The critic was closed while it was asked.") from error

    async def _end(self) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _all(self, calls: Sequence[Call], *, first_alone: bool, within: float | None) -> list[Any]:
        alone = 1 if first_alone else 0
        try:
            async with asyncio.timeout(within):
                answers = [await self._call(call) for call in calls[:alone]]
                return answers + await self._together(calls[alone:])
        except TimeoutError as error:
            raise self._late() from error

    async def _together(self, calls: Sequence[Call]) -> list[Any]:
        """The answers to `calls`; the first failure ends them all."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._call(call)) for call in calls]
        except* CriticError as errors:
            # One reason is enough, and the group's own message would only count them.
            raise _first(errors) from None
        return [task.result() for task in tasks]

    async def _call(self, call: Call) -> Any:
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._answer(call)
            except TimeoutError as error:
                raise self._late() from error

    async def _answer(self, call: Call) -> Any:
        """The answer to one call, tried twice where the server is busy, failing or gone."""
        pause = await self._try(call, last=False)
        if isinstance(pause, _Pause):
            await asyncio.sleep(pause.seconds)
            return await self._try(call, last=True)
        return pause

    async def _try(self, call: Call, *, last: bool) -> Any:
        try:
            response = await self._connections().request(
                "POST", self.url + call.path, self._headers, json.dumps(call.body).encode()
            )
            try:
                return await self._read(response, last=last)
            finally:
                response.close()
        except TimeoutError:  # an OSError as well
            raise
        except (OSError, ValueError) as error:
            if not last:
                return _Pause(PAUSE_S)
            raise CriticError("The critic's server cannot be reached. Start it, or correct critic.url.") from error

    async def _read(self, response: HttpResponse, *, last: bool) -> Any:
        if response.status in RETRIED and not last:
            return _Pause(_seconds(response.headers.get("retry-after")))
        if response.status != 200:
            raise CriticError(f"The critic's server answered {response.status}.{REMEDIES.get(response.status, '')}")
        return _parsed(await _body(response))

    def _connections(self) -> HttpClient:
        """The client; made on first use, in the loop that uses it. Raises ValueError for a wrong address."""
        if self._client is None:
            self._client = HttpClient(self.url, timeout_s=self._timeout_s, connect_timeout_s=self._timeout_s)
        return self._client

    def _late(self) -> CriticError:
        return CriticError(
            f"The critic's server took longer than {self._timeout_s:g} s. Raise critic.timeout_s, or give it a faster"
            " model."
        )


@dataclass(frozen=True, slots=True)
class _Pause:
    """What to wait before the second try."""

    seconds: float


def _first(errors: BaseExceptionGroup[CriticError]) -> CriticError:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _seconds(retry_after: str | None) -> float:
    """How long the server asks to wait, as far as it is a number and in bounds."""
    try:
        return min(max(float(retry_after or PAUSE_S), 0.0), LONGEST_PAUSE_S)
    except ValueError:
        return PAUSE_S


async def _body(response: HttpResponse) -> bytes:
    data = bytearray()
    while chunk := await response.next():
        data += chunk
        if len(data) > MOST_BYTES:
            raise CriticError("The critic's server sent an answer that is longer than any verdict.")
    return bytes(data)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # not `from` it: the error holds the text
        raise CriticError("The critic's server sent no JSON. Correct critic.url.") from None
