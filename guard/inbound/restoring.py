"""The values go back to where their placeholders stand."""

from __future__ import annotations

from guard.mask.restore import StreamRestorer, restore
from guard.mask.vault import Vault
from guard.surfaces.attachments import replaced
from guard.surfaces.citations import moved
from guard.surfaces.stream import move_in
from guard.surfaces.surface import Surface
from guard.surfaces.walk import Path, rebuild
from guard.types import Json


def restored(surface: Surface, vault: Vault, body: dict[str, Json]) -> dict[str, Json]:
    """A whole body with every placeholder replaced by its value; the same object where none is."""
    if not len(vault):
        return body
    changes: dict[tuple[Path, bool], str] = {}
    for leaf in surface.reply_leaves(body):
        text = restore(leaf.text, vault)
        if text != leaf.text:
            changes[leaf.path, leaf.key] = text
    if not changes:
        return body
    # The counts first: where they stand, no key is a value, so their places stay.
    counts = moved(surface.citations(body), lambda cited: move_in(body, cited.text, StreamRestorer(vault)))
    rebuilt = rebuild(replaced(body, counts), changes)
    return rebuilt if isinstance(rebuilt, dict) else body
