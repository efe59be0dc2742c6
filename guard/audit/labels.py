"""What people say of verdicts: whether they are right. The thresholds of a critic may be fitted to it.

Labels lie in a drawer of their own beside the log, which says of each who gave it and when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import bindparam, literal_column, select, update

from guard.audit.drawer_models import LABEL, put
from guard.audit.drawers import Drawer, InDrawer
from guard.audit.models import DialectName
from guard.audit.tables import Prepared, prepare


@dataclass(frozen=True, slots=True)
class Label:
    """One person's word on a verdict: whether what the critic said of `principle` in `exchange` is `right`.

    It is about the first judgement: of the prompt, or of the reply as the upstream wrote it. Where that was unsure,
    wrong says that the text violates the principle, and right that it does not. `note` is masked text or less: whoever
    writes one sees no values. `time` is in Unix seconds.
    """

    exchange: str
    principle: str
    right: bool
    note: str
    by: str
    time: float


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements on labels, for one database."""

    put: Prepared  # the columns of LABEL
    all: Prepared
    of: Prepared  # exchange
    labelled: Prepared
    drop_note: Prepared  # named


@cache
def statements(name: DialectName) -> Statements:
    """The statements for a database."""
    one = LABEL.c
    told, named = select(LABEL), bindparam("named", type_=one.exchange.type)
    return Statements(
        put=prepare(put(LABEL, name), name),
        all=prepare(told.order_by(one.time, one.exchange, one.principle), name),
        of=prepare(told.where(one.exchange == named).order_by(one.principle, one.time), name),
        labelled=prepare(select(one.exchange, one.principle).distinct(), name),
        drop_note=prepare(update(LABEL).values(note=literal_column("''")).where(one.exchange == named), name),
    )


class Labels(InDrawer):
    """The labels in `drawer`. Blocking; any thread may call. Every method raises AuditError."""

    def __init__(self, drawer: Drawer) -> None:
        super().__init__(drawer)
        self._asks = statements(drawer.dialect)

    def put(self, label: Label) -> None:
        """Keep `label`; it takes the place of what the same person said of the same verdict before."""
        values = {**asdict(label), "right": int(label.right), "note": label.note.replace("\0", "")}
        with self._drawer.writing() as run:
            run(self._asks.put, **values)

    def of(self, exchange: str) -> tuple[Label, ...]:
        """What was said of one exchange, by principle and time."""
        with self._drawer.reading() as run:
            return tuple(map(_label, run(self._asks.of, named=exchange).fetchall()))

    def all(self) -> tuple[Label, ...]:
        """Every label, the oldest first."""
        with self._drawer.reading() as run:
            return tuple(map(_label, run(self._asks.all).fetchall()))

    def labelled(self) -> frozenset[tuple[str, str]]:
        """The exchange and principle of every verdict on which somebody has spoken."""
        with self._drawer.reading() as run:
            return frozenset((exchange, principle) for exchange, principle in run(self._asks.labelled).fetchall())

    def without_notes(self, exchanges: Iterable[str]) -> None:
        """Destroy the notes on `exchanges`, and overwrite them; what was said of the verdicts stays."""
        with self._drawer.writing() as run:
            for exchange in exchanges:
                run(self._asks.drop_note, named=exchange)
        self.scrub()


class Notes:
    """The notes in `labels`, as what is told of users; `user_of` gives the user of an exchange."""

    what: ClassVar[str] = "notes on verdicts"

    def __init__(self, labels: Labels, user_of: Callable[[str], str | None]) -> None:
        self._labels, self._user_of = labels, user_of

    def of(self, user: str) -> frozenset[str]:
        """The exchanges of `user` on which there are notes. Raises AuditError."""
        noted = {label.exchange for label in self._labels.all() if label.note}
        return frozenset(exchange for exchange in noted if self._user_of(exchange) == user)

    def erase(self, user: str) -> None:
        """Destroy the notes on the exchanges of `user`. Raises AuditError."""
        self._labels.without_notes(self.of(user))


def _label(row: tuple[Any, ...]) -> Label:
    exchange, principle, right, *said = row
    return Label(exchange, principle, bool(right), *said)
