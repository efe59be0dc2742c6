"""`guard console`: who may sign in to the console."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

import click

from guard.commands.acts import record
from guard.commands.context import config_of, telling_errors
from guard.times import instant

if TYPE_CHECKING:
    from guard.config import Config, Role
    from guard.console.register import Register

ROLES: Final = ("viewer", "auditor", "admin")
DAY_S: Final = 86_400.0


@click.group()
def console() -> None:
    """Say who may sign in to the console."""


@console.command("invite")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="What they may do; needed for somebody new.")
@click.option("--days", type=click.IntRange(1, 7), default=1, show_default=True, help="How long the link is good.")
@click.pass_context
def console_invite(context: click.Context, name: str, role: Role | None, days: int) -> None:
    """Print a link by which a person signs in, once."""
    with telling_errors(), _register(context) as (config, register):
        from guard.console.links import Links
        from guard.console.people import People, proper

        people, name = People(register), proper(name)
        person = people.find(name)
        if role is None and (person is None or person.revoked is not None):
            raise click.UsageError("Somebody new needs a role: give --role viewer, auditor or admin.")
        given = role or (person.role if person else "viewer")
        base = _base(config)
        record(config, "key", f"link for {name}", f"role {given}, good for {days} d")
        people.admit(name, given)
        link = Links(register).make(name, days * DAY_S)
        click.echo(f"{base}/console/sign-in/link/{link}")
        click.echo(f"Send it to {name} alone. It signs in once, within {days} d, and is not shown again.", err=True)


@console.command("people")
@click.pass_context
def console_people(context: click.Context) -> None:
    """List who may sign in."""
    with telling_errors(), _register(context) as (_, register):
        from guard.console.people import People

        for person in People(register).list():
            state = f"revoked {instant(person.revoked)}" if person.revoked else "may sign in"
            how = "identity provider" if person.subject else "link"
            click.echo(f"{person.name:<40}  {person.role:<7}  {instant(person.made)}  {how:<17}  {state}")


@console.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@click.pass_context
def console_role(context: click.Context, name: str, role: Role) -> None:
    """Give a person another role, from their next page on."""
    with telling_errors(), _register(context) as (config, register):
        from guard.console.people import NOBODY, People, proper

        people, name = People(register), proper(name)
        person = people.find(name)
        if person is None or person.revoked is not None:
            raise click.ClickException(NOBODY)
        record(config, "key", f"role of {name}", f"{person.role} to {role}")
        people.change_role(name, role)
        click.echo(f"{name} is {role} now.")


@console.command("revoke")
@click.argument("name")
@click.pass_context
def console_revoke(context: click.Context, name: str) -> None:
    """Let a person in no more; their sessions end at once."""
    with telling_errors(), _register(context) as (config, register):
        from guard.console.people import People, proper

        people, name = People(register), proper(name)
        people.revoke(name)  # first: nobody stays signed in because the log cannot be written
        record(config, "key", f"role of {name}", "revoked")
        click.echo(f"{name} may no longer sign in.")


@console.command("sign-out")
@click.argument("name")
@click.pass_context
def console_sign_out(context: click.Context, name: str) -> None:
    """End every session of a person; they may sign in again."""
    with telling_errors(), _register(context) as (config, register):
        from guard.console.parts import sessions_of
        from guard.console.people import proper

        name = proper(name)
        ended = sessions_of(config, register).close_all(name)
        record(config, "sign_out", f"sessions of {name}", f"{ended} ended")
        click.echo(f"{ended} session{'' if ended == 1 else 's'} of {name} ended.")


@contextmanager
def _register(context: click.Context) -> Iterator[tuple[Config, Register]]:
    from guard.console.parts import open_register

    config = config_of(context)
    with closing(open_register(config)) as register:
        yield config, register


def _base(config: Config) -> str:
    """The address of guard in a browser. Raises UsageError where the configuration does not say it."""
    if config.console.public_url:
        return config.console.public_url
    host, port = config.listen.host, config.listen.port
    if port == 0 or host in {"0.0.0.0", "::"}:  # noqa: S104 - to say that this is no address to go to
        raise click.UsageError("Set console.public_url to the address at which people reach guard.")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
