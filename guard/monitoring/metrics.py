"""Numbers for Prometheus, in a registry of guard's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from guard.monitoring.measures import MEASURES, SECONDS, Counting, Fact, Measure


class Metrics(Counting):
    """Counts what was recorded since the start of this process, with figures of the process itself."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._made = {measure.name: _made(measure, self._registry) for measure in MEASURES}
        # To look a number up by its labels costs more than to add to it; labels are of closed sets, so these are few.
        self._add_to: dict[tuple[str, tuple[str, ...]], Callable[[float], None]] = {}

    def close(self) -> None:
        """Nothing waits."""

    def page(self) -> bytes:
        """All numbers in Prometheus's text form."""
        return generate_latest(self._registry)

    def _add(self, facts: Iterable[Fact]) -> None:
        for name, labels, value in facts:
            add = self._add_to.get((name, labels))
            if add is None:
                add = self._add_to[name, labels] = _adder(self._made[name], labels)
            add(value)


def _adder(made: Counter | Gauge | Histogram, labels: tuple[str, ...]) -> Callable[[float], None]:
    one = made.labels(*labels) if labels else made
    return one.observe if isinstance(one, Histogram) else one.inc


def _made(measure: Measure, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    name = f"guard_{measure.name}"
    match measure.kind:
        case "counter":
            return Counter(name, measure.meaning, measure.labels, registry=registry)
        case "level":
            return Gauge(name, measure.meaning, measure.labels, registry=registry)
        case "seconds":
            return Histogram(name, measure.meaning, measure.labels, buckets=SECONDS, registry=registry)
