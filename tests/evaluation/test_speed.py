"""What is timed, and how: in processor time, over texts of the right size."""

import time
from collections.abc import Sequence

from guard.evaluation import speed


def test_texts_of_a_kilobyte_are_made_of_whole_texts() -> None:
    texts = [f"{number}: " + "가" * 100 for number in range(40)]  # some 300 bytes each
    pieces = speed.kilobytes(texts)
    assert len(pieces) == 10
    assert all(speed.KILOBYTE <= len(piece.encode()) < speed.KILOBYTE + 320 for piece in pieces)
    assert "".join(pieces) == "\n".join(texts) + "\n"


def test_a_long_text_is_no_text_that_was_asked_for_before() -> None:
    long = "x" * 3_000
    assert speed.kilobytes([long, "short"]) == [long + "\n"]


def test_what_repeats_is_timed_once_and_little_is_still_something() -> None:
    assert len(speed.kilobytes(["y" * 2_000] * 5)) == 1
    assert speed.kilobytes(["a", "b"]) == ["a\nb"]


def test_waiting_costs_nothing_and_work_does() -> None:
    def work() -> None:
        end = time.process_time() + 0.02
        while time.process_time() < end:
            pass

    assert speed.cpu_ms(lambda: time.sleep(0.05)) < 15
    assert speed.cpu_ms(work) >= 20


def test_the_cost_of_a_kilobyte_is_a_median_by_length() -> None:
    def find(text: str) -> None:
        end = time.process_time() + len(text) / 1_024 * 0.01
        while time.process_time() < end:
            pass

    pieces = ["x" * 1_024, "x" * 2_048, "x" * 3_072]
    assert 9 < speed.per_kilobyte(pieces, find) < 15


def test_a_turn_has_forty_messages_of_which_the_last_is_new() -> None:
    asked: list[tuple[str, ...]] = []

    def turn(messages: Sequence[str]) -> None:
        asked.append(tuple(messages))

    speed.last_turn(["a" * 1_024, "b" * 1_024], turn)
    first, *turns = asked
    assert len(first) == speed.HISTORY - 1
    known = set(first)
    assert len(turns) == speed.TURNS
    for messages in turns:
        assert len(messages) == speed.HISTORY
        assert [message for message in messages if message not in known] == [messages[-1]]
        known.add(messages[-1])
