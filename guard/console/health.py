"""The log's own health: how large it is, what signs it, what was left unfinished, and whether it is sound."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from guard.audit.reading import Filters
from guard.console.pages import ROOT, Parts, page, parts_of
from guard.console.story import last_checkpoint
from guard.errors import GuardError

SHOWN = 50


async def health(request: Request) -> Response:
    """The state of the log, and what its last check found."""
    parts = parts_of(request)
    return page(request, "health.html", await run_in_threadpool(_values, parts))


async def verify(request: Request) -> Response:
    """Begin a check of the whole log."""
    parts = parts_of(request)
    parts.verification.begin(parts.reader)
    return RedirectResponse(f"{ROOT}/log", 303)


def _values(parts: Parts) -> dict[str, Any]:
    config = parts.service.config
    try:
        key = str(parts.reader.public_key)
    except GuardError as error:
        key = error.message
    return {
        "checkpoint": last_checkpoint(parts.reader),
        "note": parts.reader.checkpoint(),
        "key": key,
        "store": config.audit.store,
        "unfinished": parts.reader.list(SHOWN, None, Filters(outcome="unfinished")),
        "began": parts.verification.began,
        "last": parts.verification.last,
    }
