"""Texts and HTML: in which encoding they are, and their words."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

from guard.backends.budget import Budget, mismatch
from guard.errors import RequestError

# How files begin that are no text.
ZIP, OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # Office, and Office before 2007 or with a password
_BINARY = (b"%PDF-", ZIP, OLD, b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"\x1f\x8b")

# Encodings that a client or a file may name. Others, such as UTF-7, could hide what is written.
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_ENCODINGS = _UTF_8 | {
    *("utf-16", "iso-8859-1", "latin1", "iso-8859-15", "windows-1252", "cp1252"),
    *("euc-kr", "cp949", "ks_c_5601-1987", "shift_jis", "sjis", "cp932", "windows-31j", "euc-jp"),
    *("gb2312", "gbk", "gb18030", "big5"),
}
_CHARSET = re.compile(rb"(?:encoding|charset)\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


def decoded(data: bytes, parameters: str, *, look: bool) -> str:
    """Text, in the encoding that its first bytes, the client or (with `look`) the file names; else UTF-8."""
    if data.startswith(_BINARY):
        raise mismatch()
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

    def __init__(self, budget: Budget) -> None:
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


def html_text(text: str, budget: Budget) -> str:
    """The words of an HTML page, as they would be laid out in lines."""
    parser = _Html(budget)
    for start in range(0, len(text), 1 << 16):
        budget.spend()
        parser.feed(text[start : start + (1 << 16)])
    parser.close()
    parser.handle_endtag("html")
    rows = ([cell.strip() for cell in line.split("\t")] for line in "".join(parser.said).split("\n"))
    return "\n".join("\t".join(cell for cell in row if cell) for row in rows if any(row))
