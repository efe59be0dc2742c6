"""Signing in and out: by a link that is good for once, or at the identity provider."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial, wraps
from typing import Final
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from guard.audit.acts import act_of
from guard.console.access import SIGN_IN, Endpoint, csrf_field, everyone, viewer_of
from guard.console.cookies import Cookies
from guard.console.limits import address
from guard.console.local import local
from guard.console.oidc import BEGUN_S, Identity
from guard.console.parts import CALLBACK, Parts
from guard.console.people import Person
from guard.console.refusals import SignInRefused
from guard.console.seat import seat_of
from guard.console.signin_pages import STYLE, page, style

logger = logging.getLogger("guard")

CONSOLE: Final = "console"  # what is signed in to, in the log
LINK: Final = f"{SIGN_IN}/link"
BEGIN: Final = f"{SIGN_IN}/begin"

Step = Callable[[Parts, Request], Awaitable[Response]]


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """The pages for signing in and out, below /console."""

    def at(path: str, step: Step, *methods: str) -> Route:
        return Route(path, everyone(_step(parts, step)), methods=list(methods))

    pages = [
        at(SIGN_IN, _sign_in, "GET"),
        at(STYLE, _style, "GET"),
        at(f"{LINK}/{{token}}", _show_link, "GET"),
        at(f"{LINK}/{{token}}", _use_link, "POST"),
        at("/console/sign-out", _sign_out, "POST"),
    ]
    if parts.provider is not None:
        pages += [at(BEGIN, _begin, "GET"), at(CALLBACK, _come_back, "GET")]
    return pages


def _step(parts: Parts, step: Step) -> Endpoint:
    """An endpoint that tells why somebody could not sign in, counts that, and makes who fails too often wait."""

    @wraps(step)
    async def taken(request: Request) -> Response:
        here = address(request.client.host if request.client else "")
        wait = parts.limits.wait_s(here)
        if wait > 0 and request.url.path not in {SIGN_IN, STYLE, "/console/sign-out"}:
            return _too_many(request, wait)
        try:
            return await step(parts, request)
        except SignInRefused as refusal:
            if refusal.reason == "wait":
                return _too_many(request, parts.limits.wait_s(f"person {refusal.person}"))
            whose = () if refusal.person is None else (f"person {refusal.person}",)
            parts.limits.failed(refusal.reason, here, *whose)
            logger.warning("console: a sign-in was refused: %s", refusal.reason)
            return page(request, "refused.html", _status(refusal), message=refusal.reason)

    return taken


async def _sign_in(parts: Parts, request: Request) -> Response:
    back_to = local(request.query_params.get("next"))
    provider = parts.provider
    return page(
        request,
        "sign_in.html",
        viewer=viewer_of(request),
        csrf=csrf_field(request),
        label=provider.config.label if provider else "",
        begin=f"{BEGIN}?next={quote(back_to, safe='')}",
    )


async def _style(_parts: Parts, _request: Request) -> Response:
    return Response(style(), media_type="text/css")


async def _show_link(parts: Parts, request: Request) -> Response:
    """Only show the link: what reads mail for viruses opens links too, and must not use it up."""
    token = request.path_params["token"]
    name = await to_thread.run_sync(parts.links.look, token)
    if name is None:
        raise await _bad_link(parts, token)
    return page(request, "link.html", name=name, csrf=csrf_field(request), action=f"{LINK}/{token}")


async def _use_link(parts: Parts, request: Request) -> Response:
    token = request.path_params["token"]
    name = await to_thread.run_sync(parts.links.look, token)
    if name is not None:
        _check_patience(parts, name)
    used = await to_thread.run_sync(parts.links.use, token)
    person = None if used is None else await to_thread.run_sync(parts.people.find, used)
    if person is None:
        raise await _bad_link(parts, token)
    return await _let_in(parts, request, person, "by link", local(None))


async def _bad_link(parts: Parts, token: str) -> SignInRefused:
    return SignInRefused("link", person=await to_thread.run_sync(parts.links.whose, token))


async def _begin(parts: Parts, request: Request) -> Response:
    assert parts.provider is not None  # noqa: S101 - else there is no such route
    url, kept = await parts.provider.begin(local(request.query_params.get("next")))
    answer = RedirectResponse(url, 303)
    answer.headers.append("set-cookie", Cookies(parts.secure).header("begun", kept, seconds=BEGUN_S))
    return answer


async def _come_back(parts: Parts, request: Request) -> Response:
    assert parts.provider is not None  # noqa: S101 - else there is no such route
    cookies = Cookies(parts.secure)
    kept = request.cookies.get(cookies.name("begun"), "")
    identity, back_to = await parts.provider.finish(request.query_params, kept)
    person = await _recognized(parts, identity)
    answer = await _let_in(parts, request, person, "by OpenID Connect", local(back_to))
    answer.headers.append("set-cookie", cookies.gone("begun"))
    return answer


async def _recognized(parts: Parts, identity: Identity) -> Person:
    """The person of an identity, with the role that its claims give. Raises SignInRefused."""
    people, run = parts.people, to_thread.run_sync
    person = await run(people.known_as, identity.subject) or await run(people.find, identity.name)
    name = person.name if person else identity.name
    _check_patience(parts, name)
    if person is not None and person.revoked is not None:
        raise SignInRefused("revoked", person=name)
    if person is not None and person.subject not in {None, identity.subject}:
        raise SignInRefused("name", person=name)  # their namesake was here first
    if person is not None and person.subject is None:
        await run(people.bind, name, identity.subject)
    role = identity.role or (person.role if person else None)
    if role is None:
        raise SignInRefused("no_role", person=name)
    if person is None or person.role != role:
        note = f"{role}, by the identity provider"
        await parts.record(act_of("identity provider", CONSOLE, "key", f"role of {name}", note))
        await run(people.change_role, name, role) if person else await run(people.enrol, name, role, identity.subject)
    known = await run(people.known_as, identity.subject)
    if known is None or known.revoked is not None:  # somebody else was quicker
        raise SignInRefused("name", person=name)
    return known


def _check_patience(parts: Parts, name: str) -> None:
    """Raise SignInRefused where too many attempts of this person failed of late."""
    if parts.limits.wait_s(f"person {name}") > 0:
        raise SignInRefused("wait", person=name)


async def _let_in(parts: Parts, request: Request, person: Person, how: str, back_to: str) -> Response:
    """Put the sign-in on record, then open a session with a token of its own. Raises AuditError."""
    cookies = Cookies(parts.secure)
    before = request.cookies.get(cookies.name("session"), "")
    await parts.record(act_of(person.name, person.role, "sign_in", CONSOLE, how))
    token = await to_thread.run_sync(partial(parts.sessions.open, person.name, instead_of=before))
    answer = RedirectResponse(back_to, 303)
    answer.headers.append("set-cookie", cookies.header("session", token, seconds=parts.sessions.lifetime_s))
    answer.headers.append("set-cookie", cookies.gone("visit"))
    return answer


async def _sign_out(parts: Parts, request: Request) -> Response:
    viewer, seat = viewer_of(request), seat_of(request)
    cookies = Cookies(parts.secure)
    answer = RedirectResponse(SIGN_IN, 303)
    answer.headers.append("set-cookie", cookies.gone("session"))
    if viewer is None or seat is None:
        return answer
    everywhere = seat.form.get("everywhere") == "1"
    # Out first: somebody who leaves must not stay signed in because the log cannot be written.
    if everywhere:
        await to_thread.run_sync(parts.sessions.close_all, viewer.name)
    else:
        await to_thread.run_sync(parts.sessions.close, seat.secret)
    await parts.record(act_of(viewer.name, viewer.role, "sign_out", CONSOLE, "everywhere" if everywhere else ""))
    return answer


def _status(refusal: SignInRefused) -> int:
    return 502 if refusal.reason == "provider" else 403


def _too_many(request: Request, wait: float) -> Response:
    answer = page(request, "refused.html", 429, message="too_many", minutes=int(wait // 60) + 1)
    answer.headers["retry-after"] = str(int(wait) + 1)
    return answer
