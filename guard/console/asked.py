"""What a visitor asks a list for, in the query of its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, get_args
from urllib.parse import urlencode

from guard.audit.reading import Filters
from guard.surfaces.table import BY_NAME
from guard.types import Decision, Outcome

WORDS: Final = ("user", "team", "application", "surface", "model", "decision", "outcome")
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "surface": tuple(BY_NAME),
    "decision": get_args(Decision),
    "outcome": (*get_args(Outcome), "unfinished"),
}
DAYS: Final = ("since", "until")
DAY_S: Final = 86_400
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of the form as they were filled in, what they mean, and the names of those that mean nothing."""

    fields: Mapping[str, str]
    filters: Filters
    before: int | None
    wrong: tuple[str, ...]

    def query(self, **more: object) -> str:
        """The address of the same list, with `more`."""
        return urlencode({**{name: value for name, value in self.fields.items() if value}, **more})


def asked(query: Mapping[str, str], *, searches: bool) -> Asked:
    """Read a query. Days are whole, in UTC, the last one included; who may not search has no `text`."""
    names = (*DAYS, *WORDS, *(("text",) if searches else ()))
    fields = {name: query.get(name, "").strip()[:LONGEST] for name in names}
    wrong = [name for name in DAYS if fields[name] and _day(fields[name]) is None]
    wrong += [name for name, choices in CHOICES.items() if fields[name] and fields[name] not in choices]
    since, until = (_day(fields[name]) for name in DAYS)
    filters = Filters(
        since=since.timestamp() if since else None,
        until=until.timestamp() + DAY_S if until else None,
        text=fields.get("text") or None,
        **{name: fields[name] or None for name in WORDS if name not in wrong},
    )
    before = query.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    return Asked(fields, filters, number, tuple(wrong))


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
