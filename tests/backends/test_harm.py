"""The general sense of harm: what it adds to vectors, what it tells apart, and how it is switched off."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from guard.backends import critics, fitting, harm
from guard.backends.embedded import HARMFUL, EmbeddedCritic
from guard.backends.harm import HarmAware
from guard.backends.heads import auroc
from guard.backends.minilm import MiniLM, find
from guard.config import CriticConfig
from guard.constitution import Constitution
from guard.errors import ConfigError
from guard.types import Dialogue, Labelled

from .office import OFFICE
from .test_embedded import Letters, constitution, silent, small

EVALS = Path(__file__).parents[2] / "evals"


@pytest.fixture(scope="module")
def encoder() -> MiniLM:
    return MiniLM(find())


def read(encoder: MiniLM, texts: list[str]) -> np.ndarray:
    vectors = np.stack([fitting.embed(encoder, text).whole for text in texts])
    return harm.load().logits(vectors)


def test_it_tells_the_held_halves_apart(encoder: MiniLM) -> None:
    for name, key, least in (("prompts", "prompt", 0.75), ("replies", "reply", 0.8)):
        rows = [json.loads(line) for line in (EVALS / f"review_{name}.jsonl").read_text("utf-8").splitlines()]
        sides = [[r[key] for r in rows if r["half"] == "held" and r["label"] == label] for label in (1, 0)]
        assert auroc(*(read(encoder, side) for side in sides)) > least


def test_ordinary_work_is_not_taken_for_harm(encoder: MiniLM) -> None:
    logits = read(encoder, [dialogue.reply for dialogue in OFFICE])
    assert (logits >= harm.load().thresholds.fire).mean() <= 0.02


def test_a_vector_has_one_number_more(encoder: MiniLM) -> None:
    aware = HarmAware(encoder, harm.load())
    units, runs = ["I will break every bone in your body.", "The printer is out of paper."], [(0, 1), (1, 2)]
    plain, more = encoder.encode(units, runs), aware.encode(units, runs)
    assert np.array_equal(more[:, :-1], plain)
    assert more[:, -1] == pytest.approx(harm.SHARE * harm.load().logits(plain.astype(float)), abs=1e-5)
    assert [aware.reads_harmful(one) for one in more.astype(float)] == [True, False]
    assert aware.digest != encoder.digest


def test_it_counts_where_a_principle_is_about_harm_and_can_be_switched_off(tmp_path: Path) -> None:
    threats = [f"I will {how} you tonight, and nobody will find you." for how in
               ("kill", "strangle", "stab", "shoot", "beat", "drown", "hurt", "burn")]  # fmt: skip
    offers = [f"I will {how} you tonight, and nobody will mind that." for how in
              ("call", "thank", "visit", "mail", "invite", "meet", "help", "join")]  # fmt: skip
    sides = {
        side: tuple(Dialogue(f"Write {n}.", text) for n, text in enumerate(texts))
        for side, texts in (("violates", threats), ("complies", offers))
    }
    document = Constitution("house", 1, (small(id="no-threats", **sides),), "")
    wishes = [CriticConfig(), CriticConfig(harm=False)]
    on, off = (critics.make(wish, [document], tmp_path, silent) for wish in wishes)
    assert on.digest != off.digest
    assert isinstance(on, EmbeddedCritic)
    dialogue = Dialogue("Write.", "I will murder you and your children.")
    with_it, without = (critic.score(dialogue, document.principles)[0] for critic in (on, off))
    assert with_it.state == "fired"
    assert with_it.reason.endswith(HARMFUL)
    assert HARMFUL not in without.reason
    assert with_it.score > without.score


def test_it_is_left_out_where_it_does_not_know_the_vectors() -> None:
    critic = EmbeddedCritic.fit([constitution(small())], None, silent, encoder=Letters())
    assert all(HARMFUL not in critic.score(one, [small()])[0].reason for one in small().violates)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weights": ["x"]}', '{"weights": [NaN], "encoder": "x"}'])
def test_a_broken_file_names_the_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / "harm.json").write_text(content)
    with pytest.raises(ConfigError, match=r"cannot be read\. Install guard again, or say 'harm: false'"):
        harm.load(tmp_path / "harm.json")


# --- reviewers' labels -------------------------------------------------------------------------------------------


def fit(*labels: Labelled) -> EmbeddedCritic:
    return EmbeddedCritic.fit([constitution(small())], None, silent, labels=labels, encoder=Letters())


def test_a_label_is_an_example() -> None:
    """The letter v is in no example; three reviewers say that it violates."""
    labels = [Labelled("no-x", Dialogue(f"q {one}", f"{one} vv {one} vv v"), violates=True) for one in "abc"]
    before, after = fit(), fit(*labels)
    dialogue = Dialogue("q", "d vv d vv v")
    assert before.score(dialogue, [small()])[0].state != "fired"
    assert after.score(dialogue, [small()])[0].state == "fired"
    assert after.card()["no-x"]["violates"] == 12  # type: ignore[index, call-overload]
    assert len(after.left_out(small())) == len(small().violates) + len(small().complies)


def test_a_label_that_takes_an_alarm_back_lowers_it() -> None:
    dialogue = Dialogue("q", "c xx c oo x")
    before = fit().score(dialogue, [small()])[0]
    after = fit(Labelled("no-x", dialogue, violates=False)).score(dialogue, [small()])[0]
    assert before.score > after.score


def test_the_digest_changes_with_labels() -> None:
    one = Labelled("no-x", Dialogue("q", "b oo"), violates=True)
    other = Labelled("no-x", Dialogue("q", "b oo"), violates=False)
    digests = {
        fit().digest,
        fit(one).digest,
        fit(other).digest,
        fit(Labelled("no-x", Dialogue("q", "b o"), True)).digest,
    }
    assert len(digests) == 4
    assert fit(one, other).digest == fit(other).digest  # the later counts
    assert fit(other, one).digest == fit(one).digest


def test_labels_that_say_nothing_new_change_nothing() -> None:
    silent_ones = (
        Labelled("no-x", small().violates[0], violates=False),  # the constitution says the opposite
        Labelled("no-x", Dialogue("q", " "), violates=True),  # nothing to read
        Labelled("gone", Dialogue("q", "b"), violates=True),  # of a principle that is no more
    )
    assert fit(*silent_ones).digest == fit().digest
