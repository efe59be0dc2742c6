import asyncio
import re

import pytest

from guard.config import Price
from guard.console.counting import Counted, Day
from guard.console.overview import spent
from tests.console.desk import desk


def cells(text, key):
    part = text.split(f'id="h-{key}"')[1].split("</section>")[0]
    return [re.findall(r">([^<]*)</t[hd]>", row) for row in re.findall(r"<tr>.*?</tr>", part, re.DOTALL)]


def test_the_figures_stand_as_plots_and_as_tables(viewer):
    text = viewer.get("/console").text
    assert text.count('<svg class="plot"') == text.count("<desc id=") == 5
    masked = cells(text, "masked")
    assert masked[1][:2] == ["PERSON", "24"]
    assert sum(map(int, masked[1][2:])) == 24
    head, fired = cells(text, "principles")[:2]
    told = {"revised": "6", "held for a person": "0", "blocked": "3", "violated": "9", "clear": "0"}
    assert fired[0] == "no-threats"
    assert told.items() <= dict(zip(head[1:], fired[1:], strict=True)).items()
    assert sum(int(row[1]) for row in cells(text, "volume")[1:]) == 24
    delays = {row[0]: row[1:] for row in cells(text, "delays")[1:]}
    assert 43.75 <= float(delays["guard in all"][0]) <= 43.75 * 1.051
    assert sum(int(row[2]) for row in cells(text, "tokens")[1:]) == 21 * 40


def test_the_totals_stand_above(viewer):
    tiles = re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", viewer.get("/console").text.split("<section")[0])
    assert dict(tiles) == {
        "Exchanges": "24", "Values masked": "48", "Blocked": "3", "Not judged": "0", "Unfinished": "3",
    }  # fmt: skip


@pytest.mark.parametrize(("asked", "days"), [("7", 7), ("90", 90), ("12", 30), ("x", 30)])
def test_the_span_of_time_can_be_chosen(viewer, asked, days):
    assert f"<h1>The last {days} days</h1>" in viewer.get(f"/console?days={asked}").text


def test_a_log_that_is_still_being_counted_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("guard.console.counting.AT_ONCE", 5)
    monkeypatch.setitem(Counted.advance.__kwdefaults__, "budget_s", 0)
    with desk(tmp_path) as here, here.client("viewer") as client:
        assert "still being counted" in client.get("/console").text


def test_cost_is_told_where_there_are_prices(tmp_path):
    prices = [{"models": "gpt-4o*", "input": 2.5, "output": 10}]
    with desk(tmp_path, prices=prices, currency="EUR") as here, here.client("viewer") as client:
        text = client.get("/console?days=90").text
        assert "Cost a day, in EUR" in text
        written = 21 * 40 * 10
        read = sum(120 + n for n in range(24) if n % 8 != 3) * 2.5
        told = sum(float(row[1]) for row in cells(text, "cost")[1:])
        assert told == pytest.approx((written + read) / 1e6, abs=0.005 * 8)


def test_the_first_price_that_fits_counts_and_a_model_without_one_costs_nothing():
    day = Day()
    day.tokens.update({("gpt-4o", "prompt_tokens"): 1_000_000, ("gpt-4o", "completion_tokens"): 2_000_000,
                       ("claude", "output_tokens"): 1_000_000, ("own", "input_tokens"): 10**9})  # fmt: skip
    day.tokens["gpt-4o", "total_tokens"] = 3_000_000
    day.tokens.update({("gemini", "promptTokenCount"): 1_000_000, ("gemini", "candidatesTokenCount"): 1_000_000})
    prices = (Price(models="gpt-*", input=2, output=8), Price(models="claude", input=3, output=15),
              Price(models="gemini", input=1, output=4), Price(models="*o", input=99, output=99))  # fmt: skip
    assert spent(day, prices) == 2 + 16 + 15 + 1 + 4


def test_what_is_being_counted_is_waited_for_off_the_loop(tmp_path):
    there = []

    class Watched(Counted):
        def last_days(self, days, now):
            there.append(asyncio._get_running_loop() is not None)
            return super().last_days(days, now)

    with desk(tmp_path, exchanges=3) as here, here.client("viewer") as client:
        here.console.parts.counted = Watched()
        assert client.get("/console").status_code == 200
    assert there == [False]
