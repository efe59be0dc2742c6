"""Files and pictures inside a request: what they are, and what takes their place once guard has read them.

The forms are those of OpenAI's chat completions and responses, of Anthropic's messages and of Gemini.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from guard.surfaces.walk import Path
from guard.types import Json

_DATA_URL = re.compile(r"data:(?P<kind>[^,]*?);base64,(?P<data>.*)", re.DOTALL | re.IGNORECASE)
_BLOBS = ("inlineData", "inline_data")  # under either name a part of Gemini's holds bytes
_KEPT = frozenset({"title", "context", "citations", "cache_control"})  # of a document, beside its source


@dataclass(frozen=True, slots=True)
class Attachment:
    """What was attached: its MIME type as the caller states it, and its bytes."""

    kind: str
    data: bytes

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture, which stays one."""
        return self.kind.lower().startswith("image/")


def attachment(item: Json) -> Attachment | None:
    """What a part of a request carries itself; None where it only names a file or an address, or is something else."""
    match item:
        case {"type": "image_url", "image_url": {"url": str(url)}} | {"type": "input_image", "image_url": str(url)}:
            return _from_url(url)
        case {"type": "file", "file": {"file_data": str(url)}} | {"type": "input_file", "file_data": str(url)}:
            return _from_url(url)
        case {"type": "image" | "document", "source": {"type": "base64", "media_type": str(kind), "data": str(data)}}:
            return _decoded(kind, data)
        case str(url):
            return _from_url(url)
        case dict():
            blob = item.get(_blob_of(item))
            given = (blob.get("mimeType", blob.get("mime_type")), blob.get("data")) if isinstance(blob, dict) else ()
            match given:
                case (str(kind), str(data)):
                    return _decoded(kind, data)
    return None


def with_text(item: Json, text: str) -> Json:
    """What takes the place of a file: its text."""
    if not isinstance(item, dict):
        return text
    if _blob_of(item):
        return {"text": text}
    match item.get("type"):
        case "document":
            kept = {key: value for key, value in item.items() if key in _KEPT}
            return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": text}, **kept}
        case "input_file" | "input_image":
            return {"type": "input_text", "text": text}
    return {"type": "text", "text": text}


def with_picture(item: Json, kind: str, data: bytes) -> Json:
    """The same item with another picture."""
    encoded = base64.b64encode(data).decode()
    url = f"data:{kind};base64,{encoded}"
    if not isinstance(item, dict):
        return url
    place = _blob_of(item)
    blob = item.get(place)
    if isinstance(blob, dict):
        named = "mime_type" if "mime_type" in blob else "mimeType"
        return {**item, place: {**blob, named: kind, "data": encoded}}
    held = item.get("image_url")
    source = item.get("source")
    if isinstance(source, dict):
        return {**item, "source": {**source, "media_type": kind, "data": encoded}}
    return {**item, "image_url": {**held, "url": url} if isinstance(held, dict) else url}


def _blob_of(item: Mapping[str, Json]) -> str:
    """The key of a part's bytes; empty where it has none."""
    return next((key for key in _BLOBS if key in item), "")


def at(body: Json, path: Path) -> Json:
    """What stands at `path`."""
    for step in path:
        body = body[step]  # type: ignore[index]
    return body


def replaced(body: Json, items: Mapping[Path, Json], path: Path = ()) -> Json:
    """A copy of `body` in which other items stand at their paths."""
    if path in items:
        return items[path]
    match body:
        case dict():
            return {key: replaced(value, items, (*path, key)) for key, value in body.items()}
        case list():
            return [replaced(value, items, (*path, index)) for index, value in enumerate(body)]
    return body


def _from_url(url: str) -> Attachment | None:
    match = _DATA_URL.fullmatch(url)
    return _decoded(match["kind"], match["data"]) if match else None


def _decoded(kind: str, data: str) -> Attachment | None:
    try:
        return Attachment(kind, base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return None
