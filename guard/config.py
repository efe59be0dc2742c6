"""guard.yaml: where guard listens, whom it talks to, and where its files are.

Every key can be set from the environment too: GUARD_LISTEN__PORT=9000 is `listen: {port: 9000}`. The environment wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import Field, ValidationError, model_validator

from guard.documents import UNREADABLE, Strict, parse
from guard.errors import ConfigError
from guard.types import SurfaceName

PREFIX = "GUARD_"
DEFAULTS = Path(__file__).parent / "defaults"
PACKAGED_MODEL = "packaged:smollm2"


# What is wrong with the file and the environment together, in a line.
_COMPLAINT = re.compile(r"^environment, line \d+: (?P<rest>(?:(?:unknown )?key '(?P<key>[^']*)')?.*)$", re.MULTILINE)

# Variables with the prefix that are not keys of the file.
RESERVED = frozenset({"GUARD_CONFIG", "GUARD_KEY"})


class Listen(Strict):
    """Where the proxy listens."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)


Api = Literal["openai", "anthropic"]
ANTHROPIC = "https://api.anthropic.com/"
SPOKEN: Mapping[Api, frozenset[SurfaceName]] = {
    "openai": frozenset({"chat", "responses", "completions", "embeddings", "moderations"}),
    "anthropic": frozenset({"messages", "count_tokens"}),
}


