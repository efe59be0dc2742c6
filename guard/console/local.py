"""Where a sign-in may lead: to pages of the console, never away."""

from __future__ import annotations

import re
from typing import Final

HOME: Final = "/console"
LONGEST: Final = 1000
# One slash, then /console, then nothing that a browser could read as a host or a script: no backslash, no control.
_LOCAL: Final = re.compile(r"/console(?:/(?!/)[!-\[\]-~]*|\?[!-\[\]-~]*)?")


def local(target: str | None) -> str:
    """`target` where it is a page of the console, else the first page."""
    if target is None or len(target) > LONGEST or not _LOCAL.fullmatch(target):
        return HOME
    path = target.partition("?")[0]
    if "//" in path or ".." in path or "%" in path or path.startswith("/console/sign-"):
        return HOME
    return target
