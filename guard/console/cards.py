"""Models with their cards: what each is for, who answers for it, what it is good at and where it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from guard.config import DEFAULTS
from guard.console.pages import page, parts_of
from guard.documents import Strict, read

CARDS: Final = DEFAULTS / "cards"


class Card(Strict):
    """The card of one model. `approved` says by whom and when its use was approved; empty where nobody did."""

    model: str = Field(min_length=1)
    kind: str = Field(pattern=r"^(critic|recognizer|upstream|reader)$")
    purpose: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    licence: str = ""
    approved: str = ""
    strengths: tuple[str, ...] = ()
    limits: tuple[str, ...] = Field(min_length=1)
    figures: str = ""


def load(own: Path | None) -> tuple[Card, ...]:
    """The cards that come with guard and those of the folder `own`. Raises ConfigError.

    A file of the same name takes the place of guard's.
    """
    files = {file.stem: file for file in sorted(CARDS.glob("*.yaml"))}
    if own is not None:
        files |= {file.stem: file for file in sorted(own.glob("*.yaml"))}
    return tuple(sorted((read(file, Card) for file in files.values()), key=lambda card: (card.kind, card.model)))


async def models(request: Request) -> Response:
    """The models in use, and every card."""
    service = parts_of(request).service
    cards = await run_in_threadpool(load, service.config.console.cards)
    values = {
        "cards": cards,
        "critic": service.critic,
        "critic_wish": service.config.critic,
        "learnt": service.learnt,
        "upstreams": service.config.upstreams,
        "rules": service.policies,
    }
    return page(request, "models.html", values)
