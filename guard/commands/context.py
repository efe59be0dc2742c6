"""What commands have in common: the configuration, how they say what they do, and how they tell what is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard.errors import GuardError

if TYPE_CHECKING:
    from guard.config import Config


@contextmanager
def telling_errors() -> Iterator[None]:
    """Show guard's own errors as one message instead of a traceback."""
    try:
        yield
    except GuardError as error:
        raise click.ClickException(error.message) from error


def file_of(context: click.Context) -> Path | None:
    """The configuration file that is given, or lies here; None where guard's defaults apply."""
    given: Path | None = context.obj
    default = Path("guard.yaml")
    return given or (default if default.exists() else None)


def config_of(context: click.Context) -> Config:
    """The configuration. Raises ConfigError."""
    from guard.config import load

    return load(file_of(context), os.environ)


def progress(message: str) -> None:
    """Say what is being done, beside what is printed."""
    click.echo(f"  {message}", err=True)
