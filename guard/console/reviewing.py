"""Where an auditor says whether verdicts are right: the queue of those to look at, and the form for the answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from guard.audit.labels import Label
from guard.console.candidates import Candidate
from guard.console.pages import ROOT, Parts, form_of, page, parts_of, record, viewer_of
from guard.console.story import judged, story_page

SHOWN: Final = 50
LONGEST_NOTE: Final = 1000
ANSWERS: Final = {"right": True, "wrong": False}


async def queue(request: Request) -> Response:
    """The verdicts on which nobody has spoken, the most useful first."""
    parts = parts_of(request)
    waiting, labels = await run_in_threadpool(_waiting, parts, SHOWN)
    right = sum(label.right for label in labels)
    told = request.query_params.get("told") == "label"
    values = {
        "waiting": waiting,
        "right": right,
        "wrong": len(labels) - right,
        "latest": labels[-1:-11:-1],
        "told": told,
        "complete": parts.counted.complete,
        "until": parts.counted.until,
    }
    return page(request, "queue.html", values)


async def give_label(request: Request) -> Response:
    """Take an answer: on record first, then among the labels."""
    parts, viewer = parts_of(request), viewer_of(request)
    exchange, form = request.path_params["exchange"], form_of(request)
    recorded = await run_in_threadpool(parts.reader.show, exchange)
    if recorded is None:
        raise HTTPException(404)
    principle, answer, note = form.get("principle", ""), form.get("answer", ""), form.get("note", "").strip()
    known = {one.principle for one in judged(recorded) if one.first.state != "not_judged"}
    if principle not in known:
        return await story_page(request, exchange, wrong="label.no_principle", status=400)
    if answer not in ANSWERS:
        return await story_page(request, exchange, wrong="label.no_answer", status=400)
    if len(note) > LONGEST_NOTE:
        return await story_page(request, exchange, wrong="label.long_note", status=400)
    await record(request, "label", exchange, f"{principle}: {answer}")
    label = Label(exchange, principle, ANSWERS[answer], note, viewer.name, time.time())
    await run_in_threadpool(parts.labels.put, label)
    if form.get("from") == "queue":
        return RedirectResponse(f"{ROOT}/queue?told=label", 303)
    return RedirectResponse(f"{ROOT}/exchanges/{quote(exchange, safe='')}#scores", 303)


def _waiting(parts: Parts, most: int) -> tuple[Sequence[Candidate], Sequence[Label]]:
    parts.counted.advance(parts.reader)
    spoken = parts.labels.labelled()
    found = parts.counted.candidates.waiting(lambda exchange, principle: (exchange, principle) in spoken)
    return tuple(islice(found, most)), parts.labels.all()
