"""What happened in the last days, as figures and as plots."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, get_args

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from guard.config import Price
from guard.console.counting import DAY_S, Day, percentile
from guard.console.pages import Parts, number, page, parts_of, speech_of
from guard.console.plots import Series, bars, columns, lines
from guard.console.speech import Speech
from guard.times import date
from guard.types import Decision, Outcome, State

SPANS: Final = (7, 30, 90)  # days
USUAL: Final = 30
MOST_KINDS: Final = 12  # rows of a table and bars of a plot
MOST_TEAMS: Final = 5  # told apart; the others are one
SHARES: Final = (0.5, 0.95, 0.99)
# What the providers call tokens that were read, and those written.
READ: Final = ("prompt_tokens", "input_tokens", "promptTokenCount")
WRITTEN: Final = ("completion_tokens", "output_tokens", "candidatesTokenCount")


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot and the same numbers as a table: its head, and its rows, the first cell of which names the row."""

    key: str
    title: str
    plot: Markup
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[str] = ()
    note: str = ""


async def overview(request: Request) -> Response:
    """The figures of the last days."""
    parts, say = parts_of(request), speech_of(request)
    wish = request.query_params.get("days", "")
    span = int(wish) if wish in map(str, SPANS) else USUAL
    now = time.time()
    days = await run_in_threadpool(_days, parts, span, now)
    prices = parts.service.config.console.prices
    figures = [volume(days, say), masked(days, say), principles(days, say), delays(days, say), tokens(days, say)]
    if prices:
        figures.append(cost(days, prices, parts.service.config.console.currency, say))
    values = {
        "figures": [figure for figure in figures if figure.rows],
        "totals": _totals(days),
        "span": span,
        "spans": SPANS,
        "complete": parts.counted.complete,
        "until": parts.counted.until,
    }
    return page(request, "overview.html", values)


def volume(days: Sequence[tuple[int, Day]], say: Speech) -> Figure:
    """Exchanges a day, by how they ended."""
    outcomes = [o for o in get_args(Outcome) if any(day.outcomes[o] for _, day in days)]
    shown, others = outcomes[:5], outcomes[5:]
    series = [Series(say.word("outcome", o), [day.outcomes[o] for _, day in days]) for o in shown]
    if others:
        rest = [sum(day.outcomes[o] for o in others) for _, day in days]
        series.append(Series(say("overview.others"), rest))
    plot = columns(say("overview.volume"), say("overview.volume.text"), _places(days), series)
    rows = [
        [_date(number_), number(day.exchanges), *(number(day.outcomes[o]) for o in outcomes)]
        for number_, day in days
        if day.exchanges or day.outcomes
    ]
    head = [say("word.day"), say("overview.begun"), *(say.word("outcome", o) for o in outcomes)]
    return Figure("volume", say("overview.volume"), plot, head, rows, [one.name for one in series])


def masked(days: Sequence[tuple[int, Day]], say: Speech) -> Figure:
    """What was masked, by kind and by team."""
    counts: Counter[tuple[str, str]] = Counter()
    for _, day in days:
        counts.update(day.masked)
    kinds, teams = Counter[str](), Counter[str]()
    for (team, entity), times in counts.items():
        kinds[entity] += times
        teams[team] += times
    names = [name for name, _ in kinds.most_common(MOST_KINDS)]
    top = [team for team, _ in teams.most_common(MOST_TEAMS)]
    series = [Series(team or say("word.no_team"), [counts[team, name] for name in names]) for team in top]
    if len(teams) > MOST_TEAMS:
        rest = [kinds[name] - sum(counts[team, name] for team in top) for name in names]
        series.append(Series(say("overview.others"), rest))
    plot = bars(say("overview.masked"), say("overview.masked.text"), names, series)
    rows = [[name, number(kinds[name]), *(number(one.values[at] or 0) for one in series)]
            for at, name in enumerate(names)]  # fmt: skip
    legend = [one.name for one in series]
    return Figure("masked", say("overview.masked"), plot, [say("word.entity"), say("word.all"), *legend], rows, legend)


def principles(days: Sequence[tuple[int, Day]], say: Speech) -> Figure:
    """What became of the exchanges in which a principle fired."""
    decided: Counter[tuple[str, Decision]] = Counter()
    states: Counter[tuple[str, State]] = Counter()
    for _, day in days:
        decided.update(day.decided)
        states.update(day.verdicts)
    fired = Counter({name: states[name, "fired"] for name, _ in states})
    names = [name for name, _ in sorted(fired.items(), key=lambda item: (-item[1], item[0]))][:MOST_KINDS]
    ends: Sequence[Decision] = get_args(Decision)
    series = [Series(say.word("decision", end), [decided[name, end] for name in names]) for end in ends]
    plot = bars(say("overview.principles"), say("overview.principles.text"), names, series)
    columns_: Sequence[State] = get_args(State)
    rows = [[name, *(number(decided[name, end]) for end in ends), *(number(states[name, s]) for s in columns_)]
            for name in names]  # fmt: skip
    head = [say("word.principle"), *(one.name for one in series), *(say.word("state", s) for s in columns_)]
    return Figure("principles", say("overview.principles"), plot, head, rows, [one.name for one in series])


