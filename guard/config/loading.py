"""Reading guard.yaml, and what the command line says instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from guard.config.audit import AuditConfig, PublishConfig
from guard.config.critic import CriticConfig
from guard.config.environment import overlaid
from guard.config.upstreams import HOSTS, Api, UpstreamConfig
from guard.config.whole import Config
from guard.documents import parse
from guard.errors import ConfigError

DEFAULTS = Path(__file__).parent.parent / "defaults"

Server = TypeVar("Server", UpstreamConfig, CriticConfig)


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read the configuration file, if one is given, and the environment. Raises ConfigError.

    Relative folders count from the file's folder; policies and constitutions default to folders of those names there,
    and where these do not exist to the ones that come with guard.
    """
    text, name, base = "", "guard.yaml", Path()
    if path is not None:
        try:
            text, name, base = path.read_text(encoding="utf-8"), str(path), path.parent
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror}). Check the path and its rights.") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: is not UTF-8. Save it as UTF-8.") from error
    config = parse(text, Config, name=name)  # alone first, so that a message names a line of the file
    config = overlaid(config, text, environ)
    places = {
        "data": base / config.data,
        "policies": _folder(base, config.policies, "policies"),
        "constitutions": _folder(base, config.constitutions, "constitutions"),
        "upstreams": tuple(_placed(upstream, base) for upstream in config.upstreams),
        "critic": _placed(config.critic, base),
        "audit": _beside(config.audit, base),
        "console": config.console.model_copy(update={"cards": _cards(base, config.console.cards)}),
    }
    return config.model_copy(update=places)


def _under(base: Path, given: Path | None) -> Path | None:
    return None if given is None else base / given


def _placed(server: Server, base: Path) -> Server:
    return server.model_copy(update={"key_file": _under(base, server.key_file)})


def _beside(audit: AuditConfig, base: Path) -> AuditConfig:
    places = tuple(_beside_place(place, base) for place in audit.publish)
    files = {key: _under(base, getattr(audit, key)) for key in ("url_file", "break_glass_public")}
    return audit.model_copy(update={"publish": places, **files})


def _beside_place(place: PublishConfig, base: Path) -> PublishConfig:
    given = {"file": place.file, "key_file": place.key_file, "certificates": place.certificates}
    return place.model_copy(update={name: base / path for name, path in given.items() if path is not None})


def _folder(base: Path, given: Path | None, name: str) -> Path:
    if given is not None:
        return base / given
    beside = base / name
    return beside if beside.is_dir() else DEFAULTS / name


def _cards(base: Path, given: Path | None) -> Path | None:
    """The folder of the user's own cards: the one that is named, else `cards` beside the file, where there is one."""
    beside = base / (given or "cards")
    return beside if given is not None or beside.is_dir() else None


def overridden(
    config: Config,
    *,
    upstream: str | None,
    api: Api | None = None,
    key_env: str | None,
    host: str | None,
    port: int | None,
) -> Config:
    """`config` with what the command line says instead. Raises ConfigError."""
    for option, value in (("--upstream-key-env", key_env), ("--upstream-api", api)):
        if value and not upstream:
            raise ConfigError(f"{option} goes with --upstream.")
    data = config.model_dump()
    if upstream:
        spoken = api or next((known for host, known in HOSTS.items() if upstream.startswith(host)), "openai")
        data["upstreams"] = [{"name": "upstream", "url": upstream, "api": spoken, "key_env": key_env}]
    data["listen"] = {"host": host or config.listen.host, "port": config.listen.port if port is None else port}
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError("--upstream: give the URL of an API, such as https://api.openai.com/v1.") from error
