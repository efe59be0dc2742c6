"""`guard serve`: the proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from guard.commands.context import config_of, progress, telling_errors

if TYPE_CHECKING:
    from guard.config import Api, Config

CURL = """\
curl -s {host}:{port}/v1/chat/completions -d '{{"model":"{model}","stream":true,"messages":[{{"role":"user",
 "content":"Write a short mail to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111) about the invoice."
}}]}}'
"""


@click.command()
@click.option("--upstream", help="The URL of an API, such as https://api.openai.com/v1.")
@click.option("--upstream-api", type=click.Choice(["openai", "anthropic", "gemini"]), help="What the upstream speaks.")
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
    with telling_errors():
        from guard import serving
        from guard.config import overridden

        config = overridden(
            config_of(context), upstream=upstream, api=upstream_api, key_env=upstream_key_env, host=host, port=port
        )
        serving.serve(config, progress, _welcome)


def _welcome(config: Config, port: int) -> None:
    named = [m for upstream in config.upstreams for m in upstream.models if "*" not in m]
    model = named[0] if named else "local" if config.upstreams[0].model else "gpt-4o-mini"
    click.echo(f"\nguard listens on http://{config.listen.host}:{port}. Try:\n")
    click.echo(CURL.format(host=config.listen.host, port=port, model=model))
    log = config.data / config.audit.path if config.audit.store == "sqlite" else "in PostgreSQL"
    click.echo(f"The audit log is {log}. Read it with: guard audit list")