class UpstreamConfig(Strict):
    """One model server: `url` (an API), `litellm` (a provider, by litellm's name) or `model` (run inside guard).

    `models` are shell patterns of the model names it serves; the first upstream that serves a name gets the call.
    `api` says what a `url` speaks and how it takes its key, `surfaces` where it speaks fewer or more than that API.
    Upstreams with the same `pool` share the calls and stand in for each other; then `fallbacks` are asked, by name.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    url: str | None = Field(None, pattern=r"^https?://[^\s@?#]+$")
    litellm: str | None = Field(None, pattern=r"^[a-z0-9_-]+/\S+$")
    model: str | None = None
    models: tuple[str, ...] = ("*",)
    api: Api = "openai"
    surfaces: frozenset[SurfaceName] | None = None
    key_env: str | None = None
    key_file: Path | None = None
    timeout_s: float = Field(120, gt=0)
    trusted: bool = False
    pool: str | None = None
    fallbacks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> UpstreamConfig:
        kinds = {"url": self.url, "litellm": self.litellm, "model": self.model}
        given = {kind for kind, value in kinds.items() if value is not None}
        if given not in ({"url"}, {"litellm"}, {"litellm", "url"}, {"model"}):
            raise ValueError("give one of 'url', 'litellm' and 'model'; 'litellm' may have a 'url' beside it")
        if self.key_env and self.key_file:
            raise ValueError("give either 'key_env' or 'key_file'")
        return self

    def speaks(self, surface: SurfaceName) -> bool:
        """Whether a call of this surface passes through as it is."""
        if self.model is not None:
            return surface == "chat"
        return self.litellm is None and surface in (SPOKEN[self.api] if self.surfaces is None else self.surfaces)

    def serves(self, model: str, surface: SurfaceName) -> bool:
        """Whether it takes a call of this surface for `model`, as it is or translated by litellm."""
        translated = self.model is None and surface != "count_tokens"
        return (self.speaks(surface) or translated) and any(fnmatchcase(model, pattern) for pattern in self.models)

    def key(self, environ: Mapping[str, str]) -> str | None:
        """The key it is to be called with, where it has one of its own. Raises ConfigError."""
        return _key(f"upstream '{self.name}'", self.key_env, self.key_file, environ)


def _key(whose: str, key_env: str | None, key_file: Path | None, environ: Mapping[str, str]) -> str | None:
    """The key that a variable or a file holds; None where neither is named. Raises ConfigError."""
    if key_file is not None:
        try:
            own = key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{whose}: key_file cannot be read. Check the path.") from error
        if not own:
            raise ConfigError(f"{whose}: key_file is empty. Write the provider's key into it.")
        return own
    if key_env is None:
        return None
    key = environ.get(key_env)
    if not key:
        raise ConfigError(f"{whose}: the environment variable {key_env} is not set. Set it to the provider's key.")
    return key


CriticForm = Literal["logprobs", "safeguard", "granite", "llama-guard", "qwen3guard"]
# logprobs     an instruction model that is asked for one token, on a server that tells its log-probabilities
# safeguard    gpt-oss-safeguard
# granite      Granite Guardian
# llama-guard  Llama Guard
# qwen3guard   Qwen3Guard-Gen


class CriticConfig(Strict):
    """The critic: `embedded`, the id or path of a causal language model, or with `url` the name of one on a server.

    With `calibrate` a language model is fitted to the constitution's examples, once. `first: embedded` lets the
    embedded critic judge first, and the model only what is not clearly fine; `recall` is the share of violating
    examples that have to reach the model. With `labels` what people say of verdicts is an example too. `options` go
    into every request to the server. In `cache_mb` a model in this process keeps what it read lately.
    """

    model: str = "embedded"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16", "int8", "int4"] = "auto"
    cache_mb: int = Field(256, ge=0)
    calibrate: bool = True
    timeout_s: float = Field(30, gt=0)
    url: str | None = Field(None, pattern=r"^https?://[^\s@?#]+$")
    key_env: str | None = None
    key_file: Path | None = None
    form: CriticForm = "logprobs"
    options: dict[str, Any] | None = None
    concurrency: int = Field(8, ge=1, le=256)
    most_characters: int = Field(24_000, ge=1000)
    first: Literal["embedded"] | None = None
    recall: float = Field(0.9, gt=0, lt=1)
    harm: bool = True
    labels: bool = True

    @model_validator(mode="after")
    def _goes_together(self) -> CriticConfig:
        if self.url is not None and self.model == "embedded":
            raise ValueError("a critic with a 'url' needs 'model', its name on the server")
        if self.first is not None and self.model == "embedded":
            raise ValueError("'first: embedded' needs a 'model' that is asked second; without one drop 'first'")
        if self.key_env and self.key_file:
            raise ValueError("give either 'key_env' or 'key_file'")
        if self.url is None:
            of_a_server = ("key_env", "key_file", "form", "options", "most_characters")
            given = next((key for key in of_a_server if key in self.model_fields_set), None)
            if given is not None and getattr(self, given) != type(self).model_fields[given].default:
                raise ValueError(f"'{given}' is for a critic on a server; add its 'url', or drop '{given}'")
        return self

    def key(self, environ: Mapping[str, str]) -> str | None:
        """The key for the server, where there is one. Raises ConfigError."""
        return _key("critic", self.key_env, self.key_file, environ)


class PublishConfig(Strict):
    """A place that keeps checkpoints: a folder (`file`), a `webhook`, or an RFC 3161 authority (`timestamp`).

    `every_s` seconds pass between two publications, of which each needs entries that are new. `certificates` is a PEM
    file by which the answers of an authority are checked.
    """

    file: Path | None = None
    webhook: str | None = Field(None, pattern=r"^https?://[^\s@#]+$")
    timestamp: str | None = Field(None, pattern=r"^https?://[^\s@#]+$")
    key_env: str | None = None
    key_file: Path | None = None
    certificates: Path | None = None
    every_s: float = Field(3600, ge=1)

    @model_validator(mode="after")
    def _one_place(self) -> PublishConfig:
        if sum(place is not None for place in (self.file, self.webhook, self.timestamp)) != 1:
            raise ValueError("give one of 'file', 'webhook' and 'timestamp'")
        if (self.key_env or self.key_file) and not self.webhook:
            raise ValueError("'key_env' and 'key_file' are for a webhook")
        if self.key_env and self.key_file:
            raise ValueError("give either 'key_env' or 'key_file'")
        if self.certificates and not self.timestamp:
            raise ValueError("'certificates' are those of a time-stamp authority")
        return self

    def key(self, environ: Mapping[str, str]) -> str | None:
        """The key for the webhook, where there is one. Raises ConfigError."""
        return _key("audit.publish", self.key_env, self.key_file, environ)


class AuditConfig(Strict):
    """Where the audit log is, how long it keeps content, and where its checkpoints are published.

    `path` is relative to the data folder; the signing key stands beside it as `.key`.

    The address of a PostgreSQL holds a password, so it is in a variable of the environment or in a file of its own.
    """

    store: Literal["sqlite", "postgresql"] = "sqlite"
    path: str = "audit.db"
    retention_days: float | None = Field(None, gt=0)
    break_glass_public: Path | None = None
    publish: tuple[PublishConfig, ...] = ()
    url_env: str | None = None
    url_file: Path | None = None

    @model_validator(mode="after")
    def _goes_together(self) -> AuditConfig:
        given = [key for key in ("url_env", "url_file") if getattr(self, key) is not None]
        if self.store == "postgresql" and len(given) != 1:
            raise ValueError("'store: postgresql' needs its address: give either 'url_env' or 'url_file'")
        if self.store == "sqlite" and given:
            raise ValueError(f"'{given[0]}' is for 'store: postgresql'; set that, or drop '{given[0]}'")
        return self

    def url(self, environ: Mapping[str, str]) -> str:
        """The address of the PostgreSQL. Raises ConfigError, which never shows it."""
        if self.url_file is not None:
            try:
                found = self.url_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError("audit: url_file cannot be read. Check the path.") from error
            remedy = "url_file is empty. Write the address of the database into it."
        else:
            found = environ.get(self.url_env or "", "").strip()
            remedy = f"the environment variable {self.url_env} is not set. Set it to the address of the database."
        if not found:
            raise ConfigError(f"audit: {remedy}")
        return found


class AccessConfig(Strict):
    """Whether callers need a guard key, made by `guard keys create`."""

    require_key: bool = False


Role = Literal["viewer", "auditor", "admin"]
# viewer   sees figures, and lists without content
# auditor  sees content, each look on record, and labels verdicts
# admin    sees keys and the health of the log too


class ClaimedRoles(Strict):
    """Roles by a claim of the identity provider: `map` says which of its values stands for which role."""

    claim: str = Field("groups", min_length=1)
    map: dict[str, Role] = Field(min_length=1)


class OidcConfig(Strict):
    """Sign-in by an identity provider that speaks OpenID Connect.

    Its endpoints are looked up at `issuer` and must be on that host, or on one of `hosts`. Without `roles` those may
    sign in who have a role in the console's own table.
    """

    issuer: str = Field(pattern=r"^(https://[^\s@?#/]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/[^\s@?#]*)?$")
    client_id: str = Field(min_length=1)
    client_secret_env: str | None = None
    label: str = Field("OpenID Connect", min_length=1, max_length=60)
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    name_claim: str = Field("email", min_length=1)
    roles: ClaimedRoles | None = None
    hosts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _goes_together(self) -> OidcConfig:
        if "openid" not in self.scopes:
            raise ValueError("'scopes' needs 'openid'")
        return self

    def secret(self, environ: Mapping[str, str]) -> str | None:
        """The client's secret, where it has one. Raises ConfigError."""
        return _key("console.oidc", self.client_secret_env, None, environ)


