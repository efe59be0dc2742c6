"""Upstreams: the model servers that exchanges are sent to, over HTTP or inside this process."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from guard.access import CREDENTIALS
from guard.asks import Request, Response
from guard.backends.http_client import HttpClient
from guard.backends.http_response import HttpResponse, Unreadable
from guard.config import UpstreamConfig
from guard.errors import UpstreamError, UpstreamTimeout
from guard.surfaces.google import MODELS
from guard.surfaces.google import PREFIX as GOOGLE
from guard.surfaces.model_lists import from_google
from guard.surfaces.table import surface_at

_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
_VERSION = re.compile(r"\A/v1(beta)?(?=/)")
_KEY_HEADERS = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}  # where there is one of its own for the key


class Line(Protocol):
    """The connection of one exchange to its upstream."""

    async def send(self, request: Request) -> Response:
        """Send the request. Raises UpstreamError."""
        ...

    async def next(self) -> Sequence[bytes]:
        """The events that have arrived, each with its blank line; none at the end. Raises UpstreamError."""
        ...

    async def close(self) -> None:
        """Give the connection back, or break it off where the response has not ended."""
        ...


class Upstream(Protocol):
    """A model server."""

    config: UpstreamConfig

    def line(self, path: str) -> Line:
        """A connection for one call of `path`, such as /v1/chat/completions. Raises RequestError."""
        ...

    async def models(self, headers: Mapping[str, str]) -> list[dict[str, object]]:
        """The models it lists, in OpenAI's shape. Raises UpstreamError."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class EventSplitter:
    """Cuts a stream of bytes into server-sent events: the same events however the bytes arrive."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The events that `data` completes, each with its blank line. Raises UpstreamError over the limit."""
        self._held += data
        events: list[bytes] = []
        start = 0
        while match := _BLANK_LINE.search(self._held, max(start, self._searched - 3)):
            # A CR at the very end may be the first half of a CR LF.
            if match.end() == len(self._held) and match.group() == b"\r\r":
                break
            events.append(bytes(self._held[start : match.end()]))
            start = self._searched = match.end()
        del self._held[:start]
        self._searched = len(self._held)
        # However it arrived: a long event that came all at once is as long as one that came in pieces.
        if max(len(self._held), *map(len, events), 0) > self._limit:
            raise UpstreamError("The upstream sent an event that is over the limit limits.reply_bytes.")
        return events

    def flush(self) -> bytes | None:
        """What is left when the bytes end in the middle of an event."""
        rest = bytes(self._held).strip(b"\r\n")
        self._held.clear()
        return rest + b"\n\n" if rest else None


class HttpUpstream:
    """A model server that speaks the caller's API. `environ` holds the key that `key_env` names."""

    def __init__(self, config: UpstreamConfig, environ: Mapping[str, str], *, reply_bytes: int) -> None:
        self.config = config
        self.reply_bytes = reply_bytes
        self._base = (config.url or "").rstrip("/")
        self._client: HttpClient | None = None
        self._key = config.key(environ)

    def line(self, path: str) -> HttpLine:
        """A connection for one call."""
        del path
        return HttpLine(self)

    def url(self, path: str) -> str:
        """Where `path`, which begins with the version of an API, is at this upstream."""
        if path.startswith(GOOGLE) and self.config.api != "gemini":  # a gateway that speaks this API beside its own
            return self._base.removesuffix("/v1") + path
        return self._base + _VERSION.sub("", path)

    def headers(self, given: Mapping[str, str]) -> dict[str, str]:
        """The headers to send: the upstream's own key takes the place of the caller's."""
        plain = {"content-type": "application/json"}
        if self._key is None:
            return {**given, **plain}
        name = _KEY_HEADERS.get(self.config.api)
        own = {name: self._key} if name else {"authorization": f"Bearer {self._key}"}
        return {**{name: value for name, value in given.items() if name not in CREDENTIALS}, **own, **plain}

    def client(self) -> HttpClient:
        """Its connections; made on first use, in the loop that uses them. Raises ValueError for a wrong address."""
        if self._client is None:
            self._client = HttpClient(self._base, timeout_s=self.config.timeout_s)
        return self._client

    async def models(self, headers: Mapping[str, str]) -> list[dict[str, object]]:
        """The models it lists. Raises UpstreamError."""
        path = f"{MODELS}?pageSize=1000" if self.config.api == "gemini" else "/v1/models"
        line = self.line(path)
        try:
            response = await line.request("GET", path, headers, b"")
            found = await line.json(response)
        finally:
            await line.close()
        if self.config.api == "gemini":
            data: object = from_google(found, self.config.name)
        else:
            data = found.get("data") if isinstance(found, dict) else None
        if not isinstance(data, list):
            raise UpstreamError(f"The upstream '{self.config.name}' lists no models.")
        return [item for item in data if isinstance(item, dict) and isinstance(item.get("id"), str)]

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.close()


