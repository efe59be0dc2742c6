"""What a report says of one month: counted from the entries of the log, and the log itself checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from guard.audit.reading import Filters, Reader
from guard.audit.verify import Report
from guard.config import Config
from guard.console.counting import Counted, Day
from guard.constitution.reliability import Scored
from guard.errors import ConfigError
from guard.policy import load_folder
from guard.reporting.scores import Spoken, scored
from guard.types import Act, Action, Closing, Entry, Opening

GRACE_S: Final = 3_600.0  # how much later than the month an entry of an exchange that began in it may come
HALF_A_YEAR_DAYS: Final = 183
# Acts that the report names one by one, each with who and why.
NAMED: Final[frozenset[Action]] = frozenset({
    "break_glass", "erase", "hold", "release", "approve", "reject", "export",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in UTC; `start` and `end` (exclusive) in Unix seconds."""

    name: str
    start: float
    end: float

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read `2026-11`. Raises ConfigError."""
        try:
            first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
            after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
        except ValueError as error:
            raise ConfigError(f"'{text}' is no month. Write one as 2026-11.") from error
        return cls(f"{first:%Y-%m}", first.timestamp(), after.timestamp())

    @property
    def days(self) -> int:
        """How many it has."""
        return round((self.end - self.start) / 86_400)


@dataclass(slots=True)
class Gathered:
    """What one month's entries come to. `critics` are names and digests, with the exchanges that they judged.

    `scored` are the scores of each that people spoke of, as `spoken` has it.
    """

    month: Month
    spoken: Spoken = field(default_factory=dict)
    scored: dict[tuple[str, str], list[Scored]] = field(default_factory=dict)
    counted: Counted = field(default_factory=Counted)
    entries: int = 0
    first: int | None = None
    last: int | None = None
    not_scanned: Counter[str] = field(default_factory=Counter)
    not_judged: int = 0
    critics: Counter[tuple[str, str]] = field(default_factory=Counter)
    actions: Counter[Action] = field(default_factory=Counter)
    acts: list[Act] = field(default_factory=list)
    begun: dict[str, tuple[str, str]] = field(default_factory=dict)  # exchanges without an end so far, by whom judged

    @property
    def days(self) -> Sequence[tuple[int, Day]]:
        """Every day of the month with its counts."""
        return self.counted.last_days(self.month.days, self.month.end - 1)

    def add(self, seq: int, entry: Entry) -> None:
        """Count one entry of the month."""
        self.entries += 1
        self.first = seq if self.first is None else self.first
        self.last = seq
        self.counted.add(replace(entry, time=min(entry.time, self.month.end - 1)))  # its end may come after midnight
        match entry:
            case Opening():
                self.begun[entry.exchange] = (entry.critic, entry.critic_digest)
                self._believe(entry, self.begun[entry.exchange])
                if entry.not_scanned:
                    self.not_scanned["request" if "request" in entry.not_scanned else "parts"] += 1
                if entry.critic:
                    self.critics[entry.critic, entry.critic_digest] += 1
            case Closing():
                critic = self.begun.pop(entry.exchange, None)
                self.not_judged += bool(entry.not_judged)
                if critic is not None:
                    self._believe(entry, critic)
            case Act():
                self.actions[entry.action] += 1
                if entry.action in NAMED:
                    self.acts.append(entry)

    def _believe(self, entry: Opening | Closing, critic: tuple[str, str]) -> None:
        if critic[0] and (found := scored(entry, self.spoken)):
            self.scored.setdefault(critic, []).extend(found)


@dataclass(frozen=True, slots=True)
class Keeping:
    """How the log is kept: its store, and in how many places its checkpoints are published.

    All content that is kept is kept for `retention_days` at least, and some of it no longer; None is without end.
    Under the policies `unkept` none is, and where these are `all_unkept`, none at all.
    """

    store: str
    retention_days: float | None
    published: int
    unkept: tuple[str, ...] = ()
    all_unkept: bool = False

    @classmethod
    def of(cls, config: Config) -> Keeping:
        """What the configuration and the policies say of it: of their days the fewest. Raises ConfigError."""
        rules = load_folder(config.policies or Path("policies"))
        keeping = [rule for rule in rules if rule.log.content != "none"]
        said = (config.audit.retention_days, *(rule.log.retention_days for rule in keeping))
        days = min((days for days in said if days is not None), default=None)
        unkept = tuple(rule.policy for rule in rules if rule.log.content == "none")
        return cls(config.audit.store, days, len(config.audit.publish), unkept, all_unkept=bool(rules) and not keeping)

    @property
    def long_enough(self) -> bool:
        """Whether the logs are kept for the six months that articles 19 and 26 ask for at least."""
        return not self.unkept and (self.retention_days is None or self.retention_days >= HALF_A_YEAR_DAYS)


def gather(reader: Reader, month: Month, said: Spoken | None = None) -> Gathered:
    """Count the entries of `month`, beside what people `said`. Raises AuditError, ConfigError where it holds none."""
    gathered = Gathered(month, said or {})
    for seq, entry in _within(reader, month):
        gathered.add(seq, entry)
    if not gathered.entries:
        raise ConfigError(f"the log holds no entry of {month.name}. 'guard audit list' shows what it holds.")
    return gathered


def check(reader: Reader) -> Report:
    """Verify the whole log with the key beside it. Raises AuditError, ConfigError."""
    return reader.verify(reader.public_key)


def _within(reader: Reader, month: Month) -> Iterator[tuple[int, Entry]]:
    """The entries of the month with their numbers: those of exchanges that began in it, and the acts of it."""
    rows = reader.list(1, None, Filters(until=month.start))
    begun: set[str] = set()
    for item in reader.entries(rows[0].seq if rows else -1):
        entry = item.entry
        if entry.time >= month.end + GRACE_S:
            return
        if month.start <= entry.time < month.end and not isinstance(entry, Closing):
            begun.add(entry.exchange)
            yield item.seq, entry
        elif isinstance(entry, Closing) and entry.exchange in begun:
            begun.discard(entry.exchange)
            yield item.seq, entry
