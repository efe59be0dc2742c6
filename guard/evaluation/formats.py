"""Reads evaluation sets: guard's own rows, and four public sets as they are published.

| format | what |
|---|---|
| guard | JSON lines: `text`, `spans` of `start`, `end`, `entity`; perhaps `language` (or `lang`), `kind`, `half` |
| presidio | presidio-research: a JSON list of `full_text`, `spans` of `entity_type`, `start_position`, `end_position` |
| klue | KLUE NER: `## ID`, then a character and its B-, I- or O tag a line, an empty line after each sentence |
| stockmark | ner-wikipedia-dataset: a JSON list of `text`, `entities` of `type` and `span` |
| ko-pii | ko-pii: JSON lines of `text`, `pii` of `type` and `text`; every place of such a text is one |
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from guard.errors import ConfigError
from guard.evaluation.samples import Gold, Sample, language_of

Format = Literal["auto", "guard", "presidio", "klue", "stockmark", "ko-pii"]

# The labels of public sets that are our entities by another name; "" where they are none: products, events, quantities,
# times of day. Everything else keeps its label.
LABELS = {
    "PS": "PERSON", "LC": "LOCATION", "OG": "ORGANIZATION", "DT": "", "TI": "", "QT": "",
    "人名": "PERSON", "地名": "LOCATION", "施設名": "LOCATION", "法人名": "ORGANIZATION",
    "政治的組織名": "ORGANIZATION", "その他の組織名": "ORGANIZATION", "製品名": "", "イベント名": "",
    "GPE": "LOCATION", "STREET_ADDRESS": "ADDRESS",
    "PHONE": "PHONE_NUMBER", "EMAIL": "EMAIL_ADDRESS", "CARD": "CREDIT_CARD", "IP": "IP_ADDRESS", "RRN": "KR_RRN",
    "FRN": "KR_FRN", "BUSINESS_REG": "KR_BRN", "CORP_REG": "KR_CRN", "DT_BIRTH": "DATE_OF_BIRTH",
    "VEHICLE": "KR_VEHICLE_REGISTRATION", "MEDICAL_INSURANCE": "KR_HEALTH_INSURANCE",
}  # fmt: skip

Rows = Iterator[tuple[str, list[Gold], dict[str, Any]]]


def read(file: Path, form: Format = "auto") -> tuple[Sample, ...]:
    """The samples of a file. Raises ConfigError, whose message names the file and the line or row at fault."""
    text = content(file)
    reader = _READERS[_guess(file, text) if form == "auto" else form]
    samples = tuple(_sample(file, number, *row) for number, row in enumerate(reader(file, text), 1))
    if not samples:
        raise ConfigError(f"{file}: holds no text. Give a file with at least one row.")
    return samples


def read_ordinary(file: Path) -> tuple[Sample, ...]:
    """Prompts in which nothing is to be masked: JSON lines of `text` and `language`. Raises ConfigError."""
    rows = list(lines(file, content(file)))
    return tuple(
        _sample(file, number, _str(row, "text", where), [], row) for number, (row, where) in enumerate(rows, 1)
    )


def content(file: Path) -> str:
    """The text of a file. Raises ConfigError."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}). Check the path and its rights.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is not UTF-8. Save it as UTF-8.") from error


def _guess(file: Path, text: str) -> Format:
    """The format of a file by what it begins with."""
    start = text.lstrip()
    if start.startswith("## "):
        return "klue"
    if start.startswith("["):
        return "presidio" if '"full_text"' in start else "stockmark"
    if start.startswith("{"):
        return "ko-pii" if re.match(r'\{[^\n]*"pii": ?\[', start) else "guard"
    raise ConfigError(f"{file}: is in no known format. Name it with --format, or write one JSON object a line.")


def _sample(file: Path, number: int, text: str, golds: list[Gold], row: dict[str, Any]) -> Sample:
    named = [Gold(gold.start, gold.end, LABELS.get(gold.entity, gold.entity)) for gold in golds]
    for gold in golds:
        if not 0 <= gold.start < gold.end <= len(text):
            raise ConfigError(
                f"{file}, row {number}: a span lies outside its text. Count in characters, end exclusive."
            )
    language = str(row.get("language") or row.get("lang") or language_of(text))
    groups = {"language": language} | {key: str(row[key]) for key in ("kind", "half") if key in row}
    return Sample(text, tuple(gold for gold in named if gold.entity), groups)


