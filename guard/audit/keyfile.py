"""Files that hold a secret: made once, readable by their owner alone, never seen half written."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from guard.errors import ConfigError

OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
LARGEST: Final = 4096


def load_or_create(path: Path, make: Callable[[], bytes]) -> bytes:
    """The bytes of the secret file `path`; where there is none, it is first made of what `make` gives.

    Of several processes that start at once, one makes the file and all read the same. Raises ConfigError where the file
    cannot be read or made, and where others than its owner have rights to it.
    """
    if not path.exists():
        create(path, make(), mode=0o600)
    return load(path)


def load(path: Path) -> bytes:
    """The bytes of the secret file `path`. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & OTHERS:
                raise ConfigError(f"{path}: others can read this key. Run: chmod 600 {path}")
            return file.read(LARGEST)
    except OSError as error:
        raise ConfigError(f"{path}: the key cannot be read ({error.strerror}). Check its owner and rights.") from error


def create(path: Path, data: bytes, *, mode: int) -> None:
    """Make the file `path` with `data`, whole or not at all; where it is there already, leave it as it is.

    Raises ConfigError where it cannot be made.
    """
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        try:
            path.hardlink_to(draft)  # unlike a rename, fails where another process was first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        _sync_folder(path.parent)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be made ({error.strerror}). Check the rights of its folder.") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
