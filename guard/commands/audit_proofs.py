"""`guard audit prove`, `check-proof`, `consistency`, `publish`: for people who do not trust whoever keeps the log."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard.commands.acts import operator
from guard.commands.context import config_of, telling_errors
from guard.errors import GuardError

if TYPE_CHECKING:
    from guard.audit.bundles import Growth, Inclusion
    from guard.audit.checkpoint import PublicKey
    from guard.audit.places import Place
    from guard.audit.publishing import Publisher

KEY = click.option(
    "--public-key", type=click.Path(path_type=Path), help="A public key kept elsewhere; else the one beside the log."
)
OUT = click.option("--out", type=click.Path(path_type=Path), help="Write the proof to this file, not to the screen.")


@click.command("prove")
@click.argument("exchange")
@click.option("--under", type=click.Path(path_type=Path), help="Prove it under this checkpoint, not the newest.")
@OUT
@KEY
@click.pass_context
def prove(context: click.Context, exchange: str, under: Path | None, out: Path | None, public_key: Path | None) -> None:
    """Prove that an exchange is in the log, to someone who has only the public key."""
    with telling_errors():
        from guard.audit.log import reader_of
        from guard.audit.proving import prove as proof_of

        note = _read(under) if under else None
        with reader_of(config_of(context)).state() as state:
            _write(proof_of(state, exchange, _key(context, public_key), under=note), out)


@click.command("check-proof")
@click.argument("file", type=click.Path(path_type=Path))
@KEY
@click.pass_context
def check_proof(context: click.Context, file: Path, public_key: Path | None) -> None:
    """Check a proof, and say what it shows. Needs the file and the public key, and no log."""
    with telling_errors():
        from guard.audit.bundles import check, load

        for line in check(load(_read(file)), _key(context, public_key)):
            click.echo(line)


@click.command("consistency")
@click.option(
    "--from", "old", type=click.Path(path_type=Path), required=True, help="A checkpoint of this log kept elsewhere."
)
@OUT
@KEY
@click.pass_context
def consistency(context: click.Context, old: Path, out: Path | None, public_key: Path | None) -> None:
    """Prove that the log continues what it was at an earlier checkpoint, and check it."""
    with telling_errors():
        from guard.audit.bundles import check
        from guard.audit.log import reader_of
        from guard.audit.proving import grew

        key = _key(context, public_key)
        with reader_of(config_of(context)).state() as state:
            proof = grew(state, _read(old), key)
        if out is not None:
            _write(proof, out)
        for line in check(proof, key):
            click.echo(line)


@click.command("sign")
@click.pass_context
def sign(context: click.Context) -> None:
    """Sign what a guard that was interrupted has sealed and not signed. guard does so itself when it starts."""
    with telling_errors():
        from guard.audit.checkpoint import verify
        from guard.audit.log import store_of

        with closing(store_of(config_of(context))) as store:
            note = store.checkpoint()
            size = 0 if note is None else verify(note, store.public_key).size
        click.echo(f"The log is signed, up to its newest entry: {size} entries.")


@click.command("publish")
@click.pass_context
def publish(context: click.Context) -> None:
    """Publish the newest checkpoint at every place that the configuration names, where there is something new."""
    with telling_errors():
        from guard.audit.log import store_of
        from guard.audit.publishing import publisher_of

        config = config_of(context)
        if not config.audit.publish:
            raise click.ClickException("No place is named. Name some in guard.yaml, under audit.publish.")
        with closing(store_of(config)) as store:
            publisher = publisher_of(config, store, lambda act: store.append([act]), actor=operator())
            told = [_published(publisher, place) for place, _ in publisher.places]
        for line, _ in told:
            click.echo(line)
        if not all(well for _, well in told):
            sys.exit(1)


def _published(publisher: Publisher, place: Place) -> tuple[str, bool]:
    """What became of a publication, and whether it went well."""
    try:
        checkpoint = publisher.publish(place)
    except GuardError as error:
        return f"{place.name}: NOT published: {error.message}", False
    if checkpoint is None:
        return f"{place.name}: nothing new", True
    return f"{place.name}: the checkpoint of {checkpoint.size} entries", True


def _key(context: click.Context, given: Path | None) -> PublicKey:
    """The public key that is given, or the one beside the log. Raises ConfigError, AuditError."""
    from guard.audit.checkpoint import PublicKey
    from guard.audit.log import reader_of

    return PublicKey.parse(_read(given)) if given is not None else reader_of(config_of(context)).public_key


def _read(path: Path) -> str:
    from guard.audit.report import read_text

    return read_text(path)


def _write(proof: Inclusion | Growth, out: Path | None) -> None:
    """Write a proof to the file `out`, or to the screen. Raises ConfigError."""
    from guard.audit.bundles import dump
    from guard.errors import ConfigError

    if out is None:
        click.echo(dump(proof), nl=False)
        return
    try:
        out.write_text(dump(proof), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written ({error.strerror}). Check the path and its rights.") from error
