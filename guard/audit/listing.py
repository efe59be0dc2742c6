"""The questions that are asked of the list of exchanges: pages of it, with filters, and counts.

A page is found by walking the list from the newest on, or by an index of what is rare; the numbers of exchanges
follow their times up to SLACK_S, so that a time bounds the numbers that are walked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from sqlalchemy import BigInteger, Select, bindparam, cast, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.sql import ColumnElement

from guard.audit.models import LISTED, SEARCH, SQLITE_SEARCH, DialectName
from guard.audit.tables import NEWEST, Prepared, prepare
from guard.audit.terms import wanted

# How far the order of entries may differ from that of their times: twice what a check of the log tolerates.
SLACK_S: Final = 600.0
UNFINISHED: Final = "unfinished"

Dimension = Literal["hour", "day", "user", "team", "application", "surface", "model", "decision", "outcome"]
WIDTHS: Final = {"hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which exchanges to list; None takes all. Times are Unix seconds, `until` exclusive.

    `outcome` may be "unfinished". `text` is searched for in the masked content: words, all of which must occur in the
    prompt or in the reply.
    """

    since: float | None = None
    until: float | None = None
    user: str | None = None
    team: str | None = None
    application: str | None = None
    surface: str | None = None
    model: str | None = None
    decision: str | None = None
    outcome: str | None = None
    text: str | None = None


EVERY: Final = Filters()


def page(filters: Filters, above: int, before: int, limit: int, name: DialectName) -> Prepared:
    """The newest exchanges with a number above `above` and below `before`, newest first.

    A search in SQLite gives an exchange once or twice, one row after the other, and no end: who reads takes `limit`.
    """
    rows = select(*LISTED.c).where(*_tests(filters))
    number: ColumnElement[Any] = LISTED.c.seq
    terms = wanted(filters.text or "")
    if filters.text is not None and not terms:
        rows = rows.where(literal_column("1") == literal_column("0"))
    if terms and name == "sqlite":
        number = SQLITE_SEARCH.c.rowid
        rows = rows.join_from(SQLITE_SEARCH, LISTED, LISTED.c.seq == number.op(">>")(literal_column("1")))
        rows = rows.where(literal_column("search").op("MATCH")(_match(terms)))
        above, before = 2 * above + 1, min(2 * before, NEWEST)
    elif terms:
        found = select(SEARCH.c.seq).where(
            SEARCH.c.seq == LISTED.c.seq, SEARCH.c.terms.op("@@")(cast(literal(_tsquery(terms)), TSQUERY))
        )
        rows = rows.where(found.exists())
    rows = rows.where(number > above, number < before).order_by(number.desc())
    if number is LISTED.c.seq:
        rows = rows.limit(limit)
    return prepare(rows, name)


def counts(since: float | None, until: float | None, by: Sequence[Dimension], name: DialectName) -> Prepared:
    """How many exchanges there are of each combination of `by`, in the order of `by`."""
    unknown = [each for each in by if each not in get_args(Dimension)]
    if unknown or not by:
        raise ValueError(f"exchanges are counted by some of {', '.join(get_args(Dimension))}")
    keys = [_key(each, name).label(f"key{at}") for at, each in enumerate(by)]
    rows: Select[Any] = select(*keys, func.count().label("exchanges"))
    if since is not None:
        rows = rows.where(LISTED.c.time >= since)
    if until is not None:
        rows = rows.where(LISTED.c.time < until)
    places: list[ColumnElement[Any]] = [literal_column(str(at + 1)) for at in range(len(keys))]
    return prepare(rows.group_by(*places).order_by(*places), name)


def _key(dimension: Dimension, name: DialectName) -> ColumnElement[Any]:
    """The column that tells it; of a time, the Unix seconds at which its hour or day (UTC) begins."""
    if dimension in WIDTHS:
        width: ColumnElement[Any] = literal_column(str(WIDTHS[dimension]))
        share: ColumnElement[Any] = LISTED.c.time / width
        whole = cast(share if name == "sqlite" else func.floor(share), BigInteger)  # SQLite casts towards zero
        return whole * width
    unsaid: ColumnElement[Any] = literal_column(f"'{UNFINISHED}'" if dimension == "outcome" else "''")
    return func.coalesce(LISTED.c[dimension], unsaid)


def _tests(filters: Filters) -> list[ColumnElement[bool]]:
    tests: list[ColumnElement[bool]] = []
    # Not by the index of times, whose order is not that of the page; the bounds of the numbers say as much.
    time = LISTED.c.time + literal_column("0.0")
    if filters.since is not None:
        tests.append(time >= bindparam("since", filters.since))
    if filters.until is not None:
        tests.append(time < bindparam("until", filters.until))
    for name in ("user", "team", "application", "surface", "model", "decision", "outcome"):
        value = getattr(filters, name)
        if value is None:
            continue
        if (name, value) == ("outcome", UNFINISHED):
            tests.append(LISTED.c.outcome.is_(None))
            continue
        tests.append(LISTED.c[name] == bindparam(name, value))
    return tests


def _match(terms: Sequence[tuple[str, bool]]) -> str:
    """A query for FTS5: terms hold letters, digits and low lines alone, so that nothing in them is a sign of it."""
    return " ".join(f'"{term}" *' if longer else f'"{term}"' for term, longer in terms)


def _tsquery(terms: Sequence[tuple[str, bool]]) -> str:
    return " & ".join(f"'{term}':*" if longer else f"'{term}'" for term, longer in terms)
