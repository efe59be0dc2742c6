"""The words of one XML part of an Office document (ECMA-376)."""

from __future__ import annotations

from collections.abc import Mapping
from xml.parsers import expat

from guard.backends.budget import Budget
from guard.errors import RequestError

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


class Words:
    """The words of one XML part: a line for each paragraph or row, and for whatever else holds words."""

    def __init__(self, budget: Budget) -> None:
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


def elements(part: bytes) -> list[tuple[str, dict[str, str]]]:
    """The elements of a part in order, each with its attributes, without prefixes."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = lambda name, attributes: found.append((_local(name), _without_prefixes(attributes)))
    parser.Parse(part, True)
    return found


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _without_prefixes(attributes: Mapping[str, str]) -> dict[str, str]:
    return {_local(key): value for key, value in attributes.items() if not key.startswith("xmlns")}


def _refuse_doctype(*_: object) -> None:
    raise RequestError("A file declares a document type, which Office never does. Save it anew with Office.")
