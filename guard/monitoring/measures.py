"""What is counted of exchanges, however it is handed out. Labels are of closed sets: no name, no model, no value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from guard.types import Act, Closing, Opening

Kind = Literal["counter", "seconds", "level"]
# counter  only grows
# seconds  a distribution of durations, in seconds
# level    goes up and down

SECONDS: Final = (0.0005, 0.002, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # bounds


@dataclass(frozen=True, slots=True)
class Measure:
    """One number, under its name without prefix and unit, with the names of its labels."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()


MEASURES: Final = (
    Measure("exchanges_open", "level", "Exchanges under way, without those that were forgotten."),
    Measure("exchanges_forgotten", "counter", "Exchanges that did not end while 10,000 others began."),
    Measure("exchanges", "counter", "Exchanges that have ended.", ("surface", "outcome", "decision")),
    Measure("exchange_seconds", "seconds", "From the opened to the closed entry of an exchange.", ("surface",)),
    Measure("stage_seconds", "seconds", "What one stage of an exchange took.", ("stage",)),
    Measure("entities", "counter", "Entities found.", ("entity", "operator", "side")),
    Measure("principles", "counter", "Verdicts that were not clear.", ("principle", "state")),
    Measure("tokens", "counter", "Tokens that upstreams counted.", ("side",)),
    Measure("upstream_failures", "counter", "Upstreams that were asked in vain.", ("upstream",)),
    Measure("not_covered", "counter", "Exchanges of which a part was not scanned or not judged.", ("what",)),
    Measure("acts", "counter", "What people did with the log.", ("action",)),
)

Fact: TypeAlias = tuple[str, tuple[str, ...], float]
"""The name of a measure, the values of its labels, and what is added to it or observed."""

# How the surfaces name what goes in and what comes out.
_SIDES: Final[Mapping[str, str]] = {
    "prompt_tokens": "prompt",
    "input_tokens": "prompt",
    "promptTokenCount": "prompt",
    "completion_tokens": "reply",
    "output_tokens": "reply",
    "candidatesTokenCount": "reply",
}


def of_beginning(opening: Opening) -> Iterator[Fact]:
    """What the beginning of an exchange adds."""
    yield "exchanges_open", (), 1
    for span in opening.spans:
        yield "entities", (span.entity, span.operator, "prompt"), 1
    for verdict in opening.verdicts:
        if verdict.state != "clear":
            yield "principles", (verdict.principle, verdict.state), 1
    if opening.not_scanned:
        yield "not_covered", ("scanned",), 1


def of_end(opening: Opening, closing: Closing) -> Iterator[Fact]:
    """What the end of an exchange adds."""
    yield "exchanges_open", (), -1
    yield "exchanges", (opening.surface, closing.outcome, closing.decision), 1
    yield "exchange_seconds", (opening.surface,), max(closing.time - opening.time, 0.0)
    for stage, milliseconds in closing.timings_ms.items():
        yield "stage_seconds", (stage,), milliseconds / 1000
    for span in closing.spans:
        yield "entities", (span.entity, span.operator, "reply"), 1
    for _, verdict in closing.verdicts:
        if verdict.state != "clear":
            yield "principles", (verdict.principle, verdict.state), 1
    for name, side in _SIDES.items():
        if closing.usage.get(name, 0) > 0:
            yield "tokens", (side,), closing.usage[name]
    for upstream, _ in closing.failed:
        yield "upstream_failures", (upstream,), 1
    if closing.not_judged:
        yield "not_covered", ("judged",), 1


def of_forgotten() -> Iterator[Fact]:
    """What an exchange adds whose end will not be told."""
    yield "exchanges_open", (), -1
    yield "exchanges_forgotten", (), 1


def of_act(act: Act) -> Iterator[Fact]:
    """What an act adds."""
    yield "acts", (act.action,), 1


class Counting(ABC):
    """A watcher that counts what it is told of; how, is for `_add` to say."""

    def began(self, opening: Opening) -> None:
        """Count the beginning of an exchange."""
        self._add(of_beginning(opening))

    def ended(self, opening: Opening, closing: Closing) -> None:
        """Count the end of an exchange."""
        self._add(of_end(opening, closing))

    def forgotten(self, opening: Opening) -> None:
        """Count an exchange as open no longer."""
        del opening
        self._add(of_forgotten())

    def acted(self, act: Act) -> None:
        """Count an act."""
        self._add(of_act(act))

    @abstractmethod
    def _add(self, facts: Iterable[Fact]) -> None:
        """Add to, or observe, each number."""
