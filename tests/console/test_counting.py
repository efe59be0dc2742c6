import dataclasses
import random

import pytest

from guard.audit.reading import SqliteReader
from guard.console import counting
from guard.console.counting import DAY_S, Counted, percentile
from guard.types import Act
from tests.audit.samples import new_store
from tests.console.sample import entries

NOW = 1_764_000_000.0


@pytest.fixture
def store(tmp_path):
    made = new_store(tmp_path, now=NOW)
    yield made
    made.close()


@pytest.fixture
def reader(tmp_path, store):
    return SqliteReader(tmp_path / "audit.db")


def counted(reader, **options):
    made = Counted()
    made.advance(reader, now=NOW, **options)
    return made


def test_the_days_hold_what_happened_in_them(store, reader):
    store.append(list(entries(24, NOW)))
    found = counted(reader)
    assert found.complete
    days = [day for _, day in found.last_days(30, NOW)]
    assert len(days) == 30
    assert sum(day.exchanges for day in days) == 24
    outcomes = sum((day.outcomes for day in days), start=counting.Counter())
    assert outcomes == {"completed": 18, "blocked": 3}
    assert sum(day.masked["legal", "PERSON"] for day in days) == 4
    decided = sum((day.decided for day in days), start=counting.Counter())
    assert decided == {("no-threats", "revise"): 6, ("no-threats", "block"): 3}
    verdicts = sum((day.verdicts for day in days), start=counting.Counter())
    assert verdicts["no-weapons", "unsure"] == 3
    assert verdicts["no-threats", "clear"] == 0  # that of the revision is not counted again
    assert sum(day.tokens["gpt-4o-2026", "completion_tokens"] for day in days) == 21 * 40
    assert found.constitutions["test", "c" * 64].exchanges == 24


def test_counting_goes_on_where_it_stopped_and_reads_nothing_twice(store, reader, monkeypatch):
    monkeypatch.setattr(counting, "AT_ONCE", 10)
    store.append(list(entries(24, NOW)))
    found = counted(reader, budget_s=0)
    assert not found.complete
    rounds = 1
    while not found.complete:
        found.advance(reader, now=NOW, budget_s=0)
        rounds += 1
    assert rounds > 3
    assert sum(day.exchanges for _, day in found.last_days(30, NOW)) == 24
    store.append([dataclasses.replace(next(entries(1, NOW)), exchange="one more")])
    found.advance(reader, now=NOW)
    assert sum(day.exchanges for _, day in found.last_days(30, NOW)) == 25


def test_what_is_older_than_is_shown_is_not_read(store, reader):
    store.append(list(entries(24, NOW - 200 * DAY_S)))
    store.append([dataclasses.replace(e, exchange=f"new {e.exchange}") for e in entries(8, NOW)])
    assert sum(day.exchanges for day in counted(reader).days.values()) == 8


def test_days_that_have_grown_old_are_forgotten(store, reader):
    store.append(list(entries(24, NOW)))
    found = counted(reader)
    found.advance(reader, now=NOW + 200 * DAY_S)
    assert found.days == {}


def test_acts_are_found_by_what_they_were_done_to(store, reader):
    act = Act("x1", NOW, "eve", "auditor", "look", "000-sample")
    store.append([act, dataclasses.replace(act, exchange="x2", subject="other")])
    assert counted(reader).acts_on("000-sample") == (act,)
    assert counted(reader).acts_on("none") == ()


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_percentiles_are_at_most_five_percent_too_high(share):
    chance = random.Random(7)
    values = sorted(chance.lognormvariate(3, 1) for _ in range(4000))
    steps = counting.Counter(counting._step(value) for value in values)
    exact = values[max(0, int(share * len(values) + 0.5) - 1)]
    assert exact <= percentile(steps, share) * 1.001 <= exact * 1.06


def test_there_is_no_percentile_of_nothing():
    assert percentile({}, 0.5) is None


def test_days_that_were_handed_out_change_no_more(store, reader):
    store.append(list(entries(8, NOW)))
    found = counted(reader)
    before = sum(day.outcomes.total() for _, day in found.last_days(30, NOW))
    days = found.last_days(30, NOW)
    store.append(list(entries(16, NOW))[16:])
    found.advance(reader, now=NOW)
    assert sum(day.outcomes.total() for _, day in days) == before
    assert sum(day.outcomes.total() for _, day in found.last_days(30, NOW)) > before
