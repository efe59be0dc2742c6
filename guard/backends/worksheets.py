"""The words and numbers of a worksheet, as one sees them (ECMA-376)."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from guard.backends.budget import Budget
from guard.backends.office_words import Words, elements

_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})  # built in, ECMA-376 18.8.30
_QUOTED = re.compile(r"\"[^\"]*\"|\\.|\[[^\]]*\]|_.|\*.")
_GROUPED = re.compile(r"[0#]+(?:[- ().+/]+[0#]+)+")  # such as 000-00-0000


def sheet_reader(archive: zipfile.ZipFile, names: list[str], budget: Budget) -> Callable[[], _Cells]:
    """A function that makes readers for worksheets; shared strings are taken off `names`, for cells show them."""
    shared: list[str] = []
    if "xl/sharedStrings.xml" in names:
        names.remove("xl/sharedStrings.xml")
        reader = _Strings(budget)
        reader.read(archive.read("xl/sharedStrings.xml"))
        shared = reader.strings
    formats = _number_formats(archive.read("xl/styles.xml")) if "xl/styles.xml" in archive.namelist() else []
    properties = dict(elements(archive.read("xl/workbook.xml"))).get("workbookPr", {})
    epoch = datetime(1904, 1, 1) if properties.get("date1904") in {"1", "true"} else datetime(1899, 12, 30)  # noqa: DTZ001
    return lambda: _Cells(budget, shared, formats, epoch)


class _Cells(Words):
    """The words of a worksheet: a line for each row, its cells parted by tabs, formulas in brackets."""

    def __init__(self, budget: Budget, shared: Sequence[str], formats: Sequence[str], first_day: datetime) -> None:
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


class _Strings(Words):
    """The shared strings of a workbook by number, each with its phonetic reading in brackets."""

    def __init__(self, budget: Budget) -> None:
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


def _number_formats(styles: bytes) -> list[str]:
    """The format code of each cell style by number; `date` for the built-in ones that show a date."""
    codes: dict[str, str] = {str(number): "date" for number in _DATES}
    formats: list[str] = []
    inside = False
    for name, attributes in elements(styles):
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
