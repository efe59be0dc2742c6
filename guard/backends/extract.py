"""Files that guard cannot look into as they come: their text, to be masked and sent in their place.

The file itself must not be sent on. It holds more than is read here (pictures and embedded files in Office documents,
attachments of a PDF, scripts, fonts, letters drawn as shapes), and what was not read does not leave.

What is read, beside the text that one sees:

    PDF                 invisible text, annotations, links, form fields, bookmarks, title and author; pages that are
                        pictures by OCR (see guard.backends.images for what that can read)
    DOCX, XLSX, PPTX    headers, footers, notes, comments, text boxes, deleted text, field codes, alternative texts,
                        links, properties, hidden and very hidden sheets, formulas, names, masters, charts, diagrams
    HTML                hidden elements, comments, attributes that hold words, scripts and styles
    XML                 as it stands, with its character references written out; no entity is ever expanded
    text                as it stands: plain, Markdown, CSV, TSV, JSON, YAML

Pages, sheets and parts are parted by a form feed, so that `place` can say where something was found. ECMA-376 is the
source for Office, ISO 32000 for PDF. RTF, OpenDocument and the Office formats before 2007 are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import unescape
from typing import Literal, TypeAlias

from guard.backends.budget import LIMITS, Budget, Limits, Result, mismatch
from guard.backends.markup import OLD, ZIP, decoded, html_text
from guard.backends.office import MAIN, office_text
from guard.backends.pdf import pdf_text
from guard.errors import GuardError, PolicyError, RequestError, TooLargeError

__all__ = ["KINDS", "LIMITS", "Limits", "extract_text", "place"]

Reader: TypeAlias = Literal["pdf", "docx", "xlsx", "pptx", "html", "xml", "text"]

KINDS: Mapping[str, Reader] = {
    "application/pdf": "pdf",
    **{f"application/vnd.openxmlformats-officedocument.{main}": reader for reader, main in MAIN.items()},
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/xml": "xml",
    "application/xml": "xml",
    "text/plain": "text",
    "text/markdown": "text",
    "text/x-markdown": "text",
    "text/csv": "text",
    "text/tab-separated-values": "text",
    "text/yaml": "text",
    "application/yaml": "text",
    "application/json": "text",
    "application/x-ndjson": "text",
    "application/jsonl": "text",
}

_SAVE_AS = "Send PDF, DOCX, XLSX, PPTX, HTML, XML, JSON, CSV, Markdown or plain text"


def extract_text(data: bytes, kind: str, *, limits: Limits = LIMITS) -> str:
    """The text of a file of the MIME type `kind`, which may name a charset; its pages or parts end in form feeds.

    It may block for as long as the limits allow. Messages name the remedy and hold nothing of the file. Raises
    PolicyError for kinds that cannot be read, RequestError for a file that is broken or not what it is said to be,
    TooLargeError, RecognizerError where OCR fails, and ConfigError where a package is missing.
    """
    name, _, parameters = kind.partition(";")
    reader = KINDS.get(name.strip().lower())
    if reader is None:
        raise PolicyError(f"guard cannot read files of this kind. {_SAVE_AS}.")
    if len(data) > limits.size:
        raise TooLargeError(f"A file has more than {limits.size >> 20} MiB. Send a part of it.")
    if data.startswith(OLD):
        raise RequestError("A file is encrypted, or of Office before 2007. Save it as DOCX, XLSX or PPTX, unprotected.")
    if reader in MAIN and not data.startswith(ZIP):
        raise mismatch()
    parts = _attempt(lambda: list(_parts(data, reader, parameters, Budget(limits))))
    return "\f".join(parts)


def _parts(data: bytes, reader: Reader, parameters: str, budget: Budget) -> Iterator[str]:
    match reader:
        case "pdf":
            yield from pdf_text(data, budget)
        case "docx" | "xlsx" | "pptx":
            yield from office_text(data, reader, budget)
        case "html":
            yield html_text(decoded(data, parameters, look=True), budget)
        case "xml":
            yield budget.spend(unescape(decoded(data, parameters, look=True)))
        case "text":
            yield budget.spend(decoded(data, parameters, look=False))


def place(text: str, offset: int) -> str:
    """Where in an extracted text a character is, for the log: its part or page, and the line there, from 1."""
    before = text[:offset]
    part = before.count("\f") + 1
    line = before.rpartition("\f")[2].count("\n") + 1
    return f"part {part}, line {line}"


def _attempt(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except GuardError:
        raise
    except RecursionError:
        failure = "nested too deeply"
    except Exception as error:  # noqa: BLE001  a parser of foreign files may raise anything
        failure = type(error).__name__
    # Outside the handler, so that the parser's error does not hang on it: its message may hold text of the file.
    if failure == "LimitReachedError":  # of pypdf
        raise TooLargeError("A PDF asks for more memory or time than guard gives. Send a part of it.")
    raise RequestError(f"A file is broken or of an unknown form ({failure}). Save it anew, or send its text.")
