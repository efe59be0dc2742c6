"""Rewrite an ONNX model whose weights have four bits into one that multiplies in eight: half the time on a CPU.

The packaged model for names stores its weights as MatMulNBits, which CPUs compute in 32-bit floats. Here each such node
becomes DynamicQuantizeLinear and MatMulInteger, which use the CPU's 8-bit instructions. The four-bit weights fit into
eight bits with one scale a column; the labels move by less than the threshold's own uncertainty.

An ONNX file is a protocol buffer (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto); the few fields that are
needed are read and written by hand, so that no process carries the onnx package along.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = tuple[int, int | bytes]  # its number and value

_GRAPH = 7  # of ModelProto
_NODES, _TENSORS = 1, 5  # of GraphProto
_INPUT, _OUTPUT, _NAME, _KIND, _ATTRIBUTE = 1, 2, 3, 4, 5  # of NodeProto
_ATTRIBUTE_NAME, _ATTRIBUTE_INT, _ATTRIBUTE_TYPE = 1, 3, 20  # of AttributeProto
_DIMENSION, _TYPE, _TENSOR_NAME, _RAW = 1, 2, 8, 9  # of TensorProto
_FLOAT, _INT8, _INT = 1, 3, 2  # of TensorProto.DataType, twice, and of AttributeProto.AttributeType
_VARINT, _BYTES = 0, 2  # wire types
_MIDDLE = 8  # what a four-bit weight of zero is stored as


def eight_bit(model: bytes) -> bytes:
    """`model` with every MatMulNBits node multiplying in eight bits. Raises ValueError where its layout is unknown."""
    return b"".join(
        _field(number, _graph(value) if number == _GRAPH and isinstance(value, bytes) else value)
        for number, value in _fields(model)
    )


@dataclass(frozen=True, slots=True)
class _Node:
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    numbers: Mapping[str, int]


def _graph(data: bytes) -> bytes:
    fields = list(_fields(data))
    tensors = {_text(value, _TENSOR_NAME): value for number, value in fields if number == _TENSORS}
    replaced: set[str] = set()
    written: list[bytes] = []
    quantized: set[str] = set()
    for number, value in fields:
        if number != _NODES or _text(value, _KIND) != "MatMulNBits":
            if number != _TENSORS:
                written.append(_field(number, value))
            continue
        node = _node(bytes(value))
        source = node.inputs[0]
        if source not in quantized:  # query, key and value share their input
            quantized.add(source)
            written.append(_made("DynamicQuantizeLinear", [source], [f"{source}:{part}" for part in ("q", "s", "z")]))
        written.extend(_multiplied(node, *_weights(node, tensors)))
        replaced.update(node.inputs[1:])
    written.extend(_field(_TENSORS, value) for name, value in tensors.items() if name not in replaced)
    return b"".join(written)


def _multiplied(node: _Node, weights: NDArray[np.int8], scales: NDArray[np.float32]) -> Iterator[bytes]:
    """The nodes and tensors that take the place of `node`."""
    source, name = node.inputs[0], node.inputs[1]
    yield _field(_TENSORS, _tensor(f"{name}:q", _INT8, weights))
    yield _field(_TENSORS, _tensor(f"{name}:s", _FLOAT, scales))
    yield _made("MatMulInteger", [f"{source}:q", f"{name}:q", f"{source}:z"], [f"{name}:i"])
    yield _made("Cast", [f"{name}:i"], [f"{name}:f"], to=_FLOAT)
    yield _made("Mul", [f"{source}:s", f"{name}:s"], [f"{name}:m"])
    yield _made("Mul", [f"{name}:f", f"{name}:m"], list(node.outputs))


def _weights(node: _Node, tensors: Mapping[str, int | bytes]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The node's weights, (inputs, outputs), and the scale of each column."""
    rows, columns, block = (node.numbers.get(name, 0) for name in ("N", "K", "block_size"))
    if node.numbers.get("bits") != 4 or len(node.inputs) != 3 or not block or columns % block:
        raise ValueError("a MatMulNBits node is not of the kind that is known here")
    packed = np.frombuffer(_raw(tensors[node.inputs[1]]), np.uint8)
    scales = np.frombuffer(_raw(tensors[node.inputs[2]]), np.float32).reshape(rows, columns // block, 1)
    halves = np.stack([packed & 15, packed >> 4], axis=-1).reshape(rows, columns // block, block)
    exact = ((halves.astype(np.float32) - _MIDDLE) * scales).reshape(rows, columns)
    scale = np.maximum(np.abs(exact).max(axis=1), np.float32(1e-9)) / 127
    return np.ascontiguousarray(np.rint(exact / scale[:, None]).astype(np.int8).T), scale.astype(np.float32)


def _node(data: bytes) -> _Node:
    fields = list(_fields(data))
    attributes = [dict(_fields(value)) for number, value in fields if number == _ATTRIBUTE and isinstance(value, bytes)]
    return _Node(
        tuple(value.decode() for number, value in fields if number == _INPUT and isinstance(value, bytes)),
        tuple(value.decode() for number, value in fields if number == _OUTPUT and isinstance(value, bytes)),
        {str(one[_ATTRIBUTE_NAME], "utf-8"): int(one[_ATTRIBUTE_INT]) for one in attributes if _is_number(one)},  # type: ignore[arg-type]
    )


def _is_number(attribute: Mapping[int, int | bytes]) -> bool:
    return attribute.get(_ATTRIBUTE_TYPE) == _INT and _ATTRIBUTE_INT in attribute


def _made(kind: str, inputs: list[str], outputs: list[str], **numbers: int) -> bytes:
    parts = [_field(_INPUT, name.encode()) for name in inputs] + [_field(_OUTPUT, name.encode()) for name in outputs]
    parts += [_field(_NAME, f"{outputs[0]}:{kind}".encode()), _field(_KIND, kind.encode())]
    for name, number in numbers.items():
        attribute = _field(_ATTRIBUTE_NAME, name.encode()) + _field(_ATTRIBUTE_INT, number)
        parts.append(_field(_ATTRIBUTE, attribute + _field(_ATTRIBUTE_TYPE, _INT)))
    return _field(_NODES, b"".join(parts))


def _tensor(name: str, kind: int, values: NDArray[np.int8] | NDArray[np.float32]) -> bytes:
    dimensions = b"".join(_field(_DIMENSION, size) for size in values.shape)
    return dimensions + _field(_TYPE, kind) + _field(_TENSOR_NAME, name.encode()) + _field(_RAW, values.tobytes())


def _raw(tensor: int | bytes) -> bytes:
    found = [value for number, value in _fields(bytes(tensor)) if number == _RAW and isinstance(value, bytes)]
    if not found:
        raise ValueError("a tensor is not stored as raw bytes")
    return found[0]


def _text(data: int | bytes, wanted: int) -> str:
    found = [value for number, value in _fields(bytes(data)) if number == wanted and isinstance(value, bytes)]
    return found[0].decode() if found else ""


def _fields(data: bytes) -> Iterator[Field]:
    """The fields of a message, in order. Fixed-size numbers do not occur in the messages that are read here."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        match key & 7:
            case 0:  # _VARINT
                value, position = _varint(data, position)
                yield key >> 3, value
            case 2:  # _BYTES
                length, position = _varint(data, position)
                yield key >> 3, data[position : position + length]
                position += length
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


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _written(number << 3 | _VARINT) + _written(value)
    return _written(number << 3 | _BYTES) + _written(len(value)) + value


def _written(number: int) -> bytes:
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    data.append(number)
    return bytes(data)
