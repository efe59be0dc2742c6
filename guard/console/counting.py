"""What the pages count: the entries of the last days, each read once, for a log only grows.

Counting goes on where it stopped, for at most a given time a page, so that a page of a large log comes at once and
says that its figures are not complete yet.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field
from typing import Final

from guard.audit.reading import Filters, Reader
from guard.console.candidates import Candidates
from guard.types import Act, Closing, Decision, Entry, Opening, State, Verdict

DAY_S: Final = 86_400
DAYS: Final = 90  # how far back is counted
AT_ONCE: Final = 1000  # entries read at a time
BUDGET_S: Final = 1.5
MOST_ACTS: Final = 20_000
STEP: Final = 1.05  # durations are counted in steps of this factor, so that percentiles are at most 5 % too high
GUARDS_OWN: Final = (
    "extract",
    "recognize",
    "mask",
    "judge_prompt",
    "review",
    "windows",
)  # the stages that guard adds to the upstream's
LEAVES: Final = frozenset({"keep"})  # what the policy lets leave is not masked


@dataclass(slots=True)
class Day:
    """One day's counts. Durations are in steps of STEP, by stage; "guard" is what all of guard's own took."""

    exchanges: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    masked: Counter[tuple[str, str]] = field(default_factory=Counter)  # by team and entity
    verdicts: Counter[tuple[str, State]] = field(default_factory=Counter)  # by principle
    decided: Counter[tuple[str, Decision]] = field(default_factory=Counter)  # by principle that fired
    tokens: Counter[tuple[str, str]] = field(default_factory=Counter)  # by model and kind
    durations: dict[str, Counter[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Use:
    """When a version of a document was first and last in force, in Unix seconds, and for how many exchanges."""

    first: float
    last: float
    exchanges: int = 1


class Counted:
    """The counts of one log. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seq: int | None = None
        self.complete = False
        self.until: float = 0.0  # the time of the last entry that was counted
        self.days: dict[int, Day] = {}  # by days since 1970, in UTC
        self.policies: dict[tuple[str, str], Use] = {}
        self.constitutions: dict[tuple[str, str], Use] = {}
        self.acts: dict[str, list[Act]] = {}
        self.candidates = Candidates()
        self._acts = 0

    def advance(self, reader: Reader, *, now: float | None = None, budget_s: float = BUDGET_S) -> None:
        """Count what the log got since, for about `budget_s` seconds. Raises AuditError."""
        now = time.time() if now is None else now
        with self._lock:
            self._forget(now)
            if self._seq is None:
                rows = reader.list(1, None, Filters(until=now - DAYS * DAY_S))
                self._seq = rows[0].seq if rows else -1
            end = time.monotonic() + budget_s
            self.complete = False
            while not self.complete:
                self.complete = self._count(reader, self._seq) == 0
                if time.monotonic() > end:
                    break

    def last_days(self, days: int, now: float) -> Sequence[tuple[int, Day]]:
        """The last `days` days up to that of `now`, the oldest first; a day without entries is empty."""
        today = int(now // DAY_S)
        with self._lock:
            # Copies: another page may count on while this one is drawn.
            return [(number, deepcopy(self.days.get(number, Day()))) for number in range(today - days + 1, today + 1)]

    def acts_on(self, subject: str) -> Sequence[Act]:
        """What was done to `subject`, as far back as is counted."""
        with self._lock:
            return tuple(self.acts.get(subject, ()))

    def use_of_policy(self, name: str, digest: str) -> Use | None:
        """How one version of a policy was in force; None where it was not."""
        with self._lock:
            return copy(self.policies.get((name, digest)))

    def uses_of_constitution(self, name: str) -> Mapping[str, Use]:
        """How each version of a constitution was in force, by digest."""
        with self._lock:
            return {digest: copy(use) for (named, digest), use in self.constitutions.items() if named == name}

    def _count(self, reader: Reader, after: int) -> int:
        read = 0
        for numbered in reader.entries(after, after + 1 + AT_ONCE):
            self.add(numbered.entry)
            self._seq, read = numbered.seq, read + 1
            self.until = max(self.until, numbered.entry.time)
        return read

    def _forget(self, now: float) -> None:
        oldest = int(now // DAY_S) - DAYS
        for number in [number for number in self.days if number < oldest]:
            del self.days[number]

    def add(self, entry: Entry) -> None:
        """Count one entry."""
        day = self.days.setdefault(int(entry.time // DAY_S), Day())
        match entry:
            case Opening():
                self._opened(day, entry)
            case Closing():
                _closed(day, entry)
                self.candidates.closed(entry)
            case Act():
                if self._acts < MOST_ACTS:
                    self.acts.setdefault(entry.subject, []).append(entry)
                    self._acts += 1

    def _opened(self, day: Day, entry: Opening) -> None:
        day.exchanges += 1
        team = entry.principal.team
        day.masked.update((team, span.entity) for span in entry.spans if span.operator not in LEAVES)
        day.verdicts.update((verdict.principle, verdict.state) for verdict in entry.verdicts)
        _use(self.policies, (entry.policy, entry.policy_digest), entry.time)
        if entry.constitution:
            _use(self.constitutions, (entry.constitution, entry.constitution_digest), entry.time)
        self.candidates.opened(entry)


def first_judgements(verdicts: Sequence[tuple[int, Verdict]]) -> Iterator[tuple[int, Verdict]]:
    """Of each choice and principle the first verdict: that on the reply as the upstream wrote it."""
    seen: set[tuple[int, str]] = set()
    for choice, verdict in verdicts:
        if (choice, verdict.principle) not in seen:
            seen.add((choice, verdict.principle))
            yield choice, verdict


def percentile(steps: Mapping[int, int], share: float) -> float | None:
    """The duration in milliseconds under which `share` of the counted ones are; None where there are none."""
    total = sum(steps.values())
    passed = 0
    for step in sorted(steps):
        passed += steps[step]
        if passed >= share * total:
            return float(STEP**step)
    return None


def _closed(day: Day, entry: Closing) -> None:
    day.outcomes[entry.outcome] += 1
    for _, verdict in first_judgements(entry.verdicts):
        day.verdicts[verdict.principle, verdict.state] += 1
        if verdict.state == "fired":
            day.decided[verdict.principle, entry.decision] += 1
    for kind, amount in entry.usage.items():
        day.tokens[entry.model, kind] += amount
    own = sum(entry.timings_ms.get(stage, 0.0) for stage in GUARDS_OWN)
    for stage, took in (*entry.timings_ms.items(), ("guard", own)):
        day.durations.setdefault(stage, Counter())[_step(took)] += 1


def _step(milliseconds: float) -> int:
    return math.ceil(math.log(max(milliseconds, 0.001), STEP))


def _use(uses: dict[tuple[str, str], Use], key: tuple[str, str], at: float) -> None:
    known = uses.get(key)
    if known is None:
        uses[key] = Use(at, at)
    else:
        known.first, known.last, known.exchanges = min(known.first, at), max(known.last, at), known.exchanges + 1
