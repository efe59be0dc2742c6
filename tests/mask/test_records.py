import itertools

import numpy as np
import pytest

from guard.mask.cells import Lengths, forms, hash_of
from guard.mask.grams import Hasher
from guard.mask.records import NEAR, Records, bits_of, combined, probe, slow

KEY = bytes(range(32))
ROWS = (
    ("홍길동", "1985-03-12", "110-123-456789", "gildong@example.com"),
    ("田中 太郎", "1979-11-02", "220-987-654321", "taro@example.co.jp"),
    ("Alice Meyer", "1990-01-31", "330-555-000111", "alice@example.org"),
)


def records(rows=ROWS, *, cells=2, alone=()):
    formed = [[forms(cell) for cell in row] for row in rows]
    single = [form for row in formed for place in alone for form in row[place]]
    known = sorted({form for row in formed for cell in row for form in cell})
    return Records(
        KEY,
        cells,
        Lengths.of(known),
        bits_of(np.array(hash_of(known, Hasher(KEY)), np.uint64)),
        np.array(sorted(set().union(*(combined(row, cells, KEY) for row in formed))), np.uint64),
        np.array(sorted(slow((form,), KEY) for form in single), np.uint64),
    )


def found(text, known):
    return [text[start:end] for start, end in known.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("홍길동님은 1985년 3월 12일생입니다.", ["홍길동", "1985년 3월 12일"]),
        ("계좌 110-123-456789로 홍 길동 고객에게", ["110-123-456789", "홍 길동"]),
        ("田中太郎様の口座は220987654321です", ["田中太郎", "220987654321"]),
        ("Meyer, Alice (31 January 1990)", ["Meyer, Alice", "31 January 1990"]),
        ("ALICE MEYER <Alice@Example.org>", ["ALICE MEYER", "Alice@Example.org"]),
        ("홍길동 gildong@example.com으로 110123456789", ["홍길동", "gildong@example.com", "110123456789"]),
        ("홍길동\u200b님 ２０대, １９８５－０３－１２", ["홍길동", "１９８５－０３－１２"]),
        # One cell, or cells of two rows.
        ("홍길동님은 오늘 왔다.", []),
        ("홍길동님과 田中太郎様", []),
        ("홍길동, 1979-11-02", []),
        ("Alice Meyer wrote to Alice Meyer.", []),
        ("", []),
    ],
)
def test_two_cells_of_a_row_are_recognised(text, expected):
    assert found(text, records()) == expected


def test_cells_far_apart_are_not():
    known = records()
    for gap, expected in ((NEAR, 2), (NEAR + 1, 0)):
        assert len(found(f"홍길동{'.' * gap}1985-03-12", known)) == expected


def test_as_many_cells_as_are_asked_for():
    known = records(cells=3)
    assert found("홍길동, 1985-03-12", known) == []
    assert found("홍길동, 1985-03-12, gildong@example.com", known) == ["홍길동", "1985-03-12", "gildong@example.com"]
    assert found("홍길동, 1985-03-12, alice@example.org", known) == []


def test_a_cell_that_is_enough_alone():
    known = records(alone=(3,))
    assert found("Mail taro@example.co.jp now", known) == ["taro@example.co.jp"]
    assert found("田中太郎様", known) == []


def test_a_list_of_customers_is_recognised_whole():
    names = [f"{a}{b}{c}" for a, b, c in itertools.product("김이박최", "민서도하", "준우연")]
    rows = [(name, f"{300 + i}-{i * i:03}-{i * 7919 % 10**6:06}") for i, name in enumerate(names)]
    text = "\n".join(", ".join(row) for row in rows)
    assert found(text, records(rows)) == [cell for row in rows for cell in row]


def test_no_value_can_be_seen_and_the_key_decides():
    known = records(alone=(3,))
    kept = known.bits.tobytes() + known.combined.tobytes() + known.single.tobytes()
    for form in (form for row in ROWS for cell in row for form in forms(cell)):
        assert form.encode() not in kept
    other = Records(KEY[::-1], 2, known.lengths, known.bits, known.combined, known.single)
    assert found("홍길동, 1985-03-12, taro@example.co.jp", other) == []


def test_the_order_of_cells_does_not_matter_and_their_number_does():
    assert slow(("a", "b"), KEY) == slow(("b", "a"), KEY)
    assert len({slow(s, KEY) for s in (("a",), ("a", "b"), ("ab",), ("a", "b", "c"), ("a", "a"))}) == 5


def test_the_bits_let_through_what_they_know_and_little_else():
    chance = np.random.default_rng(1)
    hashes = chance.integers(0, 2**63, 5_000, dtype=np.uint64) * np.uint64(2)
    bits = bits_of(hashes)
    assert probe(bits, hashes).all()
    others = chance.integers(0, 2**63, 50_000, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    assert probe(bits, others).mean() < 0.001
