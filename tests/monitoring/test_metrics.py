"""The numbers, and that their labels are of closed sets."""

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from guard.monitoring.measures import MEASURES, of_act, of_beginning, of_end, of_forgotten
from guard.monitoring.metrics import Metrics
from guard.types import Principal
from tests.audit.samples import ACT, CLOSING, OPENING, closing, opening


def samples(page: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def value(page: bytes, name: str, **labels: str) -> float | None:
    return samples(page).get((name, frozenset(labels.items())))


def test_exchanges_and_what_was_found_in_them_are_counted() -> None:
    metrics = Metrics()
    metrics.began(OPENING)
    metrics.began(opening("2"))
    metrics.ended(OPENING, CLOSING)
    metrics.acted(ACT)
    page = metrics.page()
    assert value(page, "guard_exchanges_open") == 1
    assert value(page, "guard_exchanges_total", surface="chat", outcome="completed", decision="revise") == 1
    assert value(page, "guard_entities_total", entity="PERSON", operator="placeholder", side="prompt") == 2
    assert value(page, "guard_principles_total", principle="no-threats", state="fired") == 1
    assert value(page, "guard_principles_total", principle="no-injection", state="unsure") == 2
    assert value(page, "guard_tokens_total", side="prompt") == 12
    assert value(page, "guard_upstream_failures_total", upstream="local") == 1
    assert value(page, "guard_not_covered_total", what="scanned") == 2
    assert value(page, "guard_acts_total", action="look") == 1
    assert value(page, "guard_exchange_seconds_sum", surface="chat") == CLOSING.time - OPENING.time
    assert value(page, "guard_stage_seconds_sum", stage="judge") == 0.02
    assert value(page, "process_resident_memory_bytes")


def test_a_clock_that_went_back_takes_nothing_away() -> None:
    metrics = Metrics()
    metrics.ended(OPENING, replace(CLOSING, time=OPENING.time - 5))
    assert value(metrics.page(), "guard_exchange_seconds_sum", surface="chat") == 0


def test_no_number_names_anybody() -> None:
    metrics = Metrics()
    who = Principal("zoe-k", "lawyers", "mail-tool")
    began = replace(opening("secret-id"), model="alice@example.com", principal=who)
    metrics.began(began)
    metrics.ended(began, replace(closing("secret-id"), reason="bob", reply="carol"))
    text = metrics.page().decode()
    for word in ("zoe-k", "lawyers", "mail-tool", "alice", "bob", "carol", "secret-id", "small", "K7Q2M4XD"):
        assert word not in text


def test_every_fact_is_of_a_measure() -> None:
    labels = {measure.name: len(measure.labels) for measure in MEASURES}
    facts = [
        *of_beginning(OPENING),
        *of_end(OPENING, replace(CLOSING, not_judged=("reply",))),
        *of_act(ACT),
        *of_forgotten(),
    ]
    assert {name for name, _, _ in facts} == set(labels)
    assert all(len(values) == labels[name] for name, values, _ in facts)
