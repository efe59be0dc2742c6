"""`guard held`: the replies and requests about which a person must decide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import click

from guard.commands.acts import operator, record
from guard.commands.context import config_of, telling_errors
from guard.times import instant

if TYPE_CHECKING:
    from guard.audit.held import HeldReplies, Kept
    from guard.config import Config


SURE = click.option("--yes", is_flag=True, help="Decide at once, without the question.")


@click.group()
def held() -> None:
    """Decide about replies and requests that are held for a person."""


@held.command("list")
@click.pass_context
def list_held(context: click.Context) -> None:
    """List the held replies, the oldest first."""
    with telling_errors(), _open(config_of(context)) as store:
        for kept in store.list():
            item = kept.held
            who = _who(kept)
            until = instant(kept.expires)
            named = ", ".join(item.principles)
            line = f"{item.exchange}  {instant(item.time)}  {who:<24}  {kept.decided:<8}  until {until}  {named}"
            _say(line)


@held.command("show")
@click.argument("exchange", metavar="ID")
@click.pass_context
def show_held(context: click.Context, exchange: str) -> None:
    """Show one held reply, masked: what was asked, what the model said, and what would go out."""
    with telling_errors():
        config = config_of(context)
        with _open(config) as store:
            _shown(config, store, exchange)


@held.command("approve")
@click.argument("exchange", metavar="ID")
@click.option("--note", required=True, help="Why, for the log. No values of the exchange.")
@SURE
@click.pass_context
def approve_held(context: click.Context, exchange: str, note: str, *, yes: bool) -> None:
    """Show what is held, ask, and let a reply go out, to whom it was for, or a request leave when it is sent again."""
    _decide(context, exchange, "approved", note, yes=yes)


@held.command("reject")
@click.argument("exchange", metavar="ID")
@click.option("--note", required=True, help="Why, for the log. No values of the exchange.")
@SURE
@click.pass_context
def reject_held(context: click.Context, exchange: str, note: str, *, yes: bool) -> None:
    """Show a held reply, ask, and refuse it for good."""
    _decide(context, exchange, "rejected", note, yes=yes)


def _decide(
    context: click.Context, exchange: str, decided: Literal["approved", "rejected"], note: str, *, yes: bool
) -> None:
    """Nobody decides unseen: the reply is shown, and that is on record, before anything is asked or decided."""
    with telling_errors():
        config = config_of(context)

        def entered(action: Literal["approve", "reject"], subject: str, note: str) -> None:
            record(config, action, subject, note)

        with _open(config) as store:
            kept = _shown(config, store, exchange)
            if kept.decided == "pending" and not yes:
                click.confirm(f"\nThe {_what(kept)} will be {decided}. Is that your decision?", abort=True)
            kept = store.decide(exchange, decided, operator(), note, entered)
        may = "send it again" if kept.held.turns and decided == "approved" else "ask"
        told = f"{exchange} is {decided}. Its caller, {_who(kept)}, may {may} until {instant(kept.expires)}."
        _say(told)


def _shown(config: Config, store: HeldReplies, exchange: str) -> Kept:
    """Show a held reply, masked. That somebody looks at it is on record before."""
    kept = store.find(exchange)
    record(config, "look", exchange, f"a held {_what(kept)}")
    for line in _lines(kept):
        _say(line)
    return kept


def _say(line: str) -> None:
    """Print a line, in which nothing steers the terminal."""
    from guard.audit.showing import shown

    click.echo(shown(line))


@contextmanager
def _open(config: Config) -> Iterator[HeldReplies]:
    from guard.audit.log import tenant_key_of
    from guard.service import open_held

    config.data.mkdir(parents=True, exist_ok=True)
    store = open_held(config, tenant_key_of(config))
    try:
        yield store
    finally:
        store.close()


def _lines(kept: Kept) -> Iterator[str]:
    from guard.audit.showing import indented

    item = kept.held
    yield f"exchange    {item.exchange}"
    yield f"time        {instant(item.time)}, kept until {instant(kept.expires)}"
    yield f"caller      {_who(kept)}"
    yield f"asked       {item.surface}, {item.model}"
    yield f"principles  {', '.join(item.principles)}"
    by = f", by {kept.actor}: {kept.note}" if kept.decided != "pending" else ""
    yield f"decision    {kept.decided}{by}"
    yield from ("", "what was asked", *indented(item.prompt))
    if item.turns:
        return
    yield from ("", "what the model said", *indented(item.reply))
    if item.sent != item.reply:
        yield from ("", "what would go out", *indented(item.sent))


def _what(kept: Kept) -> str:
    return "request" if kept.held.turns else "reply"


def _who(kept: Kept) -> str:
    who = kept.held.principal
    return "/".join(part for part in (who.team, who.application, who.user) if part)
