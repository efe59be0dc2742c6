"""`guard eval`: measure on texts of which the answers are known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from guard.commands.context import config_of, progress, telling_errors

FORMATS = ("auto", "guard", "presidio", "klue", "stockmark", "ko-pii")
PROFILES = ("full", "fast", "patterns", "none")
GROUPS = ("entity", "language", "kind", "half")


class _Groups(click.ParamType[tuple[str, ...]]):
    """Names of groups, with commas between."""

    name = "GROUPS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """The names; fails on one that is none."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in value.split(",") if name.strip())
        for name in names:
            if name not in GROUPS:
                self.fail(f"'{name}' is no group. Known are: {', '.join(GROUPS)}.", param, ctx)
        return tuple(dict.fromkeys(names))


@click.group("eval")
def evaluate() -> None:
    """Measure on texts of which the answers are known."""


@evaluate.command()
@click.option(
    "--data", multiple=True, metavar="FILE", type=click.Path(path_type=Path), help="An evaluation set; may be repeated."
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="auto", show_default=True, help="Of the files.")
@click.option("--policy", metavar="NAME", help="Measure this policy; without it, the one for an unknown caller.")
@click.option(
    "--profile", "profiles", multiple=True, type=click.Choice(PROFILES), help="Not the policy's own; may be repeated."
)
@click.option("--half", type=click.Choice(["tuning", "held"]), help="Only this half of sets that are halved.")
@click.option("--by", type=_Groups(), default="entity,language", show_default=True, help="Group by these.")
@click.option("--compare", type=click.Choice(["presidio"]), help="Measure plain Presidio in the same run.")
@click.option("--rows", type=click.IntRange(1), help="Only so many rows of each file, spread over it.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for machines.")
@click.pass_context
def detect(
    context: click.Context, /, *, data: tuple[Path, ...], compare: str | None, as_json: bool, **wishes: Any
) -> None:
    """Measure what is masked: how much of what should be, how much else, and at which cost."""
    with telling_errors():
        from guard.evaluation import Wish, measure

        os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a recognizer process, and before numpy is imported
        wish = Wish(data=data, presidio=compare == "presidio", **wishes)
        report = measure(config_of(context), wish, progress, alone=True)
    click.echo(report.as_json() if as_json else report.as_text())
