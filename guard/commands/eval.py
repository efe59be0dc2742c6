"""`guard eval`: measure on texts of which the answers are known."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from guard.commands.context import config_of, progress, telling_errors

FORMATS = ("auto", "guard", "presidio", "klue", "stockmark", "ko-pii")
PROFILES = ("full", "fast", "patterns", "none")
GROUPS = ("entity", "language", "kind", "half")
REVIEW_FORMATS = ("auto", "guard", "moderation", "halueval", "xstest", "wildguard", "beavertails", "toxicchat")


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


def _track(rows: Sequence[Any], label: str) -> Any:
    """The rows one by one, with a bar beside what is printed."""
    return click.progressbar(rows, label=f"  {label}", file=sys.stderr)


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


@evaluate.command("review")
@click.option(
    "--data", multiple=True, metavar="FILE", type=click.Path(path_type=Path), help="An evaluation set; may be repeated."
)
@click.option(
    "--format", "form", type=click.Choice(REVIEW_FORMATS), default="auto", show_default=True, help="Of the files."
)
@click.option("--critic", metavar="MODEL", help="Measure this one; without it, the one in use.")
@click.option(
    "--constitution",
    "constitutions",
    multiple=True,
    metavar="NAME|FILE",
    help="The critic's principles; may be repeated. Without it, those that policies name.",
)
@click.option("--principle", metavar="ID", help="Judge all rows by this principle.")
@click.option("--half", type=click.Choice(["tuning", "held"]), help="Only this half of sets that are halved.")
@click.option("--rows", type=click.IntRange(1), help="Only so many rows of each set, spread over it.")
@click.option("--zero-shot/--no-zero-shot", default=True, show_default=True, help="Ask the packaged model as well.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for machines.")
@click.pass_context
def review_critic(context: click.Context, /, *, as_json: bool, **wishes: Any) -> None:
    """Measure the critic: what it tells apart, how sure it is of it, and at which cost."""
    with telling_errors():
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported
        from guard.evaluation.review import ReviewWish, review

        report = review(config_of(context), ReviewWish(**wishes), progress, _track)
    click.echo(report.as_json() if as_json else report.as_text())
