import numpy as np
import onnxruntime
import pytest

from guard.backends.int8 import eight_bit
from guard.backends.rampart import find


@pytest.fixture(scope="module")
def four_bits():
    return (find() / "onnx/model_q4.onnx").read_bytes()


def probabilities(model, ids):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    logits = session.run(None, feed)[0]
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_the_rewritten_model_says_nearly_the_same(four_bits):
    ids = np.random.default_rng(1).integers(1_000, 15_000, (1, 60))
    exact, quick = probabilities(four_bits, ids), probabilities(eight_bit(four_bits), ids)
    assert not np.array_equal(exact, quick)
    assert (exact.argmax(-1) == quick.argmax(-1)).mean() > 0.9
    assert np.abs(exact - quick).mean() < 0.005


def test_what_is_rewritten_needs_no_rewriting(four_bits):
    once = eight_bit(four_bits)
    assert b"MatMulNBits" not in once
    assert len(once) < 2 * len(four_bits)
    assert len(eight_bit(once)) == len(once)


def test_a_layout_that_is_not_known_is_refused(four_bits):
    bits = b"\n\x04bits\x18\x04"
    assert bits in four_bits
    with pytest.raises(ValueError, match="not of the kind"):
        eight_bit(four_bits.replace(bits, b"\n\x04bits\x18\x02", 1))
    with pytest.raises(ValueError, match="wire type 5"):
        eight_bit(b"\x0d\x00\x00\x00\x00")


def test_numbers_of_more_than_seven_bits_are_kept():
    message = b"\x08\xac\x02\x12\x03abc"  # field 1 is 300, field 2 is "abc"
    assert eight_bit(message) == message
