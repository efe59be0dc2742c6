"""How times are written."""

from guard.times import date, instant, moment


def test_times_are_written_in_utc() -> None:
    seconds = 1_773_065_100.9  # 2026-03-09 14:05:00 UTC, and a part of a second that is left out
    assert date(seconds) == "2026-03-09"
    assert moment(seconds) == "2026-03-09 14:05:00"
    assert instant(seconds) == "2026-03-09T14:05:00Z"


def test_a_day_ends_at_midnight_in_utc() -> None:
    assert date(86_399.99) == "1970-01-01"
    assert date(86_400) == "1970-01-02"
