from datetime import UTC, datetime

import pytest

from guard.audit.reading import EVERY, Filters
from guard.console.asked import asked


def test_nothing_asked_is_everything():
    assert asked({}, searches=True).filters == EVERY


def test_days_are_whole_and_the_last_is_included():
    filters = asked({"since": "2026-11-01", "until": "2026-11-02"}, searches=True).filters
    assert filters.since == datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    assert filters.until == datetime(2026, 11, 3, tzinfo=UTC).timestamp()


def test_the_last_day_that_there_is_has_an_end():
    wish = asked({"until": "9999-12-31"}, searches=True)
    assert wish.filters.until == datetime(9999, 12, 31, tzinfo=UTC).timestamp() + 86_400
    assert wish.wrong == ()


def test_every_filter_is_passed_on():
    query = {
        "user": "ann", "team": "legal", "application": "mailer", "surface": "chat", "model": "gpt-4o",
        "decision": "revise", "outcome": "unfinished", "text": " pay  now ",
    }  # fmt: skip
    wish = asked(query, searches=True)
    assert wish.filters == Filters(**{**query, "text": "pay  now"})
    assert wish.wrong == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [("since", "yesterday"), ("until", "2026-13-01"), ("decision", "ponder"), ("outcome", "x"), ("surface", "ftp")],
)
def test_what_a_field_cannot_hold_is_said_and_filters_nothing(name, value):
    wish = asked({name: value}, searches=True)
    assert wish.wrong == (name,)
    assert wish.filters == EVERY


def test_who_may_not_see_content_cannot_search_it():
    wish = asked({"text": "secret"}, searches=False)
    assert wish.filters == EVERY
    assert "text" not in wish.fields


@pytest.mark.parametrize("before", ["x", "-1", "1e3", "٣", "9" * 30, ""])
def test_a_place_that_is_no_number_is_the_beginning(before):
    assert asked({"before": before}, searches=True).before is None


def test_the_next_page_asks_for_the_same():
    wish = asked({"team": "R&D", "before": "9"}, searches=True)
    assert wish.before == 9
    assert wish.query(before=3) == "team=R%26D&before=3"
