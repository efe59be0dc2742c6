"""guard on the bench: the user's own configuration, with every upstream replaced by the capture server.

Log, vault and keys go to a folder that is thrown away, so that the user's own stay as they are.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from guard.audit.reading import SqliteReader
from guard.config import AuditConfig, Config, UpstreamConfig
from guard.doctor import Caller
from guard.doctor.capture import Capture
from guard.doctor.witness import Witness
from guard.errors import AuditError, ConfigError, GuardError
from guard.policy import Policy
from guard.types import SurfaceName

if TYPE_CHECKING:
    from guard.proxy import Proxy
    from guard.service import Service
    from guard.types import Progress

Application: TypeAlias = Callable[["Config", "Progress"], "Proxy"]

# Asked for where a pattern leaves the choice of a model open.
_MODELS = (
    "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-flash", "text-embedding-3-small", "omni-moderation-latest",
    "doctor",
)  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """A guard that runs: its address, its parts, what it was given, and the key that stands for the caller."""

    url: str
    proxy: Proxy
    capture: Capture
    witness: Witness
    caller: Caller
    key: str
    folder: Path
    written: list[str] = field(default_factory=list)  # lines that guard has logged

    @property
    def service(self) -> Service:
        """What the exchanges share."""
        return self.proxy.service

    @property
    def reader(self) -> SqliteReader:
        """The audit log."""
        return SqliteReader(self.folder / "audit.db")

    def policy(self, surface: SurfaceName) -> Policy | None:
        """The policy of the caller on a surface; None where there is none, or no upstream serves the surface."""
        principal = self.service.identify(self.key)
        try:
            return self.service.plan(principal, self.model(surface), surface).policy
        except GuardError:
            return None

    def model(self, surface: SurfaceName) -> str:
        """A model to ask for on a surface."""
        if self.caller.model is not None:
            return self.caller.model
        for upstream in self.service.config.upstreams:
            for pattern in upstream.models:
                names = (*_MODELS, pattern.replace("*", "doctor").replace("?", "x"))
                fitting = next((name for name in names if fnmatchcase(name, pattern)), None)
                if fitting is not None and upstream.serves(fitting, surface):
                    return fitting
        return _MODELS[0]


@contextlib.contextmanager
def laid_out(
    config: Config, progress: Progress, caller: Caller, application: Application, *, everything: bool
) -> Iterator[tuple[Bench, contextlib.ExitStack]]:
    """A bench, and what ends it: once that is closed, the log is complete and can still be read.

    With `everything` the capture server also calls tools and thinks. Raises ConfigError, AuditError.
    """
    with tempfile.TemporaryDirectory(prefix="guard-doctor-") as name:
        folder = Path(name)
        models = config.data / "models"
        if models.is_dir():  # what was fitted before need not be fitted again
            (folder / "models").symlink_to(models.resolve())
        reader = SqliteReader(folder / "audit.db")
        capture = Capture(lambda: _is_open(reader), everything)
        with contextlib.ExitStack() as running:
            written = running.enter_context(_listening_to_log())
            upstream = running.enter_context(served(capture.app))
            proxy = application(_replaced(config, folder, upstream), progress)
            witness = Witness(proxy)
            url = running.enter_context(served(witness))
            key, _ = proxy.service.keys.create(caller.user, caller.team, caller.application)
            yield Bench(url, proxy, capture, witness, caller, key, folder, written), running


class Captured(UpstreamConfig):
    """An upstream at the capture server. Nothing is translated for it, because translating is done by who calls it."""

    def serves(self, model: str, surface: SurfaceName) -> bool:
        """Whether the upstream that it stands in for takes such a call."""
        return self.speaks(surface) and super().serves(model, surface)


def _replaced(config: Config, folder: Path, address: str) -> Config:
    upstreams = tuple(_captured(upstream, address) for upstream in config.upstreams)
    return config.model_copy(update={"data": folder, "audit": AuditConfig(), "upstreams": upstreams})


def _captured(upstream: UpstreamConfig, address: str) -> UpstreamConfig:
    """The same upstream, at the capture server: it serves what it served, without its key, its own or translated."""
    anything = upstream.model_copy(update={"models": ("*",)})
    served_there = frozenset(surface for surface in get_args(SurfaceName) if anything.serves("doctor", surface))
    return Captured(
        name=upstream.name,
        url=f"{address}/{upstream.name}/v1",
        models=upstream.models,
        surfaces=served_there,
        timeout_s=upstream.timeout_s,
        trusted=upstream.trusted,
        pool=upstream.pool,
        fallbacks=upstream.fallbacks,
    )


def _is_open(reader: SqliteReader) -> bool:
    try:
        return any(row.ended is None for row in reader.list(20))
    except (AuditError, OSError):
        return False


@contextlib.contextmanager
def _listening_to_log() -> Iterator[list[str]]:
    """What is logged in the meantime, by guard and by the libraries under it."""
    lines: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    listener = Listener()
    logging.getLogger().addHandler(listener)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(listener)


@contextlib.contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an ASGI application on a free port of this machine alone, in a thread; gives its address."""
    import uvicorn

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app, log_config=None, log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=5
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="guard-doctor")
        thread.start()
        try:
            while not server.started:
                if not thread.is_alive():
                    raise ConfigError("guard did not start. Its operator finds the reason in the log.")
                thread.join(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