class Price(Strict):
    """What a million tokens cost: `input` those read, `output` those written, of models whose name fits `models`."""

    models: str = Field(min_length=1)
    input: float = Field(ge=0)
    output: float = Field(0, ge=0)


class ConsoleConfig(Strict):
    """The console at /console: whether it is served, where people reach it, and how long they stay signed in.

    `cards` is a folder of cards of models of your own. The overview tells what calls cost where there are `prices`; the
    first whose pattern fits a model counts.
    """

    enabled: bool = True
    public_url: str | None = Field(None, pattern=r"^https?://[^\s@?#/]+$")
    idle_minutes: float = Field(12 * 60, gt=0)
    lifetime_hours: float = Field(7 * 24, gt=0)
    oidc: OidcConfig | None = None
    cards: Path | None = None
    prices: tuple[Price, ...] = ()
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")

    @model_validator(mode="after")
    def _goes_together(self) -> ConsoleConfig:
        if self.oidc is not None and self.public_url is None:
            raise ValueError("'oidc' needs 'public_url': the identity provider sends people back there")
        return self


class VaultConfig(Strict):
    """How long the tenant vault remembers which value a placeholder stands for."""

    lifetime_days: float = Field(30, gt=0)


class HeldConfig(Strict):
    """How long a reply about which a person must decide is kept, and from the decision on for as long again."""

    lifetime_hours: float = Field(72, gt=0)


class LimitsConfig(Strict):
    """Bounds: bytes of a request body, bytes of a reply, texts in the recognition cache, worker processes for names."""

    body_bytes: int = Field(20_000_000, ge=1)
    reply_bytes: int = Field(50_000_000, ge=1)
    cached_texts: int = Field(20_000, ge=0)
    recognizer_processes: int = Field(1, ge=1)


class SyslogConfig(Strict):
    """A syslog server (RFC 5424) for security events: udp://host:port or tcp://host:port."""

    address: str = Field(pattern=r"^(udp|tcp)://[^\s/@?#:]+(:\d{1,5})?$")
    format: Literal["cef", "json"] = "cef"


class MonitoringConfig(Strict):
    """What other systems are told: Prometheus's page, a collector of OpenTelemetry, a syslog server.

    `otlp_key_env` names the variable that holds what is sent to the collector as `authorization`.
    """

    metrics: bool = True
    otlp: str | None = Field(None, pattern=r"^https?://[^\s@?#]+$")
    otlp_key_env: str | None = None
    syslog: SyslogConfig | None = None


