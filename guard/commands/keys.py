"""`guard keys`: the keys that stand for callers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from guard.commands.context import config_of, telling_errors
from guard.times import instant

if TYPE_CHECKING:
    from guard.types import Principal


@click.group()
def keys() -> None:
    """Make and revoke the keys that stand for callers."""


@keys.command("create")
@click.option("--user", required=True, help="Who will call.")
@click.option("--team", default="", help="The team, for policies.")
@click.option("--app", "application", default="", help="The application, for policies.")
@click.option("--days", type=click.IntRange(1), help="How many days the key is valid; without it, until revoked.")
@click.pass_context
def keys_create(context: click.Context, user: str, team: str, application: str, days: int | None) -> None:
    """Make a key. It is shown once and stored only as a hash."""
    with telling_errors(), _guard_keys(context) as store:
        expires = (datetime.now(UTC) + timedelta(days=days)).timestamp() if days else None
        token, record = store.create(user, team, application, expires)
        click.echo(token)
        click.echo(f"Key {record.id} stands for {_who(record.principal)}. It is not shown again.", err=True)


@keys.command("list")
@click.pass_context
def list_keys(context: click.Context) -> None:
    """List the keys."""
    with telling_errors(), _guard_keys(context) as store:
        for record in store.list():
            state = "revoked" if record.revoked else f"until {instant(record.expires)}" if record.expires else "valid"
            click.echo(f"{record.id}  {instant(record.created)}  {_who(record.principal):<40}  {state}")


@keys.command("revoke")
@click.argument("key_id")
@click.pass_context
def keys_revoke(context: click.Context, key_id: str) -> None:
    """Refuse a key from now on."""
    with telling_errors(), _guard_keys(context) as store:
        record = store.revoke(key_id)
        click.echo(f"Key {record.id} of {_who(record.principal)} is revoked.")


@contextmanager
def _guard_keys(context: click.Context) -> Iterator[Any]:
    from guard.service import open_keys

    store = open_keys(config_of(context))
    try:
        yield store
    finally:
        store.close()


def _who(principal: Principal) -> str:
    return "/".join(part for part in (principal.team, principal.application, principal.user) if part)
