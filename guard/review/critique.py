"""Ask the critic what is wrong, and believe it only where it can quote it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from guard.asks import Story, Write
from guard.constitution import Principle
from guard.errors import CriticError
from guard.review.prompts import Prompts
from guard.types import Dialogue

MOST_TOKENS = 160

_QUOTE = re.compile(r"^\W*QUOTE:[ \t]*(?P<quote>.+?)[ \t]*(?:\n+\W*WHY:|\Z)", re.DOTALL | re.MULTILINE)
_WHY = re.compile(r"^\W*WHY:[ \t]*(?P<why>.+?)\s*\Z", re.DOTALL | re.MULTILINE)
_MARKS = (('"', '"'), ("'", "'"), ("“", "”"), ("«", "»"), ("`", "`"), ("「", "」"))


@dataclass(frozen=True, slots=True)
class Critique:
    """What the critic wrote, and the (start, end) range of the passage it quoted."""

    text: str
    problem: str
    start: int
    end: int


def criticise(
    dialogue: Dialogue, principle: Principle, prompts: Prompts, *, editable: int, begin: int = 0
) -> Story[Critique | str]:
    """A critique whose quote stands verbatim in `dialogue.reply[begin:editable]`, else why there is none."""
    prompt = prompts.critique.format(
        statement=principle.statement, prompt=dialogue.prompt, reply=dialogue.reply[:editable]
    )
    try:
        text = yield Write(prompt, MOST_TOKENS)
    except CriticError:
        return "The critic could not write a critique."
    if not isinstance(text, str):
        return "The critique is not a text."
    place = quoted(text, dialogue.reply[:editable], begin)
    if place is None:
        return "The critique quotes nothing that the reply holds."
    why = _WHY.search(text)
    return Critique(text, why["why"] if why else principle.question, *place)


def quoted(critique: str, reply: str, begin: int = 0) -> tuple[int, int] | None:
    """Where in `reply`, from `begin` on, the passage stands that `critique` quotes.

    Verbatim, but for quotation marks around it.
    """
    match = _QUOTE.search(critique)
    if match is None:
        return None
    for quote in _unmarked(match["quote"].strip()):
        start = reply.find(quote, begin)
        if quote and start >= 0:
            return start, start + len(quote)
    return None


def _unmarked(quote: str) -> list[str]:
    """`quote`, and without the quotation marks around it if it has any."""
    inner = [quote[1:-1] for left, right in _MARKS if len(quote) > 2 and quote[0] == left and quote[-1] == right]
    return [quote, *inner]