class Config(Strict):
    """The whole of guard.yaml."""

    listen: Listen = Field(default_factory=Listen)
    data: Path = Path("guard-data")
    tenant: str = Field("default", min_length=1)
    upstreams: tuple[UpstreamConfig, ...] = (UpstreamConfig(name="local", model=PACKAGED_MODEL, trusted=True),)
    critic: CriticConfig = Field(default_factory=CriticConfig)
    policies: Path | None = None
    constitutions: Path | None = None
    audit: AuditConfig = Field(default_factory=AuditConfig)
    access: AccessConfig = Field(default_factory=AccessConfig)
    console: ConsoleConfig = Field(default_factory=ConsoleConfig)
    vault: VaultConfig = Field(default_factory=VaultConfig)
    held: HeldConfig = Field(default_factory=HeldConfig)
    limits: LimitsConfig = Field(default_factory=LimitsConfig)
    monitoring: MonitoringConfig = Field(default_factory=MonitoringConfig)

    @model_validator(mode="after")
    def _names_differ(self) -> Config:
        names = [upstream.name for upstream in self.upstreams]
        if not names:
            raise ValueError("give at least one upstream")
        if len(set(names)) < len(names):
            raise ValueError("two upstreams have the same name")
        for upstream in self.upstreams:
            missing = next((name for name in upstream.fallbacks if name not in names or name == upstream.name), None)
            if missing:
                raise ValueError(f"upstream '{upstream.name}' falls back to '{missing}', which is no other upstream")
        return self


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
    overrides = _from_environment(environ)
    if overrides:
        config = _merged(text, overrides, _variables(environ))
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


def _variables(environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The variables that set something, each with the path of its key."""
    named = sorted(name for name in environ if name.startswith(PREFIX) and name not in RESERVED)
    return {name: tuple(name.removeprefix(PREFIX).lower().split("__")) for name in named}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """The overrides that the environment holds, as nested keys."""
    tree: dict[str, Any] = {}
    for variable, (*parents, last) in _variables(environ).items():
        if (parents or [last])[0] not in Config.model_fields:
            known = ", ".join(PREFIX + key.upper() for key in Config.model_fields)
            raise ConfigError(
                f"environment variable {variable}: no such key. Known are {known}, with __ for each level."
            )
        place = tree
        for key in parents:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise ConfigError(
                    f"environment variable {variable}: another one sets all of '{key}'. Drop one of them."
                )
        try:
            place[last] = yaml.safe_load(environ[variable])
        except UNREADABLE:  # not `from` it: what it says may be the value
            raise ConfigError(f"environment variable {variable}: its value cannot be read as YAML. Quote it.") from None
    return tree


def _merged(text: str, overrides: Mapping[str, Any], variables: Mapping[str, tuple[str, ...]]) -> Config:
    data = yaml.safe_load(text) or {}
    _overlay(data, overrides)
    dumped = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    try:
        return parse(dumped, Config, name="environment")
    except ConfigError as error:
        # The lines are those of no file: name the variables instead.
        raise ConfigError(_COMPLAINT.sub(lambda match: _of_variables(match, variables), str(error))) from error


def _of_variables(complaint: re.Match[str], variables: Mapping[str, tuple[str, ...]]) -> str:
    """A complaint that names the variable that sets its key, or a part of it, or else all that are set."""
    key = tuple((complaint["key"] or "").split("."))
    around = [name for name, path in variables.items() if path == key[: len(path)]]
    inside = [name for name, path in variables.items() if path[: len(key)] == key]
    at_fault = [max(around, key=len)] if around else inside or list(variables)
    return f"environment variable{'s' if at_fault[1:] else ''} {', '.join(at_fault)}: {complaint['rest']}"


def _overlay(data: dict[str, Any], overrides: Mapping[str, Any]) -> None:
    for key, value in overrides.items():
        if isinstance(value, dict) and isinstance(data.get(key), dict):
            _overlay(data[key], value)
        else:
            data[key] = value


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
        spoken = api or ("anthropic" if upstream.startswith(ANTHROPIC) else "openai")
        data["upstreams"] = [{"name": "upstream", "url": upstream, "api": spoken, "key_env": key_env}]
    data["listen"] = {"host": host or config.listen.host, "port": config.listen.port if port is None else port}
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError("--upstream: give the URL of an API, such as https://api.openai.com/v1.") from error
