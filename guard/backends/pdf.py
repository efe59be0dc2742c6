"""PDF (ISO 32000): the text of each page, and what hangs on the document as a whole."""

from __future__ import annotations

import io
import logging
import unicodedata
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from guard.backends.budget import Budget, mismatch
from guard.errors import ConfigError, PolicyError, RequestError, TooLargeError

_MOST_STREAM = 48 << 20  # bytes of a picture, unpacked
_MOST_CONTENT = 8 << 20  # bytes of what draws a page: reading a megabyte takes half a second
_MOST_PICTURES = 50  # on a page
_SCAN_SIDE = 2200  # pixels of a scanned page's longer side: letters of 10 points are then 25 pixels high


def pdf_text(data: bytes, budget: Budget) -> Iterator[str]:
    """The text of each page, then what hangs on the document as a whole."""
    if b"%PDF-" not in data[:1024]:
        raise mismatch()
    pypdf = _pypdf()
    limits = {
        "zlib_maximum_output_length": _MOST_STREAM,
        "lzw_maximum_output_length": _MOST_STREAM,
        "run_length_maximum_output_length": _MOST_STREAM,
        "array_based_stream_maximum_output_length": _MOST_STREAM,
        "stream_decoding_work_maximum_length": budget.limits.unpacked,
        "stream_parsing_work_maximum_count": 400_000,
        "jbig2dec_binary": None,  # another program
    }
    with pypdf.apply_configuration(**limits):
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise RequestError("A PDF is encrypted. Send it without its password.")
        if len(reader.pages) > budget.limits.pages:
            raise TooLargeError(f"A PDF has more than {budget.limits.pages} pages. Send a part of it.")
        pages = [_page(page, number, budget) for number, page in enumerate(reader.pages, 1)]
        if not any(text.strip() for text in pages):
            raise PolicyError("A PDF holds no text that guard can read. Send its text, or a PDF with a text layer.")
        rest = "\n".join(dict.fromkeys(_around(reader)))
        yield from pages
        if rest:
            yield budget.spend(rest)


def _pypdf() -> Any:
    try:
        import pypdf
    except ImportError as error:
        raise ConfigError("pypdf, which reads PDF, is not installed. Install guard with its extra 'files'.") from error
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)  # its warnings quote the document
    return pypdf


def _page(page: Any, number: int, budget: Budget) -> str:
    """The text of a page with its annotations; of its pictures where it has no text."""
    content = page.get_contents()
    if content is not None and len(content.get_data()) > _MOST_CONTENT:
        raise TooLargeError(f"Page {number} of a PDF is drawn with too many strokes. Send its text.")
    text = page.extract_text(visitor_operand_before=lambda *_: budget.spend())
    budget.spend()  # pypdf goes on where a form inside of a page fails
    meant = _meant(text)
    if not (text.strip() and meant):
        text = _scanned(page, number, budget)
        if not (meant or text.strip()):
            raise PolicyError(
                f"The letters on page {number} of a PDF have no known meaning. Send its text, or print it anew as PDF."
            )
    return budget.spend("\n".join([text, *dict.fromkeys(_annotations(page))]))


def _meant(text: str) -> bool:
    """Whether most characters are ones that people write: a font without a map gives others."""
    odd = sum(unicodedata.category(char) in {"Cc", "Co", "Cn", "Cs"} or char == "\ufffd" for char in text)
    return odd - sum(text.count(space) for space in "\n\r\t\f") <= 0.1 * len(text)


def _scanned(page: Any, number: int, budget: Budget) -> str:
    """The text of the pictures of a page, read by OCR."""
    from guard.backends import images

    pictures = page.images
    if len(pictures) > _MOST_PICTURES:
        raise TooLargeError(f"Page {number} of a PDF is made of more than {_MOST_PICTURES} pictures. Send its text.")
    texts = []
    for picture in pictures:
        budget.spend()
        data = picture.data
        if not images.media_type(data):
            out = io.BytesIO()
            picture.image.convert("RGB").save(out, "PNG")
            data = out.getvalue()
        texts.append(budget.scan(partial(images.read_image, data, longest_side=_SCAN_SIDE))[0])
    return "\n".join(texts)


def _annotations(page: Any) -> Iterator[str]:
    """What comments, links and form fields on a page say."""
    for item in page.get("/Annots") or ():
        annotation = item.get_object()
        sources = [annotation, annotation.get("/A"), annotation.get("/MK"), annotation.get("/Parent")]
        for source in sources:
            entry = source.get_object() if source is not None else {}
            yield from _strings(entry, "/Contents", "/RC", "/T", "/TU", "/Subj", "/V", "/DV", "/URI", "/F", "/CA")


def _around(reader: Any) -> Iterator[str]:
    """What properties, bookmarks and form fields say."""
    yield from (str(value) for value in (reader.metadata or {}).values() if isinstance(value, str))
    yield from _bookmarks(reader.outline)
    for name, item in (reader.get_fields() or {}).items():
        yield str(name)
        yield from _strings(item, "/V", "/DV", "/TU")


def _bookmarks(items: Sequence[Any]) -> Iterator[str]:
    for item in items:
        if isinstance(item, list):
            yield from _bookmarks(item)
        else:
            yield str(item.title or "")


def _strings(entry: Any, *keys: str) -> Iterator[str]:
    """The strings that stand under `keys` of a dictionary, also in lists."""
    for key in keys:
        value = entry.get(key) if hasattr(entry, "get") else None
        whole = value.get_object() if value is not None else None
        for item in whole if isinstance(whole, list) else [whole]:
            if isinstance(item, str) and item.strip():
                yield str(item)
