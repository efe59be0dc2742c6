"""Office documents (ECMA-376): which parts of them are read, and in which order."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from guard.backends.budget import Budget, Limits, mismatch
from guard.backends.office_words import Words, elements
from guard.backends.worksheets import sheet_reader
from guard.errors import RequestError, TooLargeError

Document: TypeAlias = Literal["docx", "xlsx", "pptx"]

# The main part's type in each of them.
MAIN: Mapping[Document, str] = {
    "docx": "wordprocessingml.document",
    "xlsx": "spreadsheetml.sheet",
    "pptx": "presentationml.presentation",
}

_TYPES = "[Content_Types].xml"
# Parts without words, and the order of the others: what one sees first, then the rest by name.
_WORDLESS = re.compile(
    r"\[Content_Types\]\.xml|.*/(?:theme/.*|styles\.xml|stylesWithEffects\.xml|fontTable\.xml|webSettings\.xml"
    r"|calcChain\.xml|tableStyles\.xml|presProps\.xml|viewProps\.xml|printerSettings.*)"
)
_FIRST = (
    r"word/document\d*\.xml|xl/worksheets/.*\.xml|ppt/slides/.*\.xml",
    r"word/(?:header|footer).*|ppt/notesSlides/.*\.xml",
    r"word/(?:footnotes|endnotes|comments).*|xl/comments.*|xl/threadedComments/.*|ppt/comments/.*",
)
_SETTING = re.compile(r"[\d.]{1,7}|true|false")


def office_text(data: bytes, reader: Document, budget: Budget) -> Iterator[str]:
    """The words of an Office document, part by part."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = _checked(archive, budget.limits)
        types = archive.read(_TYPES) if _TYPES in archive.namelist() else b""
        if f"{MAIN[reader]}.main+xml".encode() not in types:
            raise mismatch()
        sheet = sheet_reader(archive, names, budget) if reader == "xlsx" else None
        seen: set[str] = set()
        for name in sorted(names, key=_order):
            if name.endswith(".rels"):
                lines = _links(archive.read(name))
            elif sheet and name.startswith("xl/worksheets/"):
                lines = sheet().read(archive.read(name))
            else:
                lines = Words(budget).read(archive.read(name))
            if _rank(name) == len(_FIRST):  # layouts and caches repeat each other
                lines = [line for line in dict.fromkeys(lines) if line not in seen and not _SETTING.fullmatch(line)]
            seen.update(lines)
            if lines:
                yield budget.spend("\n".join(lines))


def _checked(archive: zipfile.ZipFile, limits: Limits) -> list[str]:
    """The names of the parts to read. Raises TooLargeError, RequestError."""
    entries = archive.infolist()
    if len(entries) > limits.parts:
        raise TooLargeError(f"A file has more than {limits.parts} parts. Send a smaller one.")
    # What a part unpacks to is cut off at the size that its entry states.
    if sum(entry.file_size for entry in entries) > limits.unpacked:
        raise TooLargeError(f"A file unpacks to more than {limits.unpacked >> 20} MiB. Send a smaller one.")
    names = [entry.filename for entry in entries]
    odd = any(entry.flag_bits & 1 or entry.compress_type not in {0, zipfile.ZIP_DEFLATED} for entry in entries)
    if odd or len(set(names)) != len(names):
        raise RequestError("A file is packed in an unusual way. Save it anew with Office.")
    return [name for name in names if name.endswith((".xml", ".rels")) and not _WORDLESS.fullmatch(name)]


def _rank(name: str) -> int:
    return next((rank for rank, pattern in enumerate(_FIRST) if re.fullmatch(pattern, name)), len(_FIRST))


def _order(name: str) -> tuple[int, list[tuple[str, int]]]:
    """By rank, then by name, with numbers by their value: slide 2 before slide 10."""
    pieces = re.findall(r"(\D*)(\d{0,9})", name)
    return _rank(name), [(letters, int(digits or 0)) for letters, digits in pieces]


def _links(part: bytes) -> list[str]:
    """Where a part links to outside of the document."""
    return [a["Target"] for _, a in elements(part) if a.get("TargetMode") == "External" and a.get("Target")]
