"""Every surface that guard serves, by its name and by its route."""

from __future__ import annotations

from collections.abc import Mapping

from guard.surfaces.chat import CHAT
from guard.surfaces.completions import COMPLETIONS
from guard.surfaces.embeddings import EMBEDDINGS, MODERATIONS
from guard.surfaces.gemini import GEMINI
from guard.surfaces.gemini_others import GEMINI_EMBEDDINGS, GEMINI_TOKENS
from guard.surfaces.google import is_googles
from guard.surfaces.messages import COUNT_TOKENS, MESSAGES
from guard.surfaces.responses import RESPONSES
from guard.surfaces.surface import Surface

SURFACES: tuple[Surface, ...] = (
    CHAT, RESPONSES, MESSAGES, COUNT_TOKENS, COMPLETIONS, EMBEDDINGS, MODERATIONS,
    GEMINI, GEMINI_TOKENS, GEMINI_EMBEDDINGS,
)  # fmt: skip
BY_NAME: Mapping[str, Surface] = {surface.name: surface for surface in SURFACES}
_BY_PATH: Mapping[str, Surface] = {surface.path: surface for surface in SURFACES}


def surface_at(path: str) -> Surface | None:
    """The surface that serves `path`; None where none does."""
    return _BY_PATH.get(path) or next((surface for surface in SURFACES if surface.serves(path)), None)


def surface_near(path: str) -> Surface:
    """The surface whose shape an error at an unknown route has: that of the API the route looks like."""
    if is_googles(path) and path != "/v1/models":
        return GEMINI
    return MESSAGES if path.startswith(MESSAGES.path) else CHAT
