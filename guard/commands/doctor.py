"""`guard doctor`: what leaves, seen from the other side."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import suppress
from typing import Any, get_args

import click

from guard.commands.context import config_of, progress, telling_errors
from guard.types import SurfaceName


@click.command()
@click.option("--client", metavar="COMMAND", help="Run this client instead; {canary} becomes a text with canaries.")
@click.option("--listen", is_flag=True, help="Wait for a client that you drive yourself, until Ctrl-C.")
@click.option(
    "--surface", "surfaces", type=click.Choice(get_args(SurfaceName)), multiple=True, help="Call this surface only."
)
@click.option("--model", help="Ask for this model.")
@click.option("--team", default="", help="Call as a member of this team.")
@click.option("--app", "application", default="", help="Call as this application.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for machines.")
@click.pass_context
def doctor(
    context: click.Context, /, *, client: str | None, listen: bool, surfaces: tuple[str, ...], as_json: bool, **who: Any
) -> None:
    """Plant canaries and look where they turn up; no upstream is called, and your log stays as it is."""
    if client and listen:
        raise click.UsageError("Give either --client or --listen.")
    with telling_errors():
        from guard.doctor import Caller, examine

        waiting = _wait_for_client if listen else None
        report = examine(
            config_of(context), progress, caller=Caller(**who), client=client, listening=waiting, surfaces=surfaces
        )
        click.echo(report.as_json() if as_json else report.as_text())
        if not report.ok:
            sys.exit(1)


def _wait_for_client(address: str, key: str, text: str) -> None:
    click.echo(f"\nbase URL  {address}/v1 (OpenAI), {address} (Anthropic)\nkey       {key}\n", err=True)
    click.echo(f"Send this, and end with Ctrl-C:\n\n{text}\n", err=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
