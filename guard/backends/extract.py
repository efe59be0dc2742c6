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

import io
import logging
import re
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from html import unescape
from html.parser import HTMLParser
from typing import Any, Literal, TypeAlias, TypeVar
from xml.parsers import expat

from guard.errors import ConfigError, GuardError, PolicyError, RequestError, TooLargeError

Result = TypeVar("Result")
Reader: TypeAlias = Literal["pdf", "docx", "xlsx", "pptx", "html", "xml", "text"]

# The main part's type in an Office document.
_MAIN: Mapping[Reader, str] = {
    "docx": "wordprocessingml.document",
    "xlsx": "spreadsheetml.sheet",
    "pptx": "presentationml.presentation",
}
KINDS: Mapping[str, Reader] = {
    "application/pdf": "pdf",
    **{f"application/vnd.openxmlformats-officedocument.{main}": reader for reader, main in _MAIN.items()},
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

# How files begin that are no text.
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # Office, and Office before 2007 or with a password
_BINARY = (b"%PDF-", _ZIP, _OLD, b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"\x1f\x8b")

# Encodings that a client or a file may name. Others, such as UTF-7, could hide what is written.
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_ENCODINGS = _UTF_8 | {
    *("utf-16", "iso-8859-1", "latin1", "iso-8859-15", "windows-1252", "cp1252"),
    *("euc-kr", "cp949", "ks_c_5601-1987", "shift_jis", "sjis", "cp932", "windows-31j", "euc-jp"),
    *("gb2312", "gbk", "gb18030", "big5"),
}
_CHARSET = re.compile(rb"(?:encoding|charset)\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)

_SAVE_AS = "Send PDF, DOCX, XLSX, PPTX, HTML, XML, JSON, CSV, Markdown or plain text"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may ask of guard: bytes as it came and unpacked, its parts, pages, characters, and seconds.

    `scan_seconds` are those for pages that are pictures, which take two to five each.
    """

    size: int = 32 << 20
    unpacked: int = 128 << 20
    parts: int = 5_000
    pages: int = 500
    characters: int = 5_000_000
    seconds: float = 20.0
    scan_seconds: float = 120.0


LIMITS = Limits()


@dataclass
class _Budget:
    """What is left of the limits while one file is read."""

    limits: Limits
    deadline: float = field(init=False)
    scanned: float = 0.0
    characters: int = 0

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.limits.seconds

    def scan(self, work: Callable[[], Result]) -> Result:
        """What `work` returns; its time is counted apart. Raises TooLargeError when that is up."""
        began = time.monotonic()
        result = work()
        spent = time.monotonic() - began
        self.deadline += spent
        self.scanned += spent
        if self.scanned > self.limits.scan_seconds:
            raise TooLargeError(
                f"A PDF's pictures take more than {self.limits.scan_seconds:g} s to read. Send fewer pages."
            )
        return result

    def spend(self, text: str = "") -> str:
        """`text`, counted. Raises TooLargeError when time or characters are up."""
        self.characters += len(text)
        if self.characters > self.limits.characters:
            raise TooLargeError(f"A file holds more than {self.limits.characters} characters. Send a part of it.")
        if time.monotonic() > self.deadline:
            raise TooLargeError(f"A file takes more than {self.limits.seconds:g} s to read. Send a part of it.")
        return text


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
    if data.startswith(_OLD):
        raise RequestError("A file is encrypted, or of Office before 2007. Save it as DOCX, XLSX or PPTX, unprotected.")
    if reader in _MAIN and not data.startswith(_ZIP):
        raise _mismatch()
    parts = _attempt(lambda: list(_parts(data, reader, parameters, _Budget(limits))))
    return "\f".join(parts)


def _parts(data: bytes, reader: Reader, parameters: str, budget: _Budget) -> Iterator[str]:
    match reader:
        case "pdf":
            yield from _pdf(data, budget)
        case "docx" | "xlsx" | "pptx":
            yield from _office(data, reader, budget)
        case "html":
            yield _html(_decoded(data, parameters, look=True), budget)
        case "xml":
            yield budget.spend(unescape(_decoded(data, parameters, look=True)))
        case "text":
            yield budget.spend(_decoded(data, parameters, look=False))


def place(text: str, offset: int) -> str:
    """Where in an extracted text a character is, for the log: its part or page, and the line there, from 1."""
    before = text[:offset]
    part = before.count("\f") + 1
    line = before.rpartition("\f")[2].count("\n") + 1
    return f"part {part}, line {line}"


def _mismatch() -> RequestError:
    return RequestError("A file is not of the kind that it is said to be. Correct the kind, or send another file.")


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


# ---------------------------------------------------------------------------------------------------------------- text


def _decoded(data: bytes, parameters: str, *, look: bool) -> str:
    """Text, in the encoding that its first bytes, the client or (with `look`) the file names; else UTF-8."""
    if data.startswith(_BINARY):
        raise _mismatch()
    named = _CHARSET.search(parameters.encode("ascii", "replace"))
    if look and not named:
        named = _CHARSET.search(data[:1024])
    encoding = named[1].decode("ascii").lower() if named else "utf-8"
    if encoding not in _ENCODINGS:
        raise RequestError("A text is in an encoding that guard does not know. Save it as UTF-8.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif encoding in _UTF_8:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeError:
        text = "\0"  # the error would hold the text
    if "\0" in text:
        raise RequestError("A text is not in the encoding that it is said to be in. Save it as UTF-8.")
    return text


# ---------------------------------------------------------------------------------------------------------------- HTML

# Elements that do not part the words around them, and attributes that hold no words.
_INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font"),
        *("i", "ins", "kbd", "label", "mark", "nobr", "q", "ruby", "s", "samp", "small", "span", "strike"),
        *("strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
    }
)
_MUTE = frozenset(
    {
        *("align", "bgcolor", "border", "cellpadding", "cellspacing", "charset", "class", "colspan", "crossorigin"),
        *("decoding", "dir", "height", "integrity", "lang", "loading", "media", "method", "rel", "role", "rowspan"),
        *("sizes", "style", "tabindex", "target", "type", "valign", "width", "xmlns"),
    }
)


class _Html(HTMLParser):
    """Collects text. Attributes and comments come on lines of their own, and do not part the word around them."""

    def __init__(self, budget: _Budget) -> None:
        super().__init__(convert_charrefs=True)
        self.budget = budget
        self.said: list[str] = []
        self.aside: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(self.budget.spend(data))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.budget.spend()
        self._break(tag)
        for name, value in attrs:
            if value and value.strip() and name not in _MUTE and not name.startswith("on"):
                words = value.strip()
                # What is inside a data URL was not looked into.
                words = words.partition(",")[0] if words[:5].lower() == "data:" else words
                self.aside.append(self.budget.spend(f"[{name}: {words}]"))

    def handle_endtag(self, tag: str) -> None:
        self._break(tag)

    def handle_comment(self, data: str) -> None:
        self.aside.append(self.budget.spend(f"[comment: {unescape(data).strip()}]"))

    def handle_decl(self, decl: str) -> None:
        if decl.lower().strip() != "doctype html":
            self.aside.append(self.budget.spend(f"[{decl}]"))

    handle_pi = unknown_decl = handle_comment

    def _break(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self.said.append("\t")
        elif tag not in _INLINE:
            self.said += ["\n", *(f"{words}\n" for words in self.aside)]
            self.aside.clear()


def _html(text: str, budget: _Budget) -> str:
    parser = _Html(budget)
    for start in range(0, len(text), 1 << 16):
        budget.spend()
        parser.feed(text[start : start + (1 << 16)])
    parser.close()
    parser.handle_endtag("html")
    rows = ([cell.strip() for cell in line.split("\t")] for line in "".join(parser.said).split("\n"))
    return "\n".join("\t".join(cell for cell in row if cell) for row in rows if any(row))


# -------------------------------------------------------------------------------------------------------------- Office

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
_PARAGRAPHS = frozenset({"p", "si", "is", "text", "rPh", "rt"})
_RUNS = frozenset({"t", "delText", "instrText", "delInstrText"})
_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_PLACED = frozenset({"posOffset", "align", "pctWidth", "pctHeight", "pctPosHOffset", "pctPosVOffset"})
# Attributes that hold words, and elements whose `val` does.
_SAYING = frozenset(
    {
        *("alt", "author", "caption", "descr", "display", "displayName", "displayText", "error", "errorTitle"),
        *("initials", "location", "name", "prompt", "promptTitle", "providerId", "title", "tooltip", "uniqueName"),
        *("userId", "v"),
    }
)
_VALUED = frozenset({"alias", "default", "docVar", "helpText", "listItem", "result", "statusText", "tag"})


class _Words:
    """The words of one XML part: a line for each paragraph or row, and for whatever else holds words."""

    def __init__(self, budget: _Budget) -> None:
        self.lines: list[str] = []
        self.budget = budget
        self.open: list[str] = []
        self.paragraphs: list[list[str]] = []
        self._rows: list[int] = []  # of each table row that is open, where in `lines` it begins
        self._loose: list[str] = []

    def read(self, part: bytes) -> list[str]:
        """The lines of `part`. Raises RequestError where it has a document type, ExpatError where it is broken."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.Parse(part, True)
        return self.lines

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins. `name` is without its prefix, as are those of the attributes."""
        for key, value in attributes.items():
            if (key in _SAYING or (key == "val" and name in _VALUED)) and not (value.isdigit() and len(value) < 8):
                self.line(value)
        if name in _PARAGRAPHS:
            self.paragraphs.append([])
        elif name in _SIGNS and self.paragraphs and self.open[-1] != "tabs":
            self.paragraphs[-1].append(_SIGNS[name])
        elif name == "tr":
            self._rows.append(len(self.lines))

    def end(self, name: str) -> None:
        """An element ends."""
        if name in _PARAGRAPHS:
            self.line("".join(self.paragraphs.pop()))
        elif name == "tc" and self._rows and len(self.lines) > self._rows[-1]:
            self.lines[-1] += "\t"
        elif name == "tr" and len(self.lines) > self._rows.pop():
            self.lines[-1] = self.lines[-1].rstrip("\t")

    def line(self, text: str) -> None:
        """Words that belong together: a line, or a cell of the row that is open."""
        if not text.strip():
            return
        if self._rows and len(self.lines) > self._rows[-1] and self.lines[-1].endswith("\t"):
            self.lines[-1] += self.budget.spend(text)
        else:
            self.lines.append(self.budget.spend(text))

    def loose(self, name: str, text: str) -> None:
        """Words in the element `name` that stand in no run of a paragraph."""
        if name not in _PLACED:
            self.line(text)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._let_go()
        self.start(_local(name), _without_prefixes(attributes))
        self.open.append(_local(name))

    def _end(self, name: str) -> None:
        self._let_go()
        self.open.pop()
        self.end(_local(name))

    def _text(self, text: str) -> None:
        if self.paragraphs and self.open[-1] in _RUNS:
            self.paragraphs[-1].append(self.budget.spend(text))
        else:
            self._loose.append(text)

    def _let_go(self) -> None:
        self.budget.spend()
        if self._loose:
            self.loose(self.open[-1], "".join(self._loose))
            self._loose.clear()


class _Cells(_Words):
    """The words of a worksheet: a line for each row, its cells parted by tabs, formulas in brackets."""

    def __init__(self, budget: _Budget, shared: Sequence[str], formats: Sequence[str], first_day: datetime) -> None:
        super().__init__(budget)
        self._shared, self._formats, self._first_day = shared, formats, first_day
        self._kind, self._style = "n", ""
        self._row: list[str] = []
        self._cell: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        else:
            super().start(name, attributes)

    def end(self, name: str) -> None:
        super().end(name)
        if name == "c" and self._cell:
            self._row.append(" ".join(self._cell))
            self._cell = []
        elif name == "row" and self._row:
            self.lines.append("\t".join(self._row))
            self._row = []

    def line(self, text: str) -> None:
        if "c" not in self.open:
            super().line(text)
        elif text.strip():
            self._cell.append(self.budget.spend(text))

    def loose(self, name: str, text: str) -> None:
        match name:
            case "v":
                self._cell.insert(0, self.budget.spend(self._value(text)))
            case "f":
                self.line(f"(={text})")
            case _:
                super().loose(name, text)

    def _value(self, text: str) -> str:
        if self._kind == "s":
            return self._shared[int(text)]
        if self._kind != "n":
            return text
        known = self._style.isdigit() and int(self._style) < len(self._formats)
        return _number(text, self._formats[int(self._style)] if known else "", self._first_day)


def _office(data: bytes, reader: Reader, budget: _Budget) -> Iterator[str]:
    """The words of an Office document, part by part."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = _checked(archive, budget.limits)
        types = archive.read(_TYPES) if _TYPES in archive.namelist() else b""
        if f"{_MAIN[reader]}.main+xml".encode() not in types:
            raise _mismatch()
        sheet = _sheet_reader(archive, names, budget) if reader == "xlsx" else None
        seen: set[str] = set()
        for name in sorted(names, key=_order):
            if name.endswith(".rels"):
                lines = _links(archive.read(name))
            elif sheet and name.startswith("xl/worksheets/"):
                lines = sheet().read(archive.read(name))
            else:
                lines = _Words(budget).read(archive.read(name))
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


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _without_prefixes(attributes: Mapping[str, str]) -> dict[str, str]:
    return {_local(key): value for key, value in attributes.items() if not key.startswith("xmlns")}


def _refuse_doctype(*_: object) -> None:
    raise RequestError("A file declares a document type, which Office never does. Save it anew with Office.")


def _elements(part: bytes) -> list[tuple[str, dict[str, str]]]:
    """The elements of a part in order, each with its attributes, without prefixes."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = lambda name, attributes: found.append((_local(name), _without_prefixes(attributes)))
    parser.Parse(part, True)
    return found


def _links(part: bytes) -> list[str]:
    """Where a part links to outside of the document."""
    return [a["Target"] for _, a in _elements(part) if a.get("TargetMode") == "External" and a.get("Target")]


def _sheet_reader(archive: zipfile.ZipFile, names: list[str], budget: _Budget) -> Callable[[], _Cells]:
    """A function that makes readers for worksheets; shared strings are taken off `names`, for cells show them."""
    shared: list[str] = []
    if "xl/sharedStrings.xml" in names:
        names.remove("xl/sharedStrings.xml")
        reader = _Strings(budget)
        reader.read(archive.read("xl/sharedStrings.xml"))
        shared = reader.strings
    formats = _number_formats(archive.read("xl/styles.xml")) if "xl/styles.xml" in archive.namelist() else []
    properties = dict(_elements(archive.read("xl/workbook.xml"))).get("workbookPr", {})
    epoch = datetime(1904, 1, 1) if properties.get("date1904") in {"1", "true"} else datetime(1899, 12, 30)  # noqa: DTZ001
    return lambda: _Cells(budget, shared, formats, epoch)


class _Strings(_Words):
    """The shared strings of a workbook by number, each with its phonetic reading in brackets."""

    def __init__(self, budget: _Budget) -> None:
        super().__init__(budget)
        self.strings: list[str] = []
        self._reading = ""

    def end(self, name: str) -> None:
        if name == "rPh":
            self._reading += "".join(self.paragraphs[-1])
        elif name == "si":
            whole = "".join(self.paragraphs[-1])
            self.strings.append(f"{whole} ({self._reading})" if self._reading else whole)
            self._reading = ""
        super().end(name)


# ----------------------------------------------------------------------------------------------- numbers in worksheets

_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})  # built in, ECMA-376 18.8.30
_QUOTED = re.compile(r"\"[^\"]*\"|\\.|\[[^\]]*\]|_.|\*.")
_GROUPED = re.compile(r"[0#]+(?:[- ().+/]+[0#]+)+")  # such as 000-00-0000


def _number_formats(styles: bytes) -> list[str]:
    """The format code of each cell style by number; `date` for the built-in ones that show a date."""
    codes: dict[str, str] = {str(number): "date" for number in _DATES}
    formats: list[str] = []
    inside = False
    for name, attributes in _elements(styles):
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":  # what comes before are named styles, what comes after has no such elements
            inside = True
        elif name == "xf" and inside:
            formats.append(codes.get(attributes.get("numFmtId", "0"), ""))
    return formats


def _number(text: str, code: str, first_day: datetime) -> str:
    """A number as one would see it: dates as dates, digits in groups, and no exponent that hides them."""
    if not re.fullmatch(r"-?\d{1,20}(?:\.\d{1,25})?(?:[eE][+-]?\d{1,2})?", text):
        return text
    plain = format(Decimal(text), "f")
    shown = code.partition(";")[0]
    if shown == "date" or re.search(r"[ymdhs]", _QUOTED.sub("", shown), re.IGNORECASE):
        days = float(plain)
        if 0 <= days < 2_958_466:
            moment = first_day + timedelta(days=days)
            return moment.date().isoformat() if days.is_integer() else moment.isoformat(" ", "seconds")
    shown = shown.replace("\\", "").replace('"', "")
    if plain.isdigit() and _GROUPED.fullmatch(shown) and "." not in shown:
        return _in_groups(plain, shown)
    return plain


def _in_groups(digits: str, code: str) -> str:
    """Digits laid into a format such as 000-00-0000, from the right."""
    left = list(digits)
    shown = []
    for sign in reversed(code):
        if sign not in "0#":
            shown.append(sign)
        elif left or sign == "0":
            shown.append(left.pop() if left else "0")
    return "".join(left) + "".join(reversed(shown)).lstrip("- /+")


# ----------------------------------------------------------------------------------------------------------------- PDF

_MOST_STREAM = 48 << 20  # bytes of a picture, unpacked
_MOST_CONTENT = 8 << 20  # bytes of what draws a page: reading a megabyte takes half a second
_MOST_PICTURES = 50  # on a page
_SCAN_SIDE = 2200  # pixels of a scanned page's longer side: letters of 10 points are then 25 pixels high


def _pdf(data: bytes, budget: _Budget) -> Iterator[str]:
    """The text of each page, then what hangs on the document as a whole."""
    if b"%PDF-" not in data[:1024]:
        raise _mismatch()
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


def _page(page: Any, number: int, budget: _Budget) -> str:
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


def _scanned(page: Any, number: int, budget: _Budget) -> str:
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
