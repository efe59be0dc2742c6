"""Read the weights of a BERT model out of an ONNX file in which they have four bits.

The packaged model for names stores its matrices as MatMulNBits, which CPUs compute in 32-bit floats, and its embeddings
in eight bits. `guard.backends.bert` makes of the weights a graph that multiplies in eight bits, in a third of the
time; the four-bit weights fit into eight bits with one scale a column.

An ONNX file is a protocol buffer (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto); the few fields that are
needed are read by hand, so that no process carries the onnx package along.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = tuple[int, int | bytes]  # its number and value
Floats: TypeAlias = NDArray[np.float32]

_GRAPH = 7  # of ModelProto
_NODES, _TENSORS = 1, 5  # of GraphProto
_INPUT, _NAME, _KIND, _ATTRIBUTE = 1, 3, 4, 5  # of NodeProto
_ATTRIBUTE_NAME, _ATTRIBUTE_INT, _ATTRIBUTE_TYPE = 1, 3, 20  # of AttributeProto
_DIMENSION, _TYPE, _FLOATS, _INTS, _TENSOR_NAME, _RAW = 1, 2, 4, 5, 8, 9  # of TensorProto
_TYPES: Mapping[int, np.dtype[Any]] = {
    1: np.dtype(np.float32),
    2: np.dtype(np.uint8),
    3: np.dtype(np.int8),
    7: np.dtype(np.int64),
}
_INT = 2  # of AttributeProto.AttributeType
_MIDDLE = 8  # what a four-bit weight of zero is stored as
_PREFIX, _QUANTIZED = "bert.", "_quantized"


def weights(model: bytes) -> dict[str, Floats]:
    """The weights by their names in transformers, without "bert." Raises ValueError where the layout is unknown."""
    (graph,) = (value for number, value in _fields(model) if number == _GRAPH and isinstance(value, bytes))
    fields = list(_fields(graph))
    tensors = {_text(value, _TENSOR_NAME): bytes(value) for number, value in fields if number == _TENSORS}
    found: dict[str, Floats] = {}
    for name, tensor in tensors.items():
        if name.endswith(_QUANTIZED):
            whole = name.removesuffix(_QUANTIZED)
            zero, scale = (_number(tensors[whole + part]) for part in ("_zero_point", "_scale"))
            found[whole] = (_array(tensor).astype(np.float32) - np.float32(zero)) * np.float32(scale)
        elif name.endswith((".weight", ".bias")):
            found[name] = _array(tensor).astype(np.float32)
    for number, value in fields:
        if number == _NODES and _text(value, _KIND) == "MatMulNBits":
            node = _node(bytes(value))
            found[f"{node.name}.weight"] = _matrix(node, tensors)
    return {name.removeprefix(_PREFIX): values for name, values in found.items()}


@dataclass(frozen=True, slots=True)
class _Node:
    """A product; `name` is that of the layer it belongs to, as in "encoder.layer.0.attention.self.query"."""

    name: str
    inputs: tuple[str, ...]
    numbers: Mapping[str, int]


def _node(data: bytes) -> _Node:
    fields = list(_fields(data))
    attributes = [dict(_fields(value)) for number, value in fields if number == _ATTRIBUTE and isinstance(value, bytes)]
    path = _text(data, _NAME).strip("/").split("/")
    return _Node(
        ".".join(path[:-1]),
        tuple(value.decode() for number, value in fields if number == _INPUT and isinstance(value, bytes)),
        {str(one[_ATTRIBUTE_NAME], "utf-8"): int(one[_ATTRIBUTE_INT]) for one in attributes if _is_number(one)},  # type: ignore[arg-type]
    )


def _is_number(attribute: Mapping[int, int | bytes]) -> bool:
    return attribute.get(_ATTRIBUTE_TYPE) == _INT and _ATTRIBUTE_INT in attribute


def _matrix(node: _Node, tensors: Mapping[str, bytes]) -> Floats:
    """The node's weights, (outputs, inputs)."""
    rows, columns, block = (node.numbers.get(name, 0) for name in ("N", "K", "block_size"))
    if node.numbers.get("bits") != 4 or len(node.inputs) != 3 or not block or columns % block:
        raise ValueError("a MatMulNBits node is not of the kind that is known here")
    packed, scales = (_array(tensors[name]) for name in node.inputs[1:])
    halves = np.stack([packed & 15, packed >> 4], axis=-1).reshape(rows, columns // block, block)
    exact: Floats = (halves.astype(np.float32) - _MIDDLE) * scales.reshape(rows, columns // block, 1)
    return exact.reshape(rows, columns)


def _array(tensor: bytes) -> NDArray[Any]:
    fields = list(_fields(tensor))
    shape = [int(value) for number, value in fields if number == _DIMENSION and isinstance(value, int)]
    kinds = [
        _TYPES[value] for number, value in fields if number == _TYPE and isinstance(value, int) and value in _TYPES
    ]
    if not kinds:
        raise ValueError("a tensor is of a type that is not known here")
    return np.frombuffer(_bytes(fields, _RAW), kinds[0]).reshape(shape)


def _number(tensor: bytes) -> float:
    """The one number of a tensor that stores it as such: a float, or an integer of no sign."""
    fields = list(_fields(tensor))
    if any(number == _FLOATS for number, _ in fields):
        return float(struct.unpack("<f", _bytes(fields, _FLOATS))[0])
    return float(_varint(_bytes(fields, _INTS), 0)[0])


def _bytes(fields: Sequence[Field], wanted: int) -> bytes:
    for number, value in fields:
        if number == wanted and isinstance(value, bytes):
            return value
    raise ValueError(f"a tensor has no field {wanted}: it is not stored as raw bytes")


def _text(data: int | bytes, wanted: int) -> str:
    found = [value for number, value in _fields(bytes(data)) if number == wanted and isinstance(value, bytes)]
    return found[0].decode() if found else ""


def _fields(data: bytes) -> Iterator[Field]:
    """The fields of a message, in order. Numbers of fixed size come as their bytes."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        match key & 7:
            case 0:
                value, position = _varint(data, position)
                yield key >> 3, value
            case 2:
                length, position = _varint(data, position)
                yield key >> 3, data[position : position + length]
                position += length
            case 5:
                yield key >> 3, data[position : position + 4]
                position += 4
            case other:
                raise ValueError(f"wire type {other} is not expected in a model's graph")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
