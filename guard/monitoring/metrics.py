"""Numbers for Prometheus, in a registry of guard's own."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from guard.monitoring.measures import MEASURES, SECONDS, Counting, Fact, Measure


class Metrics(Counting):
    """Counts what was recorded since the start of this process, with figures of the process itself."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._made = {measure.name: _made(measure, self._registry) for measure in MEASURES}

    def close(self) -> None:
        """Nothing waits."""

    def page(self) -> bytes:
        """All numbers in Prometheus's text form."""
        return generate_latest(self._registry)

    def _add(self, facts: Iterable[Fact]) -> None:
        for name, labels, value in facts:
            made = self._made[name]
            one = made.labels(*labels) if labels else made
            if isinstance(one, Histogram):
                one.observe(value)
            else:
                one.inc(value)


def _made(measure: Measure, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    name = f"guard_{measure.name}"
    match measure.kind:
        case "counter":
            return Counter(name, measure.meaning, measure.labels, registry=registry)
        case "level":
            return Gauge(name, measure.meaning, measure.labels, registry=registry)
        case "seconds":
            return Histogram(name, measure.meaning, measure.labels, buckets=SECONDS, registry=registry)