def _guard(file: Path, text: str) -> Rows:
    for row, where in lines(file, text):
        spans = _list(row, "spans", where)
        golds = [Gold(_int(s, "start", where), _int(s, "end", where), _str(s, "entity", where)) for s in spans]
        yield _str(row, "text", where), golds, row


def _presidio(file: Path, text: str) -> Rows:
    for row, where in _items(file, text):
        golds = [
            Gold(_int(s, "start_position", where), _int(s, "end_position", where), _str(s, "entity_type", where))
            for s in _list(row, "spans", where)
        ]
        yield _str(row, "full_text", where), golds, {}


def _stockmark(file: Path, text: str) -> Rows:
    for row, where in _items(file, text):
        golds = []
        for entity in _list(row, "entities", where):
            extent = entity.get("span") if isinstance(entity, dict) else None
            if not isinstance(extent, list) or len(extent) != 2 or not all(isinstance(place, int) for place in extent):
                raise ConfigError(f"{where}: 'span' must be two numbers.")
            golds.append(Gold(extent[0], extent[1], _str(entity, "type", where)))
        yield _str(row, "text", where), golds, {"language": "ja"}


def _ko_pii(file: Path, text: str) -> Rows:
    for row, where in lines(file, text):
        content = _str(row, "text", where)
        values = {_str(pii, "text", where): _str(pii, "type", where) for pii in _list(row, "pii", where)}
        longest = sorted(filter(None, values), key=len, reverse=True)
        places = re.finditer("|".join(map(re.escape, longest)), content) if longest else ()
        yield content, [Gold(*place.span(), values[place.group()]) for place in places], {"language": "ko"}


def _klue(file: Path, text: str) -> Rows:
    characters: list[str] = []
    golds: list[Gold] = []
    for number, line in enumerate(chain(text.split("\n"), ("",)), 1):
        if not line.strip(" \r") or line.startswith("## "):
            if characters:
                yield "".join(characters), golds, {"language": "ko"}
                characters, golds = [], []
            continue
        character, _, tag = line.rstrip("\r").rpartition("\t")
        if not character or not re.fullmatch(r"O|[BI]-[A-Z]+", tag):
            raise ConfigError(f"{file}, line {number}: is not a character, a tab and a tag.")
        place, entity = sum(map(len, characters)), tag[2:]
        characters.append(character)
        if tag.startswith("I-") and golds and golds[-1].end == place and golds[-1].entity == entity:
            golds[-1] = Gold(golds[-1].start, place + len(character), entity)
        elif entity:
            golds.append(Gold(place, place + len(character), entity))


_READERS: dict[Format, Callable[[Path, str], Rows]] = {
    "guard": _guard,
    "presidio": _presidio,
    "klue": _klue,
    "stockmark": _stockmark,
    "ko-pii": _ko_pii,
}


def lines(file: Path, text: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of JSON lines, each with the name of its place."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _object(_parsed(line, f"{file}, line {number}"), f"{file}, line {number}"), f"{file}, line {number}"


def _items(file: Path, text: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of a JSON list, each with the name of its place."""
    items = _parsed(text, str(file))
    if not isinstance(items, list):
        raise ConfigError(f"{file}: must be a JSON list.")
    for number, item in enumerate(items, 1):
        yield _object(item, f"{file}, row {number}"), f"{file}, row {number}"


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # not `from` it: its message may quote the text
        raise ConfigError(f"{where}: is not JSON. Check it, or name another --format.") from None


def _object(item: Any, where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ConfigError(f"{where}: must be a JSON object.")
    return item


def _str(row: Any, key: str, where: str) -> str:
    value = row.get(key) if isinstance(row, dict) else None
    if not isinstance(value, str):
        raise ConfigError(f"{where}: '{key}' must be a string. Check the file, or name another --format.")
    return value


def _int(row: Any, key: str, where: str) -> int:
    value = row.get(key) if isinstance(row, dict) else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConfigError(f"{where}: '{key}' must be a whole number.")
    return value


def _list(row: dict[str, Any], key: str, where: str) -> list[Any]:
    value = row.get(key)
    if not isinstance(value, list):
        raise ConfigError(f"{where}: '{key}' must be a list. Check the file, or name another --format.")
    return value
