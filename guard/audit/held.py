"""The storage of held replies: sealed until a person has decided, and destroyed when their time is over.

The decision is sealed as well, so that nobody releases a reply by changing a row. A reply lies here as the upstream
wrote it, with placeholders for what the request held, and what these stand for lies sealed beside it. After its
lifetime a keyed hash of its caller stays for as long again: enough to say that it is gone, to the caller alone.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, TypeAlias, get_args

from guard.asks import Held
from guard.audit.drawers import Drawer, InDrawer
from guard.audit.held_seal import Seal, held_of, plain
from guard.audit.held_statements import statements
from guard.audit.shelf import Run
from guard.errors import AuditError, HeldTooLong, NotHeld, RequestError
from guard.types import Principal

LIFETIME_S: Final = 3 * 86400.0

Decided: TypeAlias = Literal["pending", "approved", "rejected"]
# pending   nobody has decided yet
# approved  the reply may go out to whom it was for
# rejected  it may not

RecordAct: TypeAlias = Callable[[Literal["approve", "reject"], str, str], None]  # action, exchange, note
Row: TypeAlias = tuple[str, bytes, bytes | None, bytes | None, float]  # exchange, owner, sealed, decided, expires


@dataclass(frozen=True, slots=True)
class Kept:
    """A held reply, what was decided about it, by whom and why, and until when (Unix seconds) it is kept."""

    held: Held
    expires: float
    decided: Decided = "pending"
    actor: str = ""
    note: str = ""


def none_on_hold() -> Collection[str]:
    """No subject is under legal hold."""
    return ()


class HeldReplies(InDrawer):
    """The held replies of `tenant` in `drawer`, under the tenant key `key`. Any thread may call.

    A reply is kept for `lifetime_s` seconds, and from the decision on for as long again. One that is under legal hold
    is destroyed only when the hold has ended: `on_hold` gives the subjects that are, as `user:NAME` and `exchange:ID`.
    `clock` gives Unix seconds. Every method blocks, and raises AuditError where the drawer cannot be used or holds what
    `key` cannot open.
    """

    what: ClassVar[str] = "held replies"

    def __init__(
        self,
        drawer: Drawer,
        key: bytes,
        tenant: str,
        *,
        lifetime_s: float = LIFETIME_S,
        clock: Callable[[], float] = time.time,
        on_hold: Callable[[], Collection[str]] = none_on_hold,
    ) -> None:
        super().__init__(drawer)
        self._asks = statements(drawer.dialect)
        self._tenant = tenant
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._on_hold = on_hold
        self._seals: dict[str, Seal] = {}
        self._key = key

    def hold(self, held: Held) -> None:
        """Keep a reply; durable on return."""
        now = self._clock()
        ends = now + self._lifetime_s
        seal = self._seal_of(self._tenant)
        row = {
            "tenant": self._tenant,
            "exchange": held.exchange,
            "owner": seal.owner(held.principal),
            "sealed": seal.seal(held.exchange, "reply", plain(held)),
            "decided": None,
            "expires": ends,
            "forgotten": ends + self._lifetime_s,
        }
        with self._drawer.writing() as run:
            destroyed = self._destroy_expired(run, now)
            run(self._asks.add, **row)
        if destroyed:
            self._drawer.owe()

    def find(self, exchange: str) -> Kept:
        """The held reply of `exchange`, for whoever decides. Raises NotHeld, HeldTooLong."""
        with self._drawer.reading() as run:
            return self._open(self._row(run, exchange))

    def find_for(self, exchange: str, principal: Principal) -> Kept:
        """The held reply of `exchange`, for the caller that it was for. Raises NotHeld for others, HeldTooLong."""
        with self._drawer.reading() as run:
            row = self._row(run, exchange)
        if not hmac.compare_digest(row[1], self._seal_of(self._tenant).owner(principal)):
            raise _not_held()
        return self._open(row)

    def list(self) -> tuple[Kept, ...]:
        """Every held reply whose time is not over, the oldest first."""
        self.destroy_expired()
        with self._drawer.reading() as run:
            now = self._clock()
            rows = run(self._asks.list, of=self._tenant, now=now).fetchall()
        return tuple(self._open(row, now) for row in rows)

    def decisions(self, principal: Principal, turns: Sequence[str]) -> dict[str, tuple[str, Decided]]:
        """Of those of `turns` that are held for `principal`: in which exchange, and what was decided.

        Where one is held more than once, a rejection goes before an approval, and that before a wait.
        """
        with self._drawer.reading() as run:
            owner = self._seal_of(self._tenant).owner(principal)
            now = self._clock()
            rows = run(self._asks.of_owner, of=self._tenant, whose=owner, now=now).fetchall()
        kept = [self._open(row, now) for row in rows]
        kept.sort(key=lambda one: ("pending", "approved", "rejected").index(one.decided))
        return {turn: (one.held.exchange, one.decided) for one in kept for turn in one.held.turns if turn in turns}

    def decide(
        self, exchange: str, decided: Literal["approved", "rejected"], actor: str, note: str, record: RecordAct
    ) -> Kept:
        """Decide about a held reply, once. `record` makes the decision durable in the log before it has an effect.

        Raises NotHeld, HeldTooLong, RequestError where somebody has decided already, and what `record` raises.
        """
        with self._drawer.writing() as run:
            kept = self._open(self._row(run, exchange))
            if kept.decided != "pending":
                raise RequestError(f"This reply was {kept.decided} already, by {kept.actor}. A decision stands.")
            record("approve" if decided == "approved" else "reject", exchange, note)
            told = json.dumps([decided, actor, note]).encode()
            ends = self._clock() + self._lifetime_s
            sealed = self._seal_of(self._tenant).seal(exchange, "decision", told)
            decision = {"decision": sealed, "until": ends, "gone": ends + self._lifetime_s}
            run(self._asks.decide, of=self._tenant, named=exchange, **decision)
        return Kept(kept.held, ends, decided, actor, note)

    def destroy_expired(self) -> None:
        """Destroy the replies whose time is over, and overwrite them, if nobody reads them now: see `scrub`."""
        with self._drawer.writing() as run:
            destroyed = self._destroy_expired(run, self._clock())
        if destroyed:
            self.scrub(patient=False)

    def of(self, user: str) -> tuple[str, ...]:
        """The exchanges of `user` of which a reply is held; their time may be over."""
        with self._drawer.reading() as run:
            return self._of(run, user)

    def erase(self, user: str) -> None:
        """Destroy what is held for `user`, decided or not, and overwrite it: see `scrub`."""
        with self._drawer.writing() as run:
            for exchange in self._of(run, user):
                run(self._asks.erase, of=self._tenant, named=exchange)
        self.scrub()

    def _of(self, run: Run, user: str) -> tuple[str, ...]:
        rows = run(self._asks.sealed, of=self._tenant).fetchall()
        seal = self._seal_of(self._tenant)
        told = ((exchange, held_of(seal.open(exchange, "reply", sealed))) for exchange, sealed in rows)
        return tuple(exchange for exchange, held in told if held.principal.user == user)

    def _destroy_expired(self, run: Run, now: float) -> bool:
        """Destroy what is over its time and not on hold; says whether there was any."""
        over = run(self._asks.over, now=now).fetchall()
        subjects = self._on_hold() if over else ()
        destroyed = [one for one in over if not subjects or not self._is_on_hold(run, subjects, *one)]
        for tenant, exchange in destroyed:
            run(self._asks.empty, of=tenant, named=exchange)
        run(self._asks.forget, now=now)
        return bool(destroyed)

    def _is_on_hold(self, run: Run, subjects: Collection[str], tenant: str, exchange: str) -> bool:
        """Whether a hold is on a reply; one that cannot be opened may be anybody's, so every hold is on it."""
        if f"exchange:{exchange}" in subjects:
            return True
        if not any(subject.startswith("user:") for subject in subjects):
            return False
        sealed = run(self._asks.sealed_of, of=tenant, named=exchange).fetchone()[0]
        try:
            held = held_of(self._seal_of(tenant).open(exchange, "reply", sealed))
        except AuditError:
            return True
        return f"user:{held.principal.user}" in subjects

    def _row(self, run: Run, exchange: str) -> Row:
        row: Row | None = None
        if "\0" not in exchange:  # which no database has in a name
            row = run(self._asks.find, of=self._tenant, named=exchange).fetchone()
        if row is None:
            raise _not_held()
        return row

    def _open(self, row: Row, now: float | None = None) -> Kept:
        exchange, _, sealed, decided, expires = row
        if sealed is None or expires <= (self._clock() if now is None else now):
            raise HeldTooLong("The time of this held reply is over, and guard has destroyed it. Ask again.")
        seal = self._seal_of(self._tenant)
        held = held_of(seal.open(exchange, "reply", sealed))
        if decided is None:
            return Kept(held, expires)
        word, actor, note = json.loads(seal.open(exchange, "decision", decided))
        if word not in get_args(Decided):
            raise AuditError("a decision about a held reply is unreadable: update guard")
        return Kept(held, expires, word, actor, note)

    def _seal_of(self, tenant: str) -> Seal:
        seal = self._seals.get(tenant)
        if seal is None:
            seal = self._seals[tenant] = Seal(self._key, tenant)
        return seal


def _not_held() -> NotHeld:
    return NotHeld("guard holds no reply of that name for this caller.")
