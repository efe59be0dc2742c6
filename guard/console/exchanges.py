"""The list of exchanges, with what it can be narrowed down to."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from guard.console.asked import CHOICES, DAYS, asked
from guard.console.pages import page, parts_of, record, viewer_of

A_PAGE = 50
TEXTS = ("user", "team", "application", "model")


async def exchanges(request: Request) -> Response:
    """A page of the list. A search in what was said is a look at content, and goes on record as one."""
    reader = parts_of(request).reader
    wish = asked(request.query_params, searches=viewer_of(request).may("auditor"))
    if wish.filters.text:
        await record(request, "look", "exchanges", "searched the masked content")
    rows = await run_in_threadpool(reader.list, A_PAGE + 1, wish.before, wish.filters)
    values = {
        "rows": rows[:A_PAGE],
        "fields": wish.fields,
        "days": DAYS,
        "texts": TEXTS,
        "choices": CHOICES,
        "wrong": wish.wrong,
        "older": wish.query(before=rows[A_PAGE - 1].seq) if len(rows) > A_PAGE else None,
        "newest": wish.query() if wish.before is not None else None,
        "narrowed": any(wish.fields.values()),
    }
    return page(request, "exchanges.html", values, status=400 if wish.wrong else 200)
