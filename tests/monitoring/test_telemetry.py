"""Spans and numbers as a collector receives them, over a real socket."""

import gzip
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from guard.monitoring.telemetry import Telemetry
from guard.types import Principal
from tests.audit.samples import ACT, CLOSING, OPENING


class Collector(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiving)
        self.received: list[tuple[str, str | None, bytes]] = []


class _Receiving(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        match self.headers.get("content-encoding"):
            case "gzip":
                body = gzip.decompress(body)
            case "deflate":
                body = zlib.decompress(body)
        self.server.received.append((self.path, self.headers.get("authorization"), body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_a_collector_gets_one_span_for_an_exchange_and_the_numbers() -> None:
    with collector() as server:
        telemetry = Telemetry(f"http://127.0.0.1:{server.server_port}/", {"authorization": "Bearer k"})
        telemetry.began(OPENING)
        telemetry.ended(OPENING, CLOSING)
        telemetry.acted(ACT)
        telemetry.close()
    assert {(path, key) for path, key, _ in server.received} == {
        ("/v1/traces", "Bearer k"),
        ("/v1/metrics", "Bearer k"),
    }
    bodies = {path: body for path, _, body in server.received}

    traces = ExportTraceServiceRequest.FromString(bodies["/v1/traces"])
    (span,) = traces.resource_spans[0].scope_spans[0].spans
    told = {item.key: item.value for item in span.attributes}
    assert span.name == "exchange chat"
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (
        int(OPENING.time * 1_000_000_000), int(CLOSING.time * 1_000_000_000)
    )  # fmt: skip
    assert told["guard.decision"].string_value == "revise"
    assert told["gen_ai.usage.input_tokens"].int_value == 12
    assert told["guard.judge_ms"].double_value == 20.0
    assert [value.string_value for value in told["guard.entities"].array_value.values] == ["PERSON"]
    assert traces.resource_spans[0].resource.attributes[0].value.string_value == "guard"

    numbers = ExportMetricsServiceRequest.FromString(bodies["/v1/metrics"])
    names = {metric.name for metric in numbers.resource_metrics[0].scope_metrics[0].metrics}
    assert {"guard.exchanges", "guard.exchange.duration", "guard.stage.duration", "guard.acts"} <= names


def test_nothing_names_anybody() -> None:
    with collector() as server:
        telemetry = Telemetry(f"http://127.0.0.1:{server.server_port}")
        opening = replace(OPENING, principal=Principal("zoe-k", "lawyers", "mail-tool"))
        telemetry.began(opening)
        telemetry.ended(opening, CLOSING)
        telemetry.close()
    sent = b"".join(body for _, _, body in server.received)
    assert b"chat" in sent
    for word in (b"zoe-k", b"lawyers", b"mail-tool", b"K7Q2M4XD", b"small-2026"):
        assert word not in sent
