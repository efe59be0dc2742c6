"""When content is destroyed, and by whose word: on request, because its time is over, and never while it is on hold.

Destroyed is the content of entries and, with the last of what it sealed, the key of its person; the entries stay, and
with them every proof. In the place of the content stays when it was destroyed and the act that says by whom and why.
What is on hold is told by the acts of the log themselves: each hold stands until it is released.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import ClassVar, Final, Literal, Protocol

from guard.audit.acts import act_of, erased_note, expired_note
from guard.audit.entries import decode
from guard.audit.shelf import Run, Statements, expired, statements
from guard.audit.store import Store
from guard.errors import AuditError, ConfigError
from guard.types import Act, Action

AT_ONCE: Final = 2000  # entries whose content expires in one commit, so that exchanges need not wait long
DAY_S: Final = 86_400.0

Scope = Literal["user", "exchange"]
# user      all that one user said and was told
# exchange  one exchange


class HeldError(AuditError):
    """What was to be destroyed is under legal hold."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a hold is on, or what is erased."""

    scope: Scope
    name: str

    def __str__(self) -> str:
        return f"{self.scope}:{self.name}"


@dataclass(frozen=True, slots=True)
class Steward:
    """Who decides over content: a name and a role for the log. `clock` gives Unix seconds."""

    name: str
    role: str
    clock: Callable[[], float]

    def act(self, action: Action, subject: str, note: str) -> Act:
        """An act of theirs, now."""
        return act_of(self.name, self.role, action, subject, note, now=self.clock())


