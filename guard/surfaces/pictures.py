"""Pictures in replies: bytes, which are neither read, judged nor changed, told apart from text in their place."""

from __future__ import annotations

import base64
import re

from guard.types import Json

# How files of pictures begin: PNG, JPEG, GIF, WebP.
_BEGINS = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF[\s\S]{4}WEBP")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_HEAD = 16  # digits of base64 that hold the beginning


def is_picture(value: Json) -> bool:
    """Whether `value` is the base64 (RFC 4648, section 4) of a picture; words in its place are none."""
    if not isinstance(value, str) or len(value) % 4 or not _BASE64.fullmatch(value):
        return False
    return _BEGINS.match(base64.b64decode(value[:_HEAD])) is not None
