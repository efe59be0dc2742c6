"""Build a BERT encoder as an ONNX graph of 8-bit products from its published weights: no torch, a third of the time.

The graph reads one text (`ids`: tokens) and gives the hidden states after some layers, side by side (tokens, layers *
width). Weights have one scale a column, activations one a product, found while it runs: a text's states never depend
on another's. What it computes is BERT of transformers (Devlin et al. 2018, arXiv 1810.04805), with segment 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from guard.backends import onnx_bytes as onnx

Weights = Mapping[str, NDArray[np.float32]]

EPSILON = 1e-12


def graph(weights: Weights, heads: int, layers: Sequence[int]) -> bytes:
    """The model that gives the states after `layers`, counted from 1. Raises KeyError for a missing weight."""
    built = _Graph(weights, heads)
    built.embed()
    for layer in range(max(layers)):
        built.layer(layer)
    width = built.width
    built.add("Concat", [f"x{layer}" for layer in layers], "states", axis=1)
    return onnx.model(
        built.nodes,
        built.tensors,
        [onnx.value("ids", "int64", ["tokens"])],
        [onnx.value("states", "float32", ["tokens", width * len(layers)])],
    )


class _Graph:
    """A graph that grows; `x0` is what the layers read, `x1` what the first gives, and so on."""

    def __init__(self, weights: Weights, heads: int) -> None:
        self.nodes: list[bytes] = []
        self.tensors: list[bytes] = []
        self._weights = weights
        self.width = weights["embeddings.word_embeddings.weight"].shape[1]
        each = self.width // heads
        self.constant("zero", np.array([0], np.int64))
        self.constant("one", np.array([1], np.int64))
        self.constant("split", np.array([-1, heads, each], np.int64))
        self.constant("joined", np.array([-1, self.width], np.int64))
        self.constant("root", np.array(1 / np.sqrt(each), np.float32))
        self.constant("half", np.array(0.5, np.float32))
        self.constant("whole", np.array(1, np.float32))
        self.constant("root2", np.array(np.sqrt(2), np.float32))

    def constant(self, name: str, values: NDArray[np.float32] | NDArray[np.int64] | NDArray[np.int8]) -> None:
        self.tensors.append(onnx.tensor(name, values))

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: onnx.Attribute) -> str:
        self.nodes.append(onnx.node(kind, inputs, [output], **attributes))
        return output

    def embed(self) -> None:
        """Words, places and the segment, added up. Words are stored in eight bits with a scale each."""
        words = self._weights["embeddings.word_embeddings.weight"]
        scale = np.maximum(np.abs(words).max(axis=1, keepdims=True), np.float32(1e-9)) / np.float32(127)
        self.constant("words", np.rint(words / scale).astype(np.int8))
        self.constant("word_scales", scale.astype(np.float32))
        places = self._weights["embeddings.position_embeddings.weight"]
        self.constant("places", places + self._weights["embeddings.token_type_embeddings.weight"][0])
        self.add("Gather", ["words", "ids"], "word:q", axis=0)
        self.add("Cast", ["word:q"], "word:f", to=1)
        self.add("Gather", ["word_scales", "ids"], "word:s", axis=0)
        self.add("Mul", ["word:f", "word:s"], "word")
        self.add("Shape", ["ids"], "length")
        self.add("Slice", ["places", "zero", "length", "zero", "one"], "place")
        self.add("Add", ["word", "place"], "sum")
        self._normalised("sum", "embeddings.LayerNorm", "x0")

    def layer(self, number: int) -> None:
        """One layer, from x{number} to x{number + 1}."""
        name, source = f"encoder.layer.{number}", f"x{number}"
        quantized = self._quantized(source)
        parts = [self._heads(f"{name}.attention.self.{part}", quantized) for part in ("query", "key", "value")]
        query, key, content = parts
        turned = [
            self.add("Transpose", [query], f"{name}:q", perm=(1, 0, 2)),
            self.add("Transpose", [key], f"{name}:k", perm=(1, 2, 0)),
            self.add("Transpose", [content], f"{name}:v", perm=(1, 0, 2)),
        ]
        self.add("Mul", [turned[0], "root"], f"{name}:rooted")
        self.add("MatMul", [f"{name}:rooted", turned[1]], f"{name}:scores")
        self.add("Softmax", [f"{name}:scores"], f"{name}:shares", axis=-1)
        self.add("MatMul", [f"{name}:shares", turned[2]], f"{name}:mixed")
        self.add("Transpose", [f"{name}:mixed"], f"{name}:back", perm=(1, 0, 2))
        joined = self.add("Reshape", [f"{name}:back", "joined"], f"{name}:context")
        out = self._dense(f"{name}.attention.output.dense", self._quantized(joined))
        self.add("Add", [out, source], f"{name}:attended")
        middle = self._normalised(f"{name}:attended", f"{name}.attention.output.LayerNorm", f"{name}:middle")
        wide = self._dense(f"{name}.intermediate.dense", self._quantized(middle))
        narrow = self._dense(f"{name}.output.dense", self._quantized(self._gelu(wide, name)))
        self.add("Add", [narrow, middle], f"{name}:sum")
        self._normalised(f"{name}:sum", f"{name}.output.LayerNorm", f"x{number + 1}")

    def _heads(self, name: str, quantized: Sequence[str]) -> str:
        return self.add("Reshape", [self._dense(name, quantized), "split"], f"{name}:split")

    def _quantized(self, source: str) -> list[str]:
        names = [f"{source}:{part}" for part in ("int", "scale", "zero")]
        self.nodes.append(onnx.node("DynamicQuantizeLinear", [source], names))
        return names

    def _dense(self, name: str, quantized: Sequence[str]) -> str:
        """A linear layer in eight bits."""
        exact = self._weights[f"{name}.weight"]
        scale = np.maximum(np.abs(exact).max(axis=1), np.float32(1e-9)) / np.float32(127)
        self.constant(f"{name}:w", np.rint(exact / scale[:, None]).astype(np.int8).T)
        self.constant(f"{name}:ws", scale.astype(np.float32))
        self.constant(f"{name}:b", self._weights[f"{name}.bias"])
        self.add("MatMulInteger", [quantized[0], f"{name}:w", quantized[2]], f"{name}:i")
        self.add("Cast", [f"{name}:i"], f"{name}:f", to=1)
        self.add("Mul", [quantized[1], f"{name}:ws"], f"{name}:s")
        self.add("Mul", [f"{name}:f", f"{name}:s"], f"{name}:scaled")
        return self.add("Add", [f"{name}:scaled", f"{name}:b"], f"{name}:out")

    def _gelu(self, source: str, name: str) -> str:
        self.add("Div", [source, "root2"], f"{name}:g1")
        self.add("Erf", [f"{name}:g1"], f"{name}:g2")
        self.add("Add", [f"{name}:g2", "whole"], f"{name}:g3")
        self.add("Mul", [source, f"{name}:g3"], f"{name}:g4")
        return self.add("Mul", [f"{name}:g4", "half"], f"{name}:gelu")

    def _normalised(self, source: str, name: str, output: str) -> str:
        for part in ("weight", "bias"):
            self.constant(f"{name}:{part}", self._weights[f"{name}.{part}"])
        return self.add(
            "LayerNormalization", [source, f"{name}:weight", f"{name}:bias"], output, axis=-1, epsilon=EPSILON
        )