class Elsewhere(Protocol):
    """What lies of users outside of the log; it holds one thing for an exchange. Every method raises AuditError."""

    what: ClassVar[str]  # how such things are called in the log, in lower-case letters

    def of(self, user: str) -> Collection[str]:
        """The exchanges of `user` of which something lies there."""
        ...

    def erase(self, user: str) -> None:
        """Destroy what lies there of `user`."""
        ...


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: the content of so many `entries`, and so many things elsewhere, by how they are called."""

    entries: int
    others: Mapping[str, int]


def erase(store: Store, user: str, reason: str, steward: Steward, elsewhere: Sequence[Elsewhere] = ()) -> Erased:
    """Destroy all content of `user` and the keys to it, and what lies of them `elsewhere`.

    The act is durable before anything elsewhere is destroyed: what failed there is done by a second call. Raises
    HeldError where any of it is on hold, ConfigError where there is none, AuditError.
    """
    subject = Subject("user", user)
    asks, destroyed = statements(store.dialect), 0
    found = {place.what: place.of(user) for place in elsewhere}
    others = {what: len(exchanges) for what, exchanges in found.items() if exchanges}

    def destroy(run: Run) -> Sequence[Act]:
        nonlocal destroyed
        _refuse_held(run, asks, subject, frozenset(chain.from_iterable(found.values())))
        act = steward.act("erase", str(subject), reason)
        destroyed = run(asks.erase, user=user, now=act.time, act=act.exchange).rowcount
        keys = run(asks.erase_keys, user=user).rowcount
        _unindex(run, asks, act)
        if not destroyed and not keys and not others:
            raise ConfigError(f"The log keeps no content of the user '{user}'. 'guard audit list' names the users.")
        return [replace(act, note=erased_note(reason, destroyed, others))]

    store.change(destroy)
    for place in elsewhere:
        place.erase(user)
    store.scrub(search=True)
    return Erased(destroyed, others)


def expire(store: Store, days: float | None, steward: Steward) -> int:
    """Destroy the content whose time is over; gives of how many entries.

    That is when its policy said so, and where it said nothing, after `days`; None keeps it. What an earlier run could
    not overwrite is overwritten too, if nobody reads it now. Raises AuditError.
    """
    total = 0
    while True:
        destroyed = _expire_some(store, days, steward)
        total += destroyed
        if destroyed < AT_ONCE:
            break
    if total or store.outstanding():
        store.scrub()
    return total


def hold(store: Store, subject: Subject, reason: str, steward: Steward) -> Act:
    """Put `subject` under legal hold: nothing of it expires or is erased until it is released.

    Raises ConfigError where it is on hold already, or the log holds no such exchange or nothing of such a user;
    AuditError.
    """
    asks, act = statements(store.dialect), steward.act("hold", str(subject), reason)

    def check(run: Run) -> Sequence[Act]:
        if str(subject) in _holds(run, asks):
            raise ConfigError(f"{subject} is under legal hold already. 'guard audit holds' tells why.")
        if subject.scope == "exchange" and run(asks.is_exchange, exchange=subject.name).fetchone() is None:
            raise ConfigError("There is no such exchange. 'guard audit list' names them.")
        if subject.scope == "user" and run(asks.is_user, user=subject.name).fetchone() is None:
            raise ConfigError(f"The log holds nothing of a user '{subject.name}'. 'guard audit list' names the users.")
        return [act]

    store.change(check)
    return act


def release(store: Store, subject: Subject, reason: str, steward: Steward) -> Act:
    """End the hold on `subject`. Raises ConfigError where there is none, AuditError."""
    asks, act = statements(store.dialect), steward.act("release", str(subject), reason)

    def check(run: Run) -> Sequence[Act]:
        if str(subject) not in _holds(run, asks):
            raise ConfigError(f"{subject} is under no legal hold. 'guard audit holds' lists those that are.")
        return [act]

    store.change(check)
    return act


def standing(acts: Iterable[Act]) -> dict[str, Act]:
    """The holds that stand after `acts`, in order: what each is on, and the act that says by whom and why."""
    holds: dict[str, Act] = {}
    for act in acts:
        if act.action == "hold":
            holds[act.subject] = act
        elif act.action == "release":
            holds.pop(act.subject, None)
    return holds


def _expire_some(store: Store, days: float | None, steward: Steward) -> int:
    """Destroy what has expired, AT_ONCE entries at most."""
    now = steward.clock()
    limit = -math.inf if days is None else now - days * DAY_S
    asks, destroyed = statements(store.dialect), 0

    def destroy(run: Run) -> Sequence[Act]:
        nonlocal destroyed
        act = replace(steward.act("expire", "content", ""), time=now)
        query = expired(limit, now, _holds(run, asks).keys(), act.exchange, AT_ONCE, store.dialect)
        times = [row[0] for row in run(query).fetchall()]
        destroyed = len(times)
        if not times:
            return []
        run(asks.drop_idle_keys, act=act.exchange)
        _unindex(run, asks, act)
        return [replace(act, note=expired_note(destroyed, min(times), max(times)))]

    store.change(destroy)
    return destroyed


def _unindex(run: Run, asks: Statements, act: Act) -> None:
    """Take the words of what `act` destroyed out of the search index."""
    run(asks.unindex_waiting, act=act.exchange)
    run(asks.unindex, act=act.exchange)


def _refuse_held(run: Run, asks: Statements, subject: Subject, known: Collection[str]) -> None:
    """Raise HeldError where `subject`, a user, or one of their exchanges, some of which are `known`, is on hold."""
    for held, act in _holds(run, asks).items():
        scope, name = held.split(":", 1)
        theirs = name in known or run(asks.is_theirs, exchange=name, user=subject.name).fetchone() is not None
        if held == str(subject) or (scope == "exchange" and theirs):
            raise HeldError(
                f"{held} is under legal hold by {act.actor} (act {act.exchange}): nothing was erased. End the hold "
                "first, with guard audit release."
            )


def _holds(run: Run, asks: Statements) -> Mapping[str, Act]:
    entries = (decode(bytes(body)) for (body,) in run(asks.holds).fetchall())
    return standing(entry for entry in entries if isinstance(entry, Act))
