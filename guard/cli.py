"""The command line: thin, each command calls one function of the parts below."""

from __future__ import annotations

from pathlib import Path

import click

from guard.commands.audit import audit
from guard.commands.console import console
from guard.commands.constitution import constitution
from guard.commands.doctor import doctor
from guard.commands.eval import evaluate
from guard.commands.fingerprint import fingerprint
from guard.commands.held import held
from guard.commands.keys import keys
from guard.commands.mask import mask
from guard.commands.models import models
from guard.commands.replay import replay
from guard.commands.report import report
from guard.commands.review import review
from guard.commands.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="constitutional-guard", prog_name="guard")
@click.option("--config", "-c", type=click.Path(path_type=Path), envvar="GUARD_CONFIG", help="The configuration file.")
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """Stand between your people and any LLM: mask, review, restore and record.

    The configuration is read from --config, else from guard.yaml in this folder, else guard's defaults apply.
    """
    context.obj = config


main.add_command(audit)
main.add_command(console)
main.add_command(constitution)
main.add_command(doctor)
main.add_command(evaluate)
main.add_command(fingerprint)
main.add_command(held)
main.add_command(keys)
main.add_command(mask)
main.add_command(models)
main.add_command(replay)
main.add_command(report)
main.add_command(review)
main.add_command(serve)
