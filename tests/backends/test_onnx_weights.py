import numpy as np
import onnxruntime
import pytest

from guard.backends import bert, onnx_bytes
from guard.backends.onnx_weights import weights
from guard.backends.rampart import find


@pytest.fixture(scope="module")
def packed():
    return (find() / "onnx/model_q4.onnx").read_bytes()


@pytest.fixture(scope="module")
def learned(packed):
    return weights(packed)


def run(model, feed):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]).run(None, feed)[0]


def probabilities(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_the_weights_make_a_model_that_says_nearly_what_the_packaged_one_says(packed, learned):
    ids = np.random.default_rng(1).integers(1_000, 15_000, 60)
    (row,) = run(
        packed,
        {
            "input_ids": ids[None],
            "attention_mask": np.ones((1, 60), np.int64),
            "token_type_ids": np.zeros((1, 60), np.int64),
        },
    )
    states = run(bert.graph(learned, 12, (6,)), {"ids": ids})
    exact, quick = (
        probabilities(row),
        probabilities(states @ learned["classifier.weight"].T + learned["classifier.bias"]),
    )
    assert not np.array_equal(exact, quick)
    assert (exact.argmax(-1) == quick.argmax(-1)).mean() > 0.9
    assert np.abs(exact - quick).mean() < 0.005


def test_every_weight_has_the_shape_that_its_name_asks_for(learned):
    assert learned["embeddings.word_embeddings.weight"].shape == (19_730, 384)
    assert learned["encoder.layer.5.intermediate.dense.weight"].shape == (1_536, 384)
    assert learned["encoder.layer.0.attention.self.query.bias"].shape == (384,)
    assert {values.dtype for values in learned.values()} == {np.dtype(np.float32)}


def test_a_layout_that_is_not_known_is_refused(packed):
    bits = b"\n\x04bits\x18\x04"
    assert bits in packed
    with pytest.raises(ValueError, match="not of the kind"):
        weights(packed.replace(bits, b"\n\x04bits\x18\x02", 1))
    with pytest.raises(ValueError, match="wire type 1"):
        weights(b"\x09" + 8 * b"\x00")


def graph(tensor):
    return b"\x3a" + written(b"\x2a" + written(tensor))


def written(part):
    assert len(part) < 128
    return bytes([len(part)]) + part


def test_a_tensor_is_read_as_it_was_written():
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    (found,) = weights(graph(onnx_bytes.tensor("bert.a.weight", values))).items()
    assert found[0] == "a.weight"
    np.testing.assert_array_equal(found[1], values)


@pytest.mark.parametrize(
    ("tensor", "what"),
    [
        (b"\x08\x01\x10\x06\x42\x08a.weight", "of a type"),
        (b"\x08\x01\x10\x01\x42\x08a.weight", "not stored as raw bytes"),
    ],
)
def test_a_tensor_of_another_kind_is_refused(tensor, what):
    with pytest.raises(ValueError, match=what):
        weights(graph(tensor))
