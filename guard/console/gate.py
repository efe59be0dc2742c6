"""What stands before every page of the console: host names, sessions, the check of forms, security headers.

Written as plain ASGI, so that nothing of an answer passes it by. What an endpoint raises becomes a page without a
traceback: that would show what the endpoint had at hand.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guard.console.cookies import Cookies
from guard.console.language import COOKIE, choose, named
from guard.console.parts import Parts
from guard.console.seat import Seat, Viewer
from guard.console.secure import headers, host_of, is_own
from guard.console.signin_pages import page
from guard.console.tokens import fresh, is_token, same
from guard.errors import AuditError, GuardError, raised_at

logger = logging.getLogger("guard")

METHODS: Final = frozenset({"GET", "HEAD", "POST"})
LARGEST: Final = 65_536  # bytes of a form
FIELDS: Final = 200
FORM: Final = "application/x-www-form-urlencoded"
LANGUAGE_S: Final = 365 * 86_400.0


class Refused(Exception):
    """A request that goes no further: the status, and the key of what the page says."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Gate:
    """The middleware. Puts a `Seat` into `request.state.seat`."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts
        self._cookies = Cookies(parts.secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; nothing but HTTP is let through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        seat = Seat(None, "", self._parts.key, choose(*_wishes(request)))
        scope.setdefault("state", {})["seat"] = seat
        answer = _Answer(send, self._closing(request, seat))
        try:
            try:
                await self._admit(request, seat)
                if request.method == "POST":
                    receive = await self._check_form(request, seat)
                await self._app(scope, receive, answer)
            except Refused as refusal:
                await page(request, "refused.html", refusal.status, message=refusal.message)(scope, receive, answer)
        except ClientDisconnect:
            return  # nobody is there to be told anything
        except Exception as error:  # noqa: BLE001 - a traceback would show values
            logger.error("console: %s at %s", type(error).__name__, raised_at(error))  # noqa: TRY400
            if not answer.begun:
                await _failure(request, error)(scope, receive, answer)

    async def _admit(self, request: Request, seat: Seat) -> None:
        """Fill the seat, or raise Refused."""
        if request.method not in METHODS:
            raise Refused(405, "method")
        if [host_of(host) in self._parts.hosts for host in request.headers.getlist("host")] != [True]:
            raise Refused(400, "host")
        session = request.cookies.get(self._cookies.name("session"), "")
        visit = request.cookies.get(self._cookies.name("visit"), "")
        viewer: Viewer | None = await to_thread.run_sync(self._parts.sessions.find, session)
        seat.viewer = viewer
        # Without a session the token is bound to the visit: a form that is older than either is not taken.
        seat.secret = session if viewer else visit if is_token(visit) else fresh()

    async def _check_form(self, request: Request, seat: Seat) -> Receive:
        """Read a form and check where it comes from; gives what tells its body once more. Raises Refused."""
        if not is_own(request.headers, secure=self._parts.secure):
            raise Refused(403, "foreign")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise Refused(415, "unreadable")
        body = await _body(request)
        try:
            fields = dict(
                parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
            )
        except ValueError:
            raise Refused(400, "unreadable") from None  # what it says may be the value
        if not same(fields.pop("csrf", ""), seat.token):
            raise Refused(403, "foreign")
        seat.form = fields
        return _told_again(body, request.receive)

    def _closing(self, request: Request, seat: Seat) -> _Finish:
        return _Finish(self._cookies, headers(request.url.path, secure=self._parts.secure), request, seat)


class _Finish:
    """What every answer gets: the security headers, and the cookies of the visit and the language."""

    def __init__(self, cookies: Cookies, told: Mapping[str, str], request: Request, seat: Seat) -> None:
        self._cookies = cookies
        self._told = told
        self._request = request
        self._seat = seat

    def __call__(self, message: Message) -> None:
        """Add them to the beginning of an answer."""
        answer = MutableHeaders(scope=message)
        for name, value in self._told.items():
            answer[name] = value
        seat = self._seat
        known = self._request.cookies.get(self._cookies.name("visit"))
        if seat.shown and seat.viewer is None and known != seat.secret:
            answer.append("set-cookie", self._cookies.header("visit", seat.secret))
        chosen = named(self._request.query_params.get("lang"))
        if chosen is not None:
            answer.append("set-cookie", self._cookies.plain(COOKIE, chosen, seconds=LANGUAGE_S))


class _Answer:
    """The way to the client; `begun` once the beginning of an answer has gone."""

    def __init__(self, send: Send, finish: _Finish) -> None:
        self._send = send
        self._finish = finish
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            self._finish(message)
        await self._send(message)


def _wishes(request: Request) -> tuple[str | None, str | None, str]:
    return request.query_params.get("lang"), request.cookies.get(COOKIE), request.headers.get("accept-language", "")


async def _body(request: Request) -> bytes:
    """The body of a form. Raises Refused where it is too large."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST:
            raise Refused(413, "too_large")
        chunks.append(chunk)
    return b"".join(chunks)


def _told_again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, for the endpoint to read it too."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _failure(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, GuardError) else 500
    return page(request, "refused.html", status, message="unavailable" if isinstance(error, AuditError) else "failed")
