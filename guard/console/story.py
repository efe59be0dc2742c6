"""One exchange as a story: what left, what came back, how it was judged, what was changed, and who looked at it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from guard.audit import checkpoint as notes
from guard.audit.checkpoint import Checkpoint
from guard.audit.labels import Label
from guard.audit.reading import Filters, Reader, Recorded
from guard.console.changes import Change, changes
from guard.console.pages import Parts, page, parts_of, record, viewer_of
from guard.errors import GuardError
from guard.surfaces.table import BY_NAME
from guard.surfaces.walk import label
from guard.types import Closing, Opening, Verdict


@dataclass(frozen=True, slots=True)
class Said:
    """One text of a request, and where in it, as `messages[0].content`."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of one principle: at first and, where the reply was revised, in the end.

    `choice` is None for a prompt.
    """

    choice: int | None
    principle: str
    first: Verdict
    last: Verdict | None
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Proved:
    """Where an exchange stands in the log, and the newest checkpoint; None for what cannot be told."""

    seq: int | None
    checkpoint: Checkpoint | None


async def story(request: Request) -> Response:
    """The page of one exchange. That an auditor looks at it is on record before it is sent."""
    return await story_page(request, request.path_params["exchange"])


async def story_page(request: Request, exchange: str, *, wrong: str = "", status: int = 200) -> Response:
    """The same, with what was `wrong` in a form that was sent, by the key of its message."""
    parts, looks = parts_of(request), viewer_of(request).may("auditor")
    recorded = await run_in_threadpool(parts.reader.show, exchange)
    if recorded is None:
        raise HTTPException(404)
    if looks:
        await record(request, "look", exchange)
    values = await run_in_threadpool(_values, parts, recorded, looks=looks)
    query = request.query_params
    form = {"wrong": wrong, "queued": query.get("from") == "queue", "picked": query.get("principle", "")}
    return await run_in_threadpool(page, request, "story.html", {**values, **form}, status=status)


def judged(recorded: Recorded, labels: Sequence[Label] = ()) -> tuple[Judged, ...]:
    """Every principle that was judged, those of the prompt in front."""
    by_principle: dict[str, list[Label]] = {}
    for one in labels:
        by_principle.setdefault(one.principle, []).append(one)
    verdicts: dict[tuple[int | None, str], list[Verdict]] = {}
    for verdict in recorded.opening.verdicts:
        verdicts.setdefault((None, verdict.principle), []).append(verdict)
    for choice, verdict in recorded.closing.verdicts if recorded.closing else ():
        verdicts.setdefault((choice, verdict.principle), []).append(verdict)
    return tuple(
        Judged(choice, name, found[0], found[-1] if found[1:] else None, tuple(by_principle.get(name, ())))
        for (choice, name), found in verdicts.items()
    )


def said(opening: Opening) -> tuple[Said, ...]:
    """The texts of a request in their order; the whole body where it cannot be read as its surface's."""
    surface = BY_NAME.get(opening.surface)
    if not opening.request:
        return ()
    try:
        if surface is None:
            return (Said("", opening.request),)
        call = surface.recorded(opening.request.encode(), opening.model, stream=opening.stream)
    except GuardError:
        return (Said("", opening.request),)
    keys = surface.vocabulary.keys
    return tuple(
        Said(label(leaf.path, keys), leaf.text) for leaf in call.leaves if leaf.kind != "fixed" and not leaf.key
    )


def _values(parts: Parts, recorded: Recorded, *, looks: bool) -> Mapping[str, Any]:
    opening, closing = recorded.opening, recorded.closing
    parts.counted.advance(parts.reader)
    values: dict[str, Any] = {
        "opening": opening,
        "closing": closing,
        "judged": judged(recorded, parts.labels.of(opening.exchange) if looks else ()),
        "timings": tuple(_timings(opening, closing)),
        "proved": _proved(parts.reader, opening),
        "acts": parts.counted.acts_on(opening.exchange),
    }
    if looks:
        values |= {"said": said(opening), "changed": _changed(closing)}
    return values


def _changed(closing: Closing | None) -> tuple[Change, ...]:
    if closing is None or closing.reply == closing.sent or closing.decision != "revise":
        return ()
    return changes(closing.reply, closing.sent)


def _timings(opening: Opening, closing: Closing | None) -> Iterator[tuple[str, float]]:
    yield from (closing or opening).timings_ms.items()
    if closing is not None:
        yield "whole", (closing.time - opening.time) * 1000


def _proved(reader: Reader, opening: Opening) -> Proved:
    instant = Filters(since=opening.time, until=math.nextafter(opening.time, math.inf))
    seq = next((row.seq for row in reader.list(100, None, instant) if row.exchange == opening.exchange), None)
    return Proved(seq, last_checkpoint(reader))


def last_checkpoint(reader: Reader) -> Checkpoint | None:
    """The newest checkpoint, if the log's own key signed it; None where there is none, or no sound one."""
    try:
        note = reader.checkpoint()
        return None if note is None else notes.verify(note, reader.keys(reader.public_key), witnessed=True)
    except GuardError:
        return None
