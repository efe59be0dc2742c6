"""`guard replay`: what other rules would have decided over what is on record."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from guard.commands.context import config_of, progress, telling_errors

UNITS = {"h": 3_600, "d": 86_400, "w": 604_800}


class Since(click.ParamType[float]):
    """A span of time such as 7d, 12h or 2w before now, or a day such as 2026-11-17 (UTC); as Unix seconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> float:
        """Read it."""
        if isinstance(value, float):
            return value
        text = str(value)
        if match := re.fullmatch(r"(\d{1,5})([hdw])", text):
            return time.time() - int(match[1]) * UNITS[match[2]]
        try:
            return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
        except ValueError:
            self.fail(f"'{text}' is no time. Write 7d, 12h, 2w or a day such as 2026-11-17.", param, context)


@click.command()
@click.option("--policy", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A new policy.")
@click.option(
    "--constitution", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A new constitution."
)
@click.option("--since", type=Since(), default="7d", show_default=True, help="From when on: 7d, 12h, or a day.")
@click.option("--team", help="Only exchanges of this team.")
@click.option("--limit", type=click.IntRange(min=1), help="The newest ones alone.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with every exchange that differs.")
@click.pass_context
def replay(
    context: click.Context,
    policy: Path | None,
    constitution: Path | None,
    since: float,
    team: str | None,
    limit: int | None,
    as_json: bool,  # noqa: FBT001 - click passes by name
) -> None:
    """Say what would have been decided otherwise over recorded exchanges. Nothing is sent to an upstream."""
    with telling_errors():
        from itertools import islice

        from guard.audit.log import reader_of
        from guard.audit.reading import Filters
        from guard.replaying import recorded
        from guard.replaying.report import Report, as_text, as_values
        from guard.replaying.rules import start
        from guard.replaying.trial import replay as replayed

        config = config_of(context)
        rules = start(config, policy, constitution, progress)
        report = Report()
        try:
            found = recorded(reader_of(config), Filters(since=since, team=team))
            for count, exchange in enumerate(islice(found, limit), 1):
                report.add(replayed(exchange, rules))
                if count % 100 == 0:
                    progress(f"{count} exchanges")
        finally:
            rules.close()
        click.echo(json.dumps(as_values(report), ensure_ascii=False, indent=2) if as_json else as_text(report))