class TranslatedUpstream:
    """An upstream of its own API, and beside it litellm for the calls of every other, made when it is needed."""

    def __init__(self, own: HttpUpstream, translator: Callable[[], Upstream]) -> None:
        self.config = own.config
        self._own = own
        self._make = translator
        self._translator: Upstream | None = None

    def line(self, path: str) -> Line:
        """A connection for one call. Raises RequestError."""
        surface = surface_at(path)
        if surface is not None and self.config.speaks(surface.name):
            return self._own.line(path)
        self._translator = self._translator or self._make()
        return self._translator.line(path)

    async def models(self, headers: Mapping[str, str]) -> list[dict[str, object]]:
        """The models it lists. Raises UpstreamError."""
        return await self._own.models(headers)

    async def close(self) -> None:
        """Close every connection."""
        await self._own.close()
        if self._translator is not None:
            await self._translator.close()


class HttpLine:
    """One exchange with an HTTP upstream."""

    def __init__(self, upstream: HttpUpstream) -> None:
        self._upstream = upstream
        self._response: HttpResponse | None = None
        self._splitter = EventSplitter(upstream.reply_bytes)
        self._ended = False

    async def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Send a request and wait for the head of its response. Raises UpstreamError."""
        upstream = self._upstream
        try:
            # It follows no redirect, which would carry the prompt to a server that nobody named.
            self._response = await upstream.client().request(
                method, upstream.url(path), upstream.headers(headers), body
            )
        except TimeoutError as error:
            raise UpstreamTimeout("The upstream did not answer in time.") from error
        except Unreadable as error:
            raise UpstreamError("The upstream answered in a compression that guard does not ask for.") from error
        except (OSError, ValueError) as error:
            raise UpstreamError("The upstream could not be reached.") from error
        if not 200 <= self._response.status < 600 or self._response.status in {204, 205}:
            raise UpstreamError("The upstream answered with a status that no reply has.")
        if 300 <= self._response.status < 400:
            raise UpstreamError("The upstream answered with a redirect, which guard does not follow.")
        return self._response

    async def send(self, request: Request) -> Response:
        """Send the request. Raises UpstreamError."""
        response = await self.request(request.method, request.path, request.headers, request.body)
        if response.status < 400 and response.content_type == "text/event-stream":
            return Response(response.status, response.headers, b"", streaming=True)
        body = await self._read(response)
        await self.close()
        return Response(response.status, response.headers, body)

    async def _read(self, response: HttpResponse) -> bytes:
        data = bytearray()
        try:
            while chunk := await response.next():
                data += chunk
                if len(data) > self._upstream.reply_bytes:
                    raise UpstreamError("The upstream's reply is over the limit limits.reply_bytes.")
        except TimeoutError as error:
            raise UpstreamTimeout("The upstream took too long in the middle of its reply.") from error
        except OSError as error:
            raise UpstreamError("The upstream broke off in the middle of its reply.") from error
        return bytes(data)

    async def json(self, response: HttpResponse) -> object:
        """The JSON body of a successful response. Raises UpstreamError."""
        body = await self._read(response)
        if response.status != 200:
            raise UpstreamError(f"The upstream answered {response.status}.")
        try:
            return json.loads(body)
        except ValueError as error:
            raise UpstreamError("The upstream's reply is not valid JSON.") from error

    async def next(self) -> Sequence[bytes]:
        """The events that have arrived; none at the end. Raises UpstreamError when the stream breaks."""
        while not self._ended and self._response is not None:
            try:
                chunk = await self._response.next()
            except TimeoutError as error:
                raise UpstreamTimeout("The upstream took too long in the middle of its stream.") from error
            except OSError as error:
                raise UpstreamError("The upstream broke off in the middle of its stream.") from error
            if not chunk:
                self._ended = True
                rest = self._splitter.flush()
                return [rest] if rest else []
            if events := self._splitter.feed(chunk):
                return events
        return []

    async def close(self) -> None:
        """Give the connection back when the response was read to its end, else break it off."""
        response, self._response = self._response, None
        if response is not None:
            response.close()
