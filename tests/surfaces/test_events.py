"""Events that wait: they come back as they were, and take little memory meanwhile."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.surfaces import events as kept
from guard.surfaces.events import BLOCK, FRESH, Events
from guard.surfaces.stream import Event, comment, read_event

DONE = b"[DONE]"


def event(number: int) -> Event:
    if number % 7 == 3:
        return read_event(comment(f"still here {number}"))
    frame = f'"id":"chatcmpl-1","model":"m","choices":[{{"index":0,"delta":{{"content":"word {number}"}}}}]'
    return read_event(f"data: {{{frame}}}\n\n".encode())


ENDED = read_event(b"data: [DONE]\n\n", DONE)


@pytest.mark.parametrize("count", [0, 1, FRESH, FRESH + 1, 5 * BLOCK // 100])
def test_events_come_back_in_order_as_often_as_they_are_wanted(count: int) -> None:
    events, given_ = Events(DONE), [*map(event, range(count)), ENDED]
    for each in given_:
        events.append(each)
    assert len(events) == count + 1
    assert list(events) == list(events) == given_
    assert b"".join(events.raw()) == b"".join(each.raw for each in given_)
    assert list(events.bodies) == [each.body for each in given_ if each.body is not None]


@given(st.lists(st.sampled_from(["append", "pop", "clear"]), max_size=300), st.integers(1, 3), st.integers(1, 900))
def test_events_are_as_a_list_of_them(steps: list[str], fresh: int, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "FRESH", fresh)
        patch.setattr(kept, "BLOCK", block)
        events, model = Events(DONE), list[Event]()
        for number, step in enumerate(steps):
            match step:
                case "append":
                    events.append(event(number))
                    model.append(event(number))
                case "pop":
                    assert events.pop() == [model.pop() for _ in model[-1:]]
                case "clear":
                    events.clear()
                    model.clear()
            assert (list(events), len(events)) == (model, len(model))


def test_nothing_comes_of_no_events() -> None:
    assert Events(DONE).pop() == []


def test_a_thousand_waiting_events_are_some_ten_bytes_each() -> None:
    tracemalloc.start()
    events = Events(DONE)
    for number in range(20_000):
        events.append(event(number))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 20_000 * 30
