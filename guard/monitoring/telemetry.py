"""Traces and metrics for a collector that speaks OTLP over HTTP: the one that the configuration names, and no other.

A trace has one span for an exchange, from its opened to its closed entry. What its stages took are attributes and no
spans of their own, since the log knows how long a stage took and not when it began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from guard.errors import ConfigError
from guard.monitoring.measures import MEASURES, SECONDS, Counting, Fact, Measure
from guard.types import Closing, Opening

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

SERVICE: Final = "guard"
EVERY_MS: Final = 15_000  # between two deliveries of metrics
PATIENCE_S: Final = 5  # for a delivery


class Telemetry(Counting):
    """Delivers spans and metrics to `collector`, an address such as http://collector:4318, from threads of its own.

    `headers` go along, for a collector that asks for a key. Raises ConfigError where OpenTelemetry is not installed.
    """

    def __init__(self, collector: str, headers: Mapping[str, str] | None = None) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise ConfigError(
                "monitoring.otlp needs OpenTelemetry. Install it: pip install 'constitutional-guard[otel]'"
            ) from error
        base, own = collector.rstrip("/"), dict(headers or {})
        resource = Resource({"service.name": SERVICE})
        spans = OTLPSpanExporter(endpoint=f"{base}/v1/traces", headers=own, timeout=PATIENCE_S)
        self._spans = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._spans.add_span_processor(BatchSpanProcessor(spans))
        self._tracer = self._spans.get_tracer(SERVICE)
        numbers = OTLPMetricExporter(endpoint=f"{base}/v1/metrics", headers=own, timeout=PATIENCE_S)
        reader = PeriodicExportingMetricReader(numbers, export_interval_millis=EVERY_MS)
        self._numbers = MeterProvider([reader], resource, shutdown_on_exit=False)
        meter = self._numbers.get_meter(SERVICE)
        self._made = {measure.name: (measure, _made(measure, meter)) for measure in MEASURES}

    def ended(self, opening: Opening, closing: Closing) -> None:
        """Trace an exchange and count its end."""
        super().ended(opening, closing)
        span = self._tracer.start_span(
            f"exchange {opening.surface}",
            start_time=_nanoseconds(opening.time),
            attributes=_attributes(opening, closing),
        )
        span.end(_nanoseconds(max(closing.time, opening.time)))

    def close(self) -> None:
        """Deliver what waits."""
        self._spans.shutdown()
        self._numbers.shutdown(timeout_millis=PATIENCE_S * 1000)

    def _add(self, facts: Iterable[Fact]) -> None:
        for name, labels, value in facts:
            measure, made = self._made[name]
            attributes = dict(zip(measure.labels, labels, strict=True))
            if measure.kind == "seconds":
                made.record(value, attributes)
            else:
                made.add(value, attributes)


def _made(measure: Measure, meter: Meter) -> Any:
    name = f"guard.{measure.name.removesuffix('_seconds')}"
    match measure.kind:
        case "counter":
            return meter.create_counter(name, description=measure.meaning)
        case "level":
            return meter.create_up_down_counter(name, description=measure.meaning)
        case "seconds":
            return meter.create_histogram(
                f"{name}.duration", "s", measure.meaning, explicit_bucket_boundaries_advisory=list(SECONDS)
            )


def _attributes(opening: Opening, closing: Closing) -> dict[str, Any]:
    """What the span says: names of OpenTelemetry's conventions for generative AI where there are some."""
    tokens = {
        "gen_ai.usage.input_tokens": ("prompt_tokens", "input_tokens", "promptTokenCount"),
        "gen_ai.usage.output_tokens": ("completion_tokens", "output_tokens", "candidatesTokenCount"),
    }
    counted = {
        name: closing.usage[key] for name, keys in tokens.items() for key in keys if closing.usage.get(key, -1) >= 0
    }
    return {
        "guard.exchange": opening.exchange,
        "guard.surface": opening.surface,
        "guard.stream": opening.stream,
        "guard.policy": opening.policy,
        "guard.constitution": opening.constitution,
        "guard.critic": opening.critic,
        "guard.upstream": closing.upstream or opening.upstream,
        "guard.outcome": closing.outcome,
        "guard.decision": closing.decision,
        "guard.entities": tuple(sorted({span.entity for span in (*opening.spans, *closing.spans)})),
        "guard.principles": tuple(sorted({v.principle for _, v in closing.verdicts if v.state == "fired"})),
        "http.response.status_code": closing.status,
        **counted,
        **{f"guard.{stage}_ms": took for stage, took in closing.timings_ms.items()},
    }


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
