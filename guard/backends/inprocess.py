"""A model inside this process as an upstream: for trying guard out, and for what must not leave the house."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from guard.asks import Request, Response
from guard.config import UpstreamConfig
from guard.errors import GuardError, RequestError, UpstreamError, UpstreamTimeout
from guard.surfaces.chat import CHAT
from guard.surfaces.stream import write_event
from guard.surfaces.walk import dump
from guard.types import Progress


class ChatModel(Protocol):
    """A model that answers chat completions. Both calls block."""

    name: str

    def complete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The whole reply. Raises RequestError."""
        ...

    def stream(self, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The chunks of a streamed reply; closing the iterator ends the work. Raises RequestError."""
        ...


class LocalUpstream:
    """Answers one call after the other, in a thread of its own."""

    def __init__(self, config: UpstreamConfig, model: ChatModel) -> None:
        self.config = config
        self.model = model
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="guard-local")

    @classmethod
    def load(cls, config: UpstreamConfig, *, cache: Path, progress: Progress) -> LocalUpstream:
        """Load the model that the configuration names. Raises ConfigError."""
        from guard.backends.local import LocalModel

        return cls(config, LocalModel.load(config.model or "", name=config.name, cache=cache, progress=progress))

    def line(self, path: str) -> LocalLine:
        """A connection for one call."""
        del path
        return LocalLine(self)

    async def models(self, headers: Mapping[str, str]) -> list[dict[str, object]]:
        """The one model."""
        del headers
        return [{"id": self.config.name, "object": "model", "created": 0, "owned_by": "guard"}]

    async def close(self) -> None:
        """End the thread after the call at hand."""
        self.thread.shutdown(wait=False, cancel_futures=True)


class LocalLine:
    """One exchange with a local model."""

    def __init__(self, upstream: LocalUpstream) -> None:
        self._upstream = upstream
        self._chunks: Iterator[dict[str, Any]] | None = None
        self._ended = False

    async def send(self, request: Request) -> Response:
        """Answer a request."""
        body = json.loads(request.body)
        try:
            if not request.stream:
                return Response(200, {}, dump(await self._call(self._upstream.model.complete, body)))
            self._chunks = await self._call(self._upstream.model.stream, body)
        except RequestError as error:
            return Response(error.status, {}, CHAT.error(error))
        return Response(200, {}, b"", streaming=True)

    async def next(self) -> Sequence[bytes]:
        """The next event, alone; none at the end."""
        if self._chunks is None or self._ended:
            return []
        chunk = await self._call(next, self._chunks, None)
        if chunk is None:
            self._ended = True
            return [b"data: [DONE]\n\n"]
        return [write_event(chunk)]

    async def close(self) -> None:
        """End the work where it has not ended."""
        chunks, self._chunks = self._chunks, None
        if chunks is not None and not self._ended:
            # The generator may be at work in its thread: it is closed there, after the step at hand.
            self._upstream.thread.submit(_close, chunks)

    async def _call(self, function: Any, *arguments: Any) -> Any:
        timeout = self._upstream.config.timeout_s
        try:
            work = asyncio.get_running_loop().run_in_executor(self._upstream.thread, function, *arguments)
            return await asyncio.wait_for(work, timeout)
        except (GuardError, asyncio.CancelledError):
            raise
        except TimeoutError as error:
            raise UpstreamTimeout("The local model did not answer in time.") from error
        except Exception as error:
            raise UpstreamError(f"The local model failed ({type(error).__name__}).") from error


def _close(chunks: Any) -> None:
    chunks.close()
