"""The report as a page that needs nothing else, and the same as PDF."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from guard.audit.verify import Report
from guard.config import Config
from guard.console import overview
from guard.console.language import Language
from guard.console.overview import Figure
from guard.console.speech import Speech, speech
from guard.errors import ConfigError
from guard.release import release
from guard.reporting import scores
from guard.reporting.gathering import Gathered, Keeping
from guard.times import date

HERE: Final = Path(__file__).parent
# Each requirement of the table, by its key in the messages, and the sections of the report that answer it.
REQUIREMENTS: Final[Sequence[tuple[str, str, tuple[str, ...]]]] = (
    ("act12", "Regulation (EU) 2024/1689, Article 12", ("volume", "rules", "log")),
    ("act19", "Regulation (EU) 2024/1689, Article 19", ("log",)),
    ("act26_1", "Regulation (EU) 2024/1689, Article 26(1), (2)", ("rules", "people")),
    ("act26_5", "Regulation (EU) 2024/1689, Article 26(5)", ("volume", "principles", "covered")),
    ("act26_6", "Regulation (EU) 2024/1689, Article 26(6)", ("log",)),
    ("iso_log", "ISO/IEC 42001:2023, A.6.2.8", ("log", "volume")),
    ("nist_measure", "NIST AI RMF 1.0, MEASURE 2.4", ("volume", "principles", "delays", "covered")),
    ("nist_manage", "NIST AI RMF 1.0, MANAGE 4.1", ("principles", "people")),
    ("nist_govern", "NIST AI RMF 1.0, GOVERN 1.5", ("rules", "people", "log")),
)


# What the sheet says of the parts of a plot, as attributes: not every renderer applies the sheet of a page to them.
COLOURS: Final = ("#2f5d8c", "#c8762b", "#4f8a5b", "#8a4f7d", "#7a7a2e", "#777f87")
DRAWN: Final[Mapping[str, str]] = {
    **{f"s{at}": f'fill="{colour}"' for at, colour in enumerate(COLOURS)},
    **{
        f"l{at}": f'fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"'
        for at, (colour, dashes) in enumerate(zip(COLOURS, ("none", "8 4", "2 4"), strict=False))
    },
    "grid": 'stroke="#d0d7de" stroke-width="1"',
}


def as_html(gathered: Gathered, checked: Report | None, config: Config, language: Language) -> str:
    """The report in a language; `checked` is None where the log was not verified."""
    say, own = speech(language), _speech(language)
    template = _environment().get_template("report.html")
    return template.render(
        say=say,
        own=own,
        language=language,
        month=gathered.month.name,
        tenant=config.tenant,
        made=datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=release(),
        figures=_figures(gathered, config, say, own),
        totals=_totals(gathered, own),
        covered=_covered(gathered, own),
        policies=_uses(gathered.counted.policies),
        constitutions=_uses(gathered.counted.constitutions),
        critics=sorted(gathered.critics.items()),
        actions=sorted(gathered.actions.items()),
        acts=[(date(act.time), act.actor, act.action, act.subject, act.note) for act in gathered.acts],
        gathered=gathered,
        checked=checked,
        keeping=Keeping.of(config),
        requirements=REQUIREMENTS,
    )


def as_pdf(page: str) -> bytes:
    """The page that `as_html` made, as PDF. Raises ConfigError where what it takes is not installed."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:  # the package, or the libraries of the system that it loads
        raise ConfigError(
            "a PDF needs WeasyPrint and Pango. Install them: pip install 'constitutional-guard[report]', and of the "
            "system libpango-1.0-0 and libpangoft2-1.0-0 (Debian: apt-get install libpangoft2-1.0-0)"
        ) from error
    nothing = weasyprint.URLFetcher(allowed_protocols=())
    data: bytes = weasyprint.HTML(string=page, url_fetcher=nothing).write_pdf(pdf_tags=True)
    return data


def _figures(gathered: Gathered, config: Config, say: Speech, own: Speech) -> Sequence[Figure]:
    days, prices = gathered.days, config.console.prices
    figures = [
        overview.volume(days, say),
        overview.masked(days, say),
        overview.principles(days, say),
        overview.delays(days, say),
        overview.tokens(days, say),
    ]
    if prices:
        figures.append(overview.cost(days, prices, config.console.currency, say))
    figures += scores.figures(gathered.scored, own)
    return [replace(figure, plot=_drawn(figure.plot)) for figure in figures if figure.rows]


def _drawn(plot: Markup) -> Markup:
    """`plot`, coloured by attributes."""
    text = re.sub(r'class="(s\d|l\d|grid)"', lambda match: f"{match.group()} {DRAWN[match[1]]}", plot)
    return Markup(text.replace("<text ", '<text font-size="12" fill="#57606a" '))  # noqa: S704 - made of a Markup


def _totals(gathered: Gathered, own: Speech) -> Sequence[tuple[str, int]]:
    days = [day for _, day in gathered.days]
    return (
        (own("total.exchanges"), sum(day.exchanges for day in days)),
        (own("total.masked"), sum(day.masked.total() for day in days)),
        (own("total.revised"), sum(n for day in days for (_, end), n in day.decided.items() if end == "revise")),
        (own("total.blocked"), sum(day.outcomes["blocked"] for day in days)),
        (own("total.acts"), sum(gathered.actions.values())),
    )


def _covered(gathered: Gathered, own: Speech) -> Sequence[tuple[str, int]]:
    days = [day for _, day in gathered.days]
    return (
        (own("covered.unscanned"), gathered.not_scanned["request"]),
        (own("covered.parts"), gathered.not_scanned["parts"]),
        (own("covered.unjudged"), gathered.not_judged),
        (own("covered.failed"), sum(day.outcomes["failed"] for day in days)),
        (own("covered.unfinished"), len(gathered.begun)),
    )


def _uses(uses: Mapping[tuple[str, str], Any]) -> Sequence[tuple[str, str, str, str, int]]:
    return [
        (name, digest, date(use.first), date(use.last), use.exchanges) for (name, digest), use in sorted(uses.items())
    ]


@cache
def _speech(language: Language) -> Speech:
    text = (HERE / "messages" / f"{language}.yaml").read_text(encoding="utf-8")
    return Speech(language, yaml.safe_load(text))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    return environment
