"""The words of an exchange, apart from its entries, so that they can be destroyed without breaking a proof.

In the body of an entry stands for each text a commitment: SHA-256 over a random salt of 16 bytes and the text in UTF-8,
in hexadecimal; an empty text stands for itself. The texts and their salts lie beside the tree, sealed (see
`guard.audit.persons`), and the body holds the id of the key and the SHA-256 of the sealed bytes too. So the content of
an entry is proven by the tree, with the key to open it and without; and once it is destroyed, salts and all, no guess
at it can be confirmed.

Since schema 4. Before, the words stood in the body itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from guard.audit.canonical import dumped, loaded, storable, utf8
from guard.times import date
from guard.types import Closing, Opening

SALT_BYTES: Final = 16
TEXTS: Final[Mapping[str, tuple[str, ...]]] = {"opening": ("request",), "closing": ("reply", "sent")}
# The quotation marks of a text inside the body are escaped, so these are found nowhere but as the fields themselves.
_SEALED: Final = re.compile(rb'"sealed":"([0-9a-f]{32}):([0-9a-f]{64})"')
_KEEPING: Final = re.compile(rb'"keeping":\{"content":"\w+","person":("(?:[^"\\]|\\.)*"),"until":([^}]+)\}')

Why = Literal["none", "destroyed", "sealed", "locked", "missing", "altered"]
# none       the policy kept no words
# destroyed  they were destroyed: on request, or because their time was over
# sealed     only the break-glass key opens them
# locked     the tenant key does not open them, or is not there
# missing    they are not there, and nothing says why
# altered    they are not what the entry was made of


@dataclass(frozen=True, slots=True)
class Lack:
    """Why the words of an entry are not told; `time` is when they were destroyed, `act` the entry that says by whom."""

    why: Why
    time: float = 0.0
    act: str = ""

    def __str__(self) -> str:
        """For people."""
        match self.why:
            case "none":
                return "content is not kept"
            case "destroyed":
                return f"content destroyed on {date(self.time)}"
            case "sealed":
                return "sealed: break glass to read"
            case "locked":
                return "sealed: the tenant key does not open it; restore tenant.key"
            case "missing":
                return "content is missing. Run: guard audit verify"
            case "altered":
                return "content was ALTERED. Run: guard audit verify"


def commitment(salt: bytes, text: str) -> str:
    """What the body of an entry holds of `text`."""
    return sha256(salt + utf8(text)).hexdigest()


def taken(kind: str, data: dict[str, Any]) -> bytes:
    """Replace the words of an entry, as JSON, by their commitments; gives what to seal, b"" where there are none."""
    places = [place for place in _places(kind, data) if place[1][place[2]]]
    if not places:
        return b""
    chance, said = os.urandom(SALT_BYTES * len(places)), {}
    for at, (name, holder, key) in enumerate(places):
        salt, text = chance[SALT_BYTES * at : SALT_BYTES * (at + 1)], holder[key]
        said[name] = [salt.hex(), text]
        holder[key] = commitment(salt, text)
    return dumped(said)


def emptied(kind: str, data: dict[str, Any]) -> None:
    """Replace the words of an entry, or what stands for them, by nothing. Raises ValueError for what is no text."""
    for _, holder, key in _places(kind, data):
        if type(holder[key]) is not str:
            raise ValueError
        holder[key] = ""


def put_back(kind: str, data: dict[str, Any], clear: bytes) -> None:
    """Replace the commitments of an entry by the words in `clear`. Raises ValueError where they do not fit."""
    said = loaded(clear)
    places = [place for place in _places(kind, data) if place[1][place[2]]]
    if not isinstance(said, dict) or said.keys() != {name for name, _, _ in places}:
        raise ValueError
    for name, holder, key in places:
        match said[name]:
            case [str(salt), str(text)] if commitment(bytes.fromhex(salt), text) == holder[key]:
                holder[key] = text
            case _:
                raise ValueError


def named(key_id: bytes, sealed: bytes) -> str:
    """What the body of an entry holds of how its words are sealed: the id of the key and the SHA-256, hexadecimal."""
    return f"{key_id.hex()}:{sha256(sealed).hexdigest()}"


def sealed_in(body: bytes) -> str:
    """What `body` holds of how its words are sealed, as `named` gives it; "" where none are kept."""
    found = _SEALED.search(body) if isinstance(body, bytes) else None
    return b":".join(found.groups()).decode() if found else ""


def keeping_in(body: bytes) -> tuple[str, float] | None:
    """For whom `body` says its words are sealed, and until when; None where it does not say it."""
    found = _KEEPING.search(body)
    if found is None:
        return None
    try:
        return storable(loaded(found[1])), float(found[2])
    except ValueError:
        return None


def words_of(entry: Opening | Closing) -> str:
    """The texts of an entry, each once, for an index: what every database holds in a text."""
    if isinstance(entry, Opening):
        texts = entry.request
    else:
        critiques = (revision.critique for revision in entry.revisions)
        texts = "\n".join(dict.fromkeys((entry.reply, entry.sent, *critiques)))
    return storable(texts).replace("\0", " ")


def _places(kind: str, data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Where the words of an entry stand: a name for each, the object that holds it, and its key there."""
    for name in TEXTS.get(kind, ()):
        yield name, data, name
    for at, revision in enumerate(data.get("revisions", ())):
        yield f"revisions.{at}.critique", revision, "critique"
