"""Plots as SVG that needs no script and no style of its own: the sheet of the page colours it, by class.

Every plot has a title and a description for those who do not see it, and stands beside a table of the same numbers.
Lengths are in the units of the view box; what is drawn fits into WIDTH by HEIGHT.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from markupsafe import Markup

WIDTH: Final = 640
HEIGHT: Final = 220
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 10, 26
ROW: Final = 24
NAMED: Final = 190  # how much room the names of bars get

_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Series:
    """A name and a value for each place on the axis; None where there is none."""

    name: str
    values: Sequence[float | None]


def columns(title: str, description: str, places: Sequence[str], series: Sequence[Series]) -> Markup:
    """Stacked columns, one for each place."""
    top = ceiling(max((sum(s.values[at] or 0 for s in series) for at in range(len(places))), default=0))
    slot = (WIDTH - LEFT - RIGHT) / max(len(places), 1)
    parts = [*_axis(top), *_places(places, slot)]
    for at in range(len(places)):
        base = 0.0
        for number, one in enumerate(series):
            value = one.values[at] or 0
            if value:
                y, height = _y(base + value, top), _y(base, top) - _y(base + value, top)
                box = Markup('<rect class="s{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
                parts.append(box.format(number, LEFT + at * slot + slot * 0.12, y, slot * 0.76, height))
            base += value
    return _drawing(title, description, HEIGHT, parts)


def lines(title: str, description: str, places: Sequence[str], series: Sequence[Series]) -> Markup:
    """A line for each series, broken where it has no value; a single value is a dot."""
    top = ceiling(max((value for s in series for value in s.values if value is not None), default=0))
    slot = (WIDTH - LEFT - RIGHT) / max(len(places), 1)
    parts = [*_axis(top), *_places(places, slot)]
    for number, one in enumerate(series):
        for run in _runs(one.values):
            points = [(LEFT + (at + 0.5) * slot, _y(value, top)) for at, value in run]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(Markup('<polyline class="l{}" points="{}"/>').format(number, path))
            parts += [Markup('<circle class="s{}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(number, *p) for p in points]
    return _drawing(title, description, HEIGHT, parts)


def bars(title: str, description: str, names: Sequence[str], series: Sequence[Series]) -> Markup:
    """Stacked bars that lie, one for each name, the number at its end."""
    totals = [sum(s.values[at] or 0 for s in series) for at in range(len(names))]
    scale = (WIDTH - NAMED - 60) / max(max(totals, default=0), 1)
    parts: list[Markup] = []
    for at, name in enumerate(names):
        y, x = at * ROW + 4, float(NAMED)
        label = Markup('<text class="name" x="{}" y="{}" text-anchor="end">{}</text>')
        parts.append(label.format(NAMED - 8, y + 13, _short(name)))
        for number, one in enumerate(series):
            width = (one.values[at] or 0) * scale
            if width:
                box = Markup('<rect class="s{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>')
                parts.append(box.format(number, x, y, width, ROW - 8))
            x += width
        parts.append(Markup('<text x="{:.1f}" y="{}">{:,}</text>').format(x + 6, y + 13, int(totals[at])))
    return _drawing(title, description, max(len(names), 1) * ROW + 6, parts)


def beside(title: str, description: str, points: Sequence[tuple[float, float]]) -> Markup:
    """Shares from 0 to 1 in both directions, the first to the right, beside the line on which both are the same."""
    across = WIDTH - LEFT - RIGHT
    parts = [*_axis(1.0)]
    for share in (0, 0.5, 1):
        label = Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>')
        parts.append(label.format(LEFT + share * across, HEIGHT - 8, "end" if share == 1 else "middle", _round(share)))
    line = Markup('<polyline class="l{}" points="{}"/>')
    parts.append(line.format(1, f"{LEFT},{_y(0, 1):.1f} {WIDTH - RIGHT},{_y(1, 1):.1f}"))
    places = [(LEFT + right * across, _y(up, 1)) for right, up in points]
    parts.append(line.format(0, " ".join(f"{x:.1f},{y:.1f}" for x, y in places)))
    parts += [Markup('<circle class="s0" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(*place) for place in places]
    return _drawing(title, description, HEIGHT, parts)


def ceiling(value: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not under `value`; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** max(math.floor(math.log10(value)), -300)  # below, floats lose their digits
    return next((step * power for step in (1, 2, 5) if step * power >= value), 10 * power)


def _drawing(title: str, description: str, height: int, parts: Sequence[Markup]) -> Markup:
    number = next(_NUMBERS)
    head = Markup(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-labelledby="plot{n}-title plot{n}-text">'
        '<title id="plot{n}-title">{}</title><desc id="plot{n}-text">{}</desc>'
    ).format(WIDTH, height, title, description, n=number)
    return head + Markup().join(parts) + Markup("</svg>")


def _axis(top: float) -> Iterator[Markup]:
    for share in (0, 0.5, 1):
        y = _y(share * top, top)
        yield Markup('<line class="grid" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>').format(LEFT, WIDTH - RIGHT, y=y)
        label = Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>')
        yield label.format(LEFT - 6, y + 4, _round(share * top))


def _places(places: Sequence[str], slot: float) -> Iterator[Markup]:
    every = max(1, math.ceil(len(places) / 8))
    for at, place in enumerate(places):
        if (len(places) - 1 - at) % every == 0:
            label = Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
            yield label.format(LEFT + (at + 0.5) * slot, HEIGHT - 8, place)


def _runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    run: list[tuple[int, float]] = []
    for at, value in enumerate(values):
        if value is not None:
            run.append((at, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _y(value: float, top: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)


def _round(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _short(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:25]}…"