def delays(days: Sequence[tuple[int, Day]], say: Speech) -> Figure:
    """How long each stage took; the plot shows what guard added."""
    own = [day.durations.get("guard", Counter()) for _, day in days]
    series = [Series(_share(share), [percentile(steps, share) for steps in own]) for share in SHARES]
    plot = lines(say("overview.delays"), say("overview.delays.text"), _places(days), series)
    stages: dict[str, Counter[int]] = {}
    for _, day in days:
        for stage, steps in day.durations.items():
            stages.setdefault(stage, Counter()).update(steps)
    rows = [[say.word("stage", stage), *(number(percentile(steps, share) or 0) for share in SHARES)]
            for stage, steps in sorted(stages.items())]  # fmt: skip
    head = [say("overview.milliseconds"), *map(_share, SHARES)]
    return Figure(
        "delays", say("overview.delays"), plot, head, rows, [one.name for one in series], say("overview.delays.note")
    )


def tokens(days: Sequence[tuple[int, Day]], say: Speech) -> Figure:
    """Tokens a day, read and written, as the upstreams counted them."""
    sides = (("overview.read", READ), ("overview.written", WRITTEN))
    series = [Series(say(key), [_tokens(day, kinds) for _, day in days]) for key, kinds in sides]
    plot = columns(say("overview.tokens"), say("overview.tokens.text"), _places(days), series)
    rows = [[_date(at), *(number(_tokens(day, kinds)) for _, kinds in sides)] for at, day in days if day.tokens]
    return Figure(
        "tokens",
        say("overview.tokens"),
        plot,
        [say("word.day"), *(one.name for one in series)],
        rows,
        [s.name for s in series],
    )


def cost(days: Sequence[tuple[int, Day]], prices: Sequence[Price], currency: str, say: Speech) -> Figure:
    """What the tokens cost, at the prices of the configuration."""
    costs = [spent(day, prices) for _, day in days]
    unpriced = {m for _, day in days for m, _ in day.tokens if not any(fnmatchcase(m, p.models) for p in prices)}
    title = say("overview.cost", currency=currency)
    plot = columns(title, say("overview.cost.text"), _places(days), [Series(currency, costs)])
    rows = [[_date(at), f"{spent_:,.2f}"] for (at, day), spent_ in zip(days, costs, strict=True) if day.tokens]
    note = say("overview.cost.unpriced", models=", ".join(sorted(unpriced))) if unpriced else ""
    return Figure("cost", title, plot, [say("word.day"), currency], rows, (), note)


def spent(day: Day, prices: Sequence[Price]) -> float:
    """What one day's tokens cost; the first price that fits a model counts, and one without a price costs nothing."""
    whole = 0.0
    for (model, kind), amount in day.tokens.items():
        price = next((price for price in prices if fnmatchcase(model, price.models)), None)
        if price is not None:
            each = price.input if kind in READ else price.output if kind in WRITTEN else 0.0
            whole += amount * each / 1_000_000
    return whole


def _days(parts: Parts, span: int, now: float) -> Sequence[tuple[int, Day]]:
    """The counts of the last days. For a thread: another page may be counting, and that is waited for."""
    parts.counted.advance(parts.reader)
    return parts.counted.last_days(span, now)


def _totals(days: Sequence[tuple[int, Day]]) -> Mapping[str, Any]:
    begun = sum(day.exchanges for _, day in days)
    return {
        "exchanges": begun,
        "masked": sum(day.masked.total() for _, day in days),
        "blocked": sum(day.outcomes["blocked"] for _, day in days),
        "not_judged": sum(day.outcomes["not_judged"] for _, day in days),
        "unfinished": max(0, begun - sum(day.outcomes.total() for _, day in days)),
    }


def _tokens(day: Day, kinds: Sequence[str]) -> int:
    return sum(amount for (_, kind), amount in day.tokens.items() if kind in kinds)


def _places(days: Sequence[tuple[int, Day]]) -> list[str]:
    return [_date(number_)[5:] for number_, _ in days]


def _date(number_: int) -> str:
    return date(number_ * DAY_S)


def _share(share: float) -> str:
    return f"p{share * 100:.0f}"
