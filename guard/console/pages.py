"""Making a page: its template, the words of its reader's language, and what the log allows to be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from guard.audit.acts import act_of
from guard.audit.labels import Labels
from guard.audit.reading import Reader
from guard.config import Role
from guard.console import access
from guard.console.counting import Counted
from guard.console.language import LANGUAGES, OWN_NAMES
from guard.console.marks import pieces
from guard.console.seat import Viewer, seat_of
from guard.console.speech import Speech, speech
from guard.console.verifying import Verification
from guard.service import Service
from guard.times import date, instant, moment
from guard.types import Action

HERE: Final = Path(__file__).parent
ROOT: Final = "/console"
# The pages of the menu, by the key of their name, with the role that may see them.
MENU: Final[tuple[tuple[str, str, Role], ...]] = (
    ("overview", ROOT, "viewer"),
    ("exchanges", f"{ROOT}/exchanges", "viewer"),
    ("queue", f"{ROOT}/queue", "auditor"),
    ("held", f"{ROOT}/held", "auditor"),
    ("policies", f"{ROOT}/policies", "viewer"),
    ("constitutions", f"{ROOT}/constitutions", "viewer"),
    ("models", f"{ROOT}/models", "viewer"),
    ("health", f"{ROOT}/log", "admin"),
)


@dataclass(slots=True)
class Parts:
    """What the pages are made from; one for the application."""

    service: Service
    reader: Reader
    labels: Labels
    counted: Counted = field(default_factory=Counted)
    verification: Verification = field(default_factory=Verification)


def parts_of(request: Request) -> Parts:
    """The parts of the application that `request` came to."""
    parts: Parts = request.app.state.parts
    return parts


def speech_of(request: Request) -> Speech:
    """The language of the visitor."""
    seat = seat_of(request)
    return speech("en" if seat is None else seat.language)


def viewer_of(request: Request) -> Viewer:
    """Who looks; for pages that need a role."""
    viewer = access.viewer_of(request)
    if viewer is None:
        raise RuntimeError("a page that needs a role was reached without one")
    return viewer


def page(request: Request, name: str, values: Mapping[str, Any], *, status: int = 200) -> Response:
    """The page `name` with `values`. What it shows is for this reader alone, so that nobody keeps it."""
    say = speech_of(request)
    viewer = access.viewer_of(request)
    around = {
        "say": say,
        "language": say.language,
        "languages": [(code, OWN_NAMES[code], _switch(request, code)) for code in LANGUAGES],
        "viewer": viewer,
        "menu": [(key, address) for key, address, role in MENU if viewer is not None and viewer.may(role)],
        "may_look": viewer is not None and viewer.may("auditor"),
        "here": name.removesuffix(".html"),
        "csrf": access.csrf_field(request) if viewer is not None else "",
        "root": ROOT,
    }
    body = _environment().get_template(name).render({**around, **values})
    headers = {"cache-control": "no-store", "content-language": say.language, "vary": "cookie, accept-language"}
    return HTMLResponse(body, status, headers)


def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form that was sent, its token checked."""
    seat = seat_of(request)
    return {} if seat is None else seat.form


def seen_field(request: Request, subject: str) -> str:
    """The token for the field `seen` of a form on the page about `subject`: no other page holds it."""
    seat = seat_of(request)
    if seat is None:
        raise RuntimeError("no gate stands before this page")
    return seat.seen(subject)


async def record(request: Request, action: Action, subject: str, note: str = "") -> None:
    """Put on record what the viewer does; durable on return. Raises AuditError."""
    viewer = viewer_of(request)
    await parts_of(request).service.writer.record_async(act_of(viewer.name, viewer.role, action, subject, note))


def _switch(request: Request, code: str) -> str:
    """The same page in the language `code`."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return f"{request.url.path}?{urlencode([*query, ('lang', code)])}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": moment, "instant": instant, "day": date, "number": number, "pieces": pieces, "quoted": quoted,
        "visible": visible,
    }  # fmt: skip
    return environment


def number(value: float) -> str:
    """A number with its thousands apart; fractions to three digits that count."""
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"


def quoted(text: str) -> str:
    """Text as a part of an address."""
    return quote(text, safe="")


def visible(text: str) -> str:
    """Text whose control and direction characters show: a reply must not rearrange what the page says of it."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\u{{{ord(c):x}}}" for c in text)
