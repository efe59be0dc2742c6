"""Read and write the few parts of an ONNX file that guard needs, so that no process carries the onnx package along.

An ONNX file is a protocol buffer (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). What is written here is for
opset 17, IR version 8.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Attribute: TypeAlias = int | float | Sequence[int]

IR_VERSION, OPSET = 8, 17
_TYPES = {"float32": 1, "int8": 3, "int64": 7}  # of TensorProto.DataType
_VARINT, _BYTES, _FIXED32 = 0, 2, 5  # wire types


def model(nodes: Iterable[bytes], tensors: Iterable[bytes], inputs: Iterable[bytes], outputs: Iterable[bytes]) -> bytes:
    """A ModelProto of one graph; the parts are made by the functions below."""
    graph = b"".join(_field(1, one) for one in nodes) + _field(2, b"graph")
    for number, parts in ((5, tensors), (11, inputs), (12, outputs)):
        graph += b"".join(_field(number, one) for one in parts)
    return _field(1, IR_VERSION) + _field(7, graph) + _field(8, _field(1, b"") + _field(2, OPSET))


def node(kind: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Attribute) -> bytes:
    """A NodeProto of the operator `kind`, named after its first output."""
    parts = [_field(1, one.encode()) for one in inputs] + [_field(2, one.encode()) for one in outputs]
    parts += [_field(3, f"{outputs[0]}:{kind}".encode()), _field(4, kind.encode())]
    return b"".join(parts) + b"".join(_field(5, _attribute(name, value)) for name, value in attributes.items())


def tensor(name: str, values: NDArray[Any]) -> bytes:
    """A TensorProto of float32, int8 or int64."""
    shape = b"".join(_field(1, size) for size in values.shape)
    raw = np.ascontiguousarray(values).tobytes()
    return shape + _field(2, _TYPES[values.dtype.name]) + _field(8, name.encode()) + _field(9, raw)


def value(name: str, dtype: str, shape: Sequence[int | str]) -> bytes:
    """A ValueInfoProto: an input or an output. A size that is a word is open."""
    sizes = b"".join(
        _field(1, _field(2, size.encode()) if isinstance(size, str) else _field(1, size)) for size in shape
    )
    return _field(1, name.encode()) + _field(2, _field(1, _field(1, _TYPES[dtype]) + _field(2, sizes)))


def _attribute(name: str, given: Attribute) -> bytes:
    if isinstance(given, int):
        return _field(1, name.encode()) + _field(3, given) + _field(20, 2)
    if isinstance(given, float):
        return _field(1, name.encode()) + _varint(2 << 3 | _FIXED32) + struct.pack("<f", given) + _field(20, 1)
    return _field(1, name.encode()) + b"".join(_field(8, one) for one in given) + _field(20, 7)


def _field(number: int, content: int | bytes) -> bytes:
    if isinstance(content, int):
        return _varint(number << 3 | _VARINT) + _varint(content)
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    data = bytearray()
    number &= (1 << 64) - 1  # a negative number is its two's complement of 64 bits
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    data.append(number)
    return bytes(data)
