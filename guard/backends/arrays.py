"""A file of named arrays behind a header of JSON, mapped into memory and not read: large ones open at once.

8 bytes  GUARDIDX
4 bytes  format, 4 bytes CRC-32 of the header, 8 bytes its length, all little-endian
header   JSON: `size` of the whole file, `arrays` {name: [type, length, offset]}, and what the writer adds
arrays   each at a multiple of 64 bytes
"""

from __future__ import annotations

import json
import os
import secrets
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from guard.errors import ConfigError

FORMAT: Final = 1
_MAGIC = b"GUARDIDX"
_FIXED = struct.Struct("<8sIIQ")
_ALIGNED = 64
_LARGEST_HEADER = 1 << 28


def write(path: Path, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the file `path`, whole or not at all, for its owner alone. Raises ConfigError."""
    kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    # The header holds the offsets, which depend on its length: it gets room for numbers of any size.
    room = _aligned(_FIXED.size + len(json.dumps(header)) + 200 * (len(kept) + 1))
    table: dict[str, tuple[str, int, int]] = {}
    offset = room
    for name, array in kept.items():
        table[name] = (array.dtype.str, len(array), offset)
        offset = _aligned(offset + array.nbytes)
    text = json.dumps({**header, "size": offset, "arrays": table}).encode()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_FIXED.pack(_MAGIC, FORMAT, zlib.crc32(text), len(text)) + text)
            for name, array in kept.items():
                file.seek(table[name][2])
                file.write(array.data)
            file.truncate(offset)
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"{path}: cannot be written ({error.strerror}). Check the rights of its folder.") from error


def read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the arrays, mapped. Raises ConfigError for a file that is none of these, newer, or cut short."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            header = _header(path, file.read(_FIXED.size), file.read)
        if size != header["size"]:
            raise ConfigError(f"{path}: is cut short. Build it again with 'guard fingerprint'.")
        mapped = np.memmap(path, np.uint8, mode="r")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Check the path and its rights.") from error
    arrays = {}
    for name, (kind, length, offset) in header["arrays"].items():
        dtype = np.dtype(kind)
        # A plain array over the same memory: subclasses make each of the many small steps of a search slower.
        arrays[name] = mapped[offset : offset + length * dtype.itemsize].view(np.ndarray).view(dtype)
    return header, arrays


def _header(path: Path, fixed: bytes, more: Any) -> dict[str, Any]:
    if len(fixed) < _FIXED.size or not fixed.startswith(_MAGIC):
        raise ConfigError(f"{path}: was not made by 'guard fingerprint'. Name the file that it made.")
    _, form, checksum, length = _FIXED.unpack(fixed)
    if form > FORMAT:
        raise ConfigError(f"{path}: was made by a newer guard. Update guard, or build it again.")
    text = more(length) if length <= _LARGEST_HEADER else b""
    if len(text) != length or zlib.crc32(text) != checksum:
        raise ConfigError(f"{path}: is damaged. Build it again with 'guard fingerprint'.")
    header: dict[str, Any] = json.loads(text)
    return header


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNED) * _ALIGNED
