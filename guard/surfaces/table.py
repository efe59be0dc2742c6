"""Every surface that guard serves, by its name and by its route."""

from __future__ import annotations

from collections.abc import Mapping

from guard.surfaces.chat import CHAT
from guard.surfaces.completions import COMPLETIONS
from guard.surfaces.embeddings import EMBEDDINGS, MODERATIONS
from guard.surfaces.messages import COUNT_TOKENS, MESSAGES
from guard.surfaces.responses import RESPONSES
from guard.surfaces.surface import Surface

SURFACES: tuple[Surface, ...] = (CHAT, RESPONSES, MESSAGES, COUNT_TOKENS, COMPLETIONS, EMBEDDINGS, MODERATIONS)
BY_NAME: Mapping[str, Surface] = {surface.name: surface for surface in SURFACES}
BY_PATH: Mapping[str, Surface] = {surface.path: surface for surface in SURFACES}


def surface_near(path: str) -> Surface:
    """The surface whose shape an error at an unknown route has: that of the API the route looks like."""
    return MESSAGES if path.startswith(MESSAGES.path) else CHAT
