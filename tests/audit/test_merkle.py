"""The vectors are those of the Certificate Transparency reference implementation: eight leaves, their roots, proofs."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    extend,
    inclusion_proof,
    leaf_hash,
    node_hash,
    over,
    pack,
    part,
    root,
    unpack,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, INCLUSION[1][2]),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 5, INCLUSION[4][2][1:]),
]


def plain_root(leaves):
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    half = plain_split(len(leaves))
    return sha256(b"\x01" + plain_root(leaves[:half]) + plain_root(leaves[half:])).digest()


def plain_path(index, leaves):
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    half = plain_split(len(leaves))
    if index < half:
        return [*plain_path(index, leaves[:half]), plain_root(leaves[half:])]
    return [*plain_path(index - half, leaves[half:]), plain_root(leaves[:half])]


def plain_consistency(first, leaves, *, whole=True):
    """RFC 6962 section 2.1.2, word for word."""
    if first == len(leaves):
        return [] if whole else [plain_root(leaves)]
    half = plain_split(len(leaves))
    if first <= half:
        return [*plain_consistency(first, leaves[:half], whole=whole), plain_root(leaves[half:])]
    return [*plain_consistency(first - half, leaves[half:], whole=False), plain_root(leaves[:half])]


def plain_split(size):
    half = 1
    while half * 2 < size:
        half *= 2
    return half


def tree(hashes):
    return root(extend(Frontier(), hashes))


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference(size):
    assert tree(HASHES[:size]).hex() == ROOTS[size]
    assert plain_root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_inclusion_proofs_are_those_of_the_reference(index, size, proof):
    made = inclusion_proof(index, size, over(HASHES))
    assert [node.hex() for node in made] == proof
    assert verify_inclusion(HASHES[index], index, size, made, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("first", "second", "proof"), CONSISTENCY)
def test_consistency_proofs_are_those_of_the_reference(first, second, proof):
    made = consistency_proof(first, second, over(HASHES))
    assert [node.hex() for node in made] == proof
    roots = [bytes.fromhex(text) for text in ROOTS]
    assert verify_consistency(first, roots[first], second, roots[second], made)


sizes = st.integers(1, 70)
leaves = sizes.flatmap(lambda size: st.lists(st.binary(max_size=4), min_size=size, max_size=size))


@settings(deadline=None)
@given(leaves, st.data())
def test_growing_in_steps_gives_the_root_of_the_definition(data, draw):
    hashes = [leaf_hash(leaf) for leaf in data]
    cut = draw.draw(st.integers(0, len(data)))
    first = extend(Frontier(), hashes[:cut])
    again = unpack(cut, pack(first))
    assert again == first
    assert root(extend(again, hashes[cut:])) == plain_root(data)
    assert root(first) == plain_root(data[:cut])


@settings(deadline=None)
@given(leaves, st.data())
def test_inclusion_is_proved_for_every_leaf_and_for_no_other(data, draw):
    hashes, size = [leaf_hash(leaf) for leaf in data], len(data)
    index = draw.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, over(hashes))
    assert list(proof) == plain_path(index, data)
    assert verify_inclusion(hashes[index], index, size, proof, tree(hashes))
    assert not verify_inclusion(leaf_hash(b"another"), index, size, proof, tree(hashes))
    assert not verify_inclusion(hashes[index], index, size, proof, leaf_hash(b"another"))
    assert not verify_inclusion(hashes[index], index, size, [*proof, bytes(32)], tree(hashes))
    if proof:
        at = draw.draw(st.integers(0, len(proof) - 1))
        assert not verify_inclusion(hashes[index], index, size, flipped(proof, at), tree(hashes))
        assert not verify_inclusion(hashes[index], index, size, proof[:-1], tree(hashes))
        assert not verify_inclusion(hashes[index], index, size, [proof[0][:31], *proof[1:]], tree(hashes))


@settings(deadline=None)
@given(leaves, st.data())
def test_consistency_is_proved_for_every_prefix_and_for_nothing_else(data, draw):
    hashes, second = [leaf_hash(leaf) for leaf in data], len(data)
    first = draw.draw(st.integers(1, second))
    old, new = tree(hashes[:first]), tree(hashes)
    proof = consistency_proof(first, second, over(hashes))
    assert list(proof) == plain_consistency(first, data)
    assert verify_consistency(first, old, second, new, proof)
    assert not verify_consistency(first, leaf_hash(b"another"), second, new, proof)
    assert not verify_consistency(first, old, second, leaf_hash(b"another"), proof)
    assert not verify_consistency(first, old, second, new, [*proof, bytes(32)])
    if proof:
        at = draw.draw(st.integers(0, len(proof) - 1))
        assert not verify_consistency(first, old, second, new, flipped(proof, at))
        assert not verify_consistency(first, old, second, new, proof[:-1])


def flipped(proof, at):
    other = list(proof)
    other[at] = bytes([other[at][0] ^ 1]) + other[at][1:]
    return other


def test_every_tree_begins_with_the_empty_one():
    assert verify_consistency(0, EMPTY_ROOT, 8, tree(HASHES), [])
    assert not verify_consistency(0, tree(HASHES), 8, tree(HASHES), [])
    assert not verify_consistency(0, EMPTY_ROOT, 8, tree(HASHES), [bytes(32)])


def test_a_log_that_became_shorter_is_not_consistent():
    assert not verify_consistency(8, tree(HASHES), 7, tree(HASHES[:7]), [])


def test_a_proof_of_nothing_proves_nothing():
    assert not verify_consistency(6, tree(HASHES[:6]), 8, tree(HASHES), [])


def test_a_proof_that_goes_on_above_the_root_proves_nothing():
    longer = [*consistency_proof(6, 8, over(HASHES)), bytes(32), bytes(32)]
    assert not verify_consistency(6, tree(HASHES[:6]), 8, tree(HASHES), longer)
    longer = [*inclusion_proof(5, 8, over(HASHES)), bytes(32), bytes(32)]
    assert not verify_inclusion(HASHES[5], 5, 8, longer, tree(HASHES))


def test_a_leaf_is_no_inner_node():
    assert leaf_hash(HASHES[0] + HASHES[1]) != node_hash(HASHES[0], HASHES[1])


@pytest.mark.parametrize(("index", "size"), [(-1, 8), (8, 8), (0, 0)])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index, size):
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion_proof(index, size, over(HASHES))
    assert not verify_inclusion(HASHES[0], index, size, [], tree(HASHES))


@pytest.mark.parametrize(("first", "second"), [(0, 8), (9, 8)])
def test_there_is_no_proof_for_an_impossible_prefix(first, second):
    with pytest.raises(ValueError, match="first"):
        consistency_proof(first, second, over(HASHES))


@pytest.mark.parametrize(("size", "data"), [(3, bytes(32)), (2, bytes(33)), (-1, bytes(32)), (0, bytes(32))])
def test_bytes_that_are_no_frontier_are_refused(size, data):
    with pytest.raises(ValueError, match="frontier"):
        unpack(size, data)


@given(st.integers(1, 200), st.data())
def test_part_of_a_frontier_is_the_frontier_of_a_part(size: int, data: st.DataObject) -> None:
    hashes = [leaf_hash(bytes([number])) for number in range(size)]
    start = data.draw(st.integers(0, size + 1))
    found = part(extend(Frontier(), hashes), start)
    borders = {0} | {size >> bit << bit for bit in range(size.bit_length() + 1)} - {size}
    assert (found is not None) == (start in borders)
    if found is not None:
        own = extend(Frontier(), hashes[start:])
        assert (found.size, root(found)) == (own.size, root(own))
