"""The pages for signing in, and those that say why something was refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response

from guard.console.language import LANGUAGES, OWN_NAMES, Language
from guard.console.local import local
from guard.console.seat import seat_of
from guard.console.words_signin import WORDS

if TYPE_CHECKING:
    from jinja2 import Environment
    from starlette.requests import Request

HERE: Final = Path(__file__).parent
STYLE: Final = "/console/sign-in/style.css"


def page(request: Request, template: str, status: int = 200, *, message: str = "", **values: object) -> Response:
    """A page in the visitor's language; `message` is the key of what it says, and `values` fill its places."""
    seat = seat_of(request)
    language = "en" if seat is None else seat.language
    words = WORDS[language]
    text = (
        _templates()
        .get_template(template)
        .render(
            say=lambda key, **given: words[key].format(**given),
            message=words[message].format(**values) if message else "",
            language=language,
            languages=[(_in_language(request, code), code, OWN_NAMES[code]) for code in LANGUAGES],
            style=STYLE,
            **values,
        )
    )
    return HTMLResponse(text, status)


def _in_language(request: Request, code: Language) -> str:
    """The link to this page in another language; where it was to lead on to stays."""
    kept = request.query_params.get("next")
    return "?" + urlencode({"lang": code} if kept is None else {"lang": code, "next": local(kept)})


def style() -> bytes:
    """The style sheet of these pages."""
    return (HERE / "static" / "signin.css").read_bytes()


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = FileSystemLoader(HERE / "templates" / "signin")
    return Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
