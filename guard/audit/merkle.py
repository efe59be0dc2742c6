"""The Merkle tree of RFC 6962 and RFC 9162: hashes, roots, proofs. Pure functions over leaf hashes.

A tree only grows to the right, so all that growing needs is its frontier: the roots of the full subtrees it is made of,
the largest first, one for each bit set in its size. A proof is made from any function that knows the root of a range
of leaves (`Subtree`): over a list of leaf hashes here, over stored inner nodes where a log is too long for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()

Subtree: TypeAlias = Callable[[int, int], bytes]
# (start, end) -> the root of the leaves start to end (exclusive), end > start


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of `size` leaves, as the roots of its full subtrees, the largest first."""

    size: int = 0
    nodes: tuple[bytes, ...] = ()


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def extend(frontier: Frontier, hashes: Iterable[bytes]) -> Frontier:
    """The frontier of the tree after `hashes` were appended."""
    size, nodes = frontier.size, list(frontier.nodes)
    for leaf in hashes:
        node, full = leaf, size
        while full & 1:  # a subtree of this height is complete: join it with its new right half
            node, full = node_hash(nodes.pop(), node), full >> 1
        nodes.append(node)
        size += 1
    return Frontier(size, tuple(nodes))


def root(frontier: Frontier) -> bytes:
    """The root of the tree."""
    if not frontier.nodes:
        return EMPTY_ROOT
    top = frontier.nodes[-1]
    for node in frontier.nodes[-2::-1]:
        top = node_hash(node, top)
    return top


def pack(frontier: Frontier) -> bytes:
    """The nodes of a frontier as bytes; `unpack` is its inverse."""
    return b"".join(frontier.nodes)


def unpack(size: int, data: bytes) -> Frontier:
    """The frontier of a tree of `size` leaves. Raises ValueError where `data` cannot be one."""
    if size < 0 or len(data) != size.bit_count() * HASH_BYTES:
        raise ValueError("these bytes are not the frontier of a tree of this size")
    return Frontier(size, tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)))


def part(frontier: Frontier, start: int) -> Frontier | None:
    """The frontier of the leaves of `frontier` from number `start` on, as a tree of their own; None where none is left.

    None too where `start` lies within one of its subtrees: then it does not tell them apart.
    """
    at, nodes = 0, list(frontier.nodes)
    while nodes and at < start:
        at += 1 << ((frontier.size - at).bit_length() - 1)
        del nodes[0]
    return Frontier(frontier.size - start, tuple(nodes)) if nodes and at == start else None


def over(hashes: Sequence[bytes]) -> Subtree:
    """The roots of ranges of `hashes`, computed anew at each call."""
    return lambda start, end: root(extend(Frontier(), hashes[start:end]))


def inclusion_proof(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The proof that leaf `index` is in the tree of `size` leaves, deepest node first (RFC 6962 section 2.1.1).

    Raises ValueError where there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError("the tree has no such leaf")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(subtree(middle, end))
            end = middle
        else:
            proof.append(subtree(start, middle))
            start = middle
    return tuple(reversed(proof))


def consistency_proof(first: int, second: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The proof that the tree of `second` leaves begins with the tree of `first` leaves (RFC 6962 section 2.1.2).

    Raises ValueError unless 0 < first <= second.
    """
    if not 0 < first <= second:
        raise ValueError("a consistency proof needs 0 < first <= second")
    proof: list[bytes] = []
    start, end = 0, second
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            proof.append(subtree(middle, end))
            end = middle
        else:
            proof.append(subtree(start, middle))
            start = middle
    if start:  # the subtree that ends the first tree is not the first tree itself, which the verifier knows
        proof.append(subtree(start, end))
    return tuple(reversed(proof))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """Whether `proof` shows that the leaf hash `leaf` is number `index` in the tree (RFC 9162 section 2.1.3.2).

    `size` and `tree_root` must come from one verified checkpoint: a proof alone does not fix the size.
    """
    if not 0 <= index < size or not _are_hashes([leaf, *proof]):
        return False
    position, last, node = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(other, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, other)
        position, last = position >> 1, last >> 1
    return last == 0 and node == tree_root


def verify_consistency(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the second tree begins with the first (RFC 9162 section 2.1.4.2).

    The empty tree begins every tree. Sizes and roots must come from verified checkpoints.
    """
    if not 0 <= first <= second or not _are_hashes(proof):
        return False
    if first in (0, second):
        expected = EMPTY_ROOT if first == 0 else second_root
        return not proof and first_root == expected
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(other, old), node_hash(other, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, other)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """The largest power of two smaller than `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _are_hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
