"""Replies that are withheld until a person has decided, and the form in which a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from guard.audit.acts import act_of
from guard.audit.held import Kept
from guard.console.changes import changes
from guard.console.pages import ROOT, Parts, form_of, page, parts_of, record, seen_field, viewer_of
from guard.console.tokens import same
from guard.errors import RequestError

ANSWERS: Final[Mapping[str, Literal["approved", "rejected"]]] = {"approve": "approved", "reject": "rejected"}
LONGEST_NOTE: Final = 500


async def held(request: Request) -> Response:
    """The replies that wait for a decision, and those about which one was taken."""
    kept = await run_in_threadpool(parts_of(request).service.held.list)
    values = {
        "waiting": [one for one in kept if one.decided == "pending"],
        "decided": [one for one in kept if one.decided != "pending"],
        "told": request.query_params.get("told") == "decision",
    }
    return page(request, "held.html", values)


async def held_reply(request: Request) -> Response:
    """One held reply, to be decided about. That somebody looks at it is on record before it is sent."""
    exchange = request.path_params["exchange"]
    kept = await run_in_threadpool(parts_of(request).service.held.find, exchange)
    await record(request, "look", exchange, "a held request" if kept.held.turns else "a held reply")
    return await run_in_threadpool(_told, request, kept)


async def decide(request: Request) -> Response:
    """Release or refuse a held reply, from the page that shows it alone. Raises RequestError."""
    parts, viewer = parts_of(request), viewer_of(request)
    form = form_of(request)
    answer, note = form.get("answer", ""), form.get("note", "").strip()
    exchange = request.path_params["exchange"]
    if not same(form.get("seen", ""), seen_field(request, exchange)):
        raise RequestError("Nobody decides about a reply unseen. Open its page, and decide there.", param="seen")
    if answer not in ANSWERS:
        raise RequestError("A decision about a held reply is 'approve' or 'reject'.", param="answer")
    if len(note) > LONGEST_NOTE:
        raise RequestError(f"The note is over {LONGEST_NOTE} characters. Shorten it.", param="note")
    recorded = partial(_record, parts, viewer.name, viewer.role)
    await run_in_threadpool(parts.service.held.decide, exchange, ANSWERS[answer], viewer.name, note, recorded)
    return RedirectResponse(f"{ROOT}/held?told=decision", 303)


def _told(request: Request, kept: Kept) -> Response:
    """The page of one held reply. For a thread: its texts may be long."""
    change = changes(kept.held.reply, kept.held.sent) if kept.held.reply != kept.held.sent else ()
    return page(
        request, "held_reply.html", {"kept": kept, "changed": change, "seen": seen_field(request, kept.held.exchange)}
    )


def _record(
    parts: Parts, actor: str, role: str, action: Literal["approve", "reject"], exchange: str, note: str
) -> None:
    parts.service.writer.record(act_of(actor, role, action, exchange, note))
