"""`guard audit`: the content that the log keeps beside its entries, and when it is destroyed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard.commands.acts import ROLE, operator, record
from guard.commands.context import config_of, telling_errors
from guard.times import instant

if TYPE_CHECKING:
    from guard.audit.held import HeldReplies
    from guard.audit.labels import Labels, Notes
    from guard.audit.reading import Recorded
    from guard.audit.retention import Steward, Subject
    from guard.audit.store import Store
    from guard.config import Config

because = click.option("--reason", required=True, help="Why, in a short sentence: it is recorded.")


@click.command("erase")
@click.option("--user", required=True, help="Whose content.")
@because
@click.pass_context
def erase_content(context: click.Context, user: str, reason: str) -> None:
    """Destroy all that a user said and was told, and the keys to it. The log stays provable."""
    with telling_errors():
        from guard.audit.log import store_of
        from guard.audit.retention import erase

        config = config_of(context)
        with closing(store_of(config)) as store, _elsewhere(config) as (held, labels):
            erased = erase(store, user, reason, steward(), (held, _notes(labels, store)))
            left = _left(store, held, labels)
        click.echo(f"The content of {erased.entries} entries is destroyed.")
        for what, number in erased.others.items():
            click.echo(f"So are {number} {what}.")
        _warn(left)


@click.command("expire")
@click.pass_context
def expire_content(context: click.Context) -> None:
    """Destroy the content whose time is over. The proxy does so too, at its start and once a day."""
    with telling_errors():
        from guard.audit.log import store_of
        from guard.audit.retention import expire

        config = config_of(context)
        with closing(store_of(config)) as store, _elsewhere(config) as (held, labels):
            count = expire(store, config.audit.retention_days, steward())
            for place in (held, labels):
                if place.outstanding():
                    place.scrub()
            left = _left(store, held, labels)
        click.echo(f"The content of {count} entries is destroyed.")
        _warn(left)


@click.command("hold")
@click.option("--user", help="All that this user said and was told.")
@click.option("--exchange", help="This exchange.")
@because
@click.pass_context
def hold_content(context: click.Context, user: str | None, exchange: str | None, reason: str) -> None:
    """Put content under legal hold: it neither expires nor is erased until it is released."""
    with telling_errors():
        from guard.audit.log import store_of
        from guard.audit.retention import hold

        subject = _subject(user, exchange)
        store = store_of(config_of(context))
        try:
            hold(store, subject, reason, steward())
        finally:
            store.close()
        click.echo(f"{subject} is under legal hold.")


@click.command("release")
@click.option("--user", help="All that this user said and was told.")
@click.option("--exchange", help="This exchange.")
@because
@click.pass_context
def release_content(context: click.Context, user: str | None, exchange: str | None, reason: str) -> None:
    """End a legal hold."""
    with telling_errors():
        from guard.audit.log import store_of
        from guard.audit.retention import release

        subject = _subject(user, exchange)
        store = store_of(config_of(context))
        try:
            release(store, subject, reason, steward())
        finally:
            store.close()
        click.echo(f"{subject} is under no legal hold any more.")


@click.command("holds")
@click.pass_context
def list_holds(context: click.Context) -> None:
    """List what is under legal hold, since when, by whom and why."""
    with telling_errors():
        from guard.audit.log import reader_of
        from guard.audit.retention import standing
        from guard.audit.showing import shown

        for subject, act in standing(reader_of(config_of(context)).holding()).items():
            click.echo(shown(f"{subject}  since {instant(act.time)} by {act.actor}: {act.note}"))


@click.command("break-glass-key")
@click.argument("new", type=click.Path(path_type=Path))
def break_glass_key(new: Path) -> None:
    """Make a key pair, in the files NEW and NEW.pub, for content that guard itself is not to read back."""
    with telling_errors():
        from guard.audit.breakglass import create_pair

        public = create_pair(new)
        click.echo(f"Set audit.break_glass_public to {public}.")
        click.echo(f"Keep {new} away from guard, in two places: without it nobody reads what is sealed from now on.")


def broken_open(config: Config, exchange: str, key: Path, reason: str) -> Recorded | None:
    """One exchange with what is sealed opened, once an act that says so is durable. Raises GuardError."""
    from guard.audit.breakglass import load_private
    from guard.audit.log import reader_of

    reader = reader_of(config, break_glass=load_private(key))
    if reader.show(exchange) is None:
        return None
    record(config, "break_glass", exchange, reason)
    return reader.show(exchange)


def steward() -> Steward:
    """Who runs this command."""
    from guard.audit.retention import Steward

    return Steward(operator(), ROLE, time.time)


@contextmanager
def _elsewhere(config: Config) -> Iterator[tuple[HeldReplies, Labels]]:
    """What lies of users outside of the log."""
    from guard.audit.labels import Labels
    from guard.audit.log import drawer_of, tenant_key_of
    from guard.service import open_held

    with (
        closing(open_held(config, tenant_key_of(config))) as held,
        closing(Labels(drawer_of(config, "labels"))) as labels,
    ):
        yield held, labels


def _notes(labels: Labels, store: Store) -> Notes:
    from guard.audit.labels import Notes

    def user_of(exchange: str) -> str | None:
        found = store.show(exchange)
        return None if found is None else found.opening.principal.user

    return Notes(labels, user_of)


def _left(store: Store, held: HeldReplies, labels: Labels) -> str:
    """What to tell of what is destroyed and not yet overwritten; "" where all of it is."""
    return next((place.unscrubbed for place in (store, held, labels) if place.outstanding()), "")


def _warn(left: str) -> None:
    if left:
        click.echo(left, err=True)


def _subject(user: str | None, exchange: str | None) -> Subject:
    from guard.audit.retention import Subject

    if user is not None and exchange is None:
        return Subject("user", user)
    if exchange is not None and user is None:
        return Subject("exchange", exchange)
    raise click.UsageError("Give one of --user and --exchange.")


COMMANDS = (
    erase_content, expire_content, hold_content, release_content, list_holds, break_glass_key,
)  # fmt: skip
