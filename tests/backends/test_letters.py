"""Letters beside vectors: what they count, where they stand, and what the default critic serves by them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from guard.backends import harm, letters
from guard.backends.embedded import EmbeddedCritic
from guard.backends.examining import STRONGER, examine, require_passed
from guard.backends.harm import HarmAware
from guard.backends.heads import auroc
from guard.backends.letters import COLUMNS, SHARE, Lettered, counted
from guard.backends.minilm import MiniLM, find
from guard.constitution import load
from guard.errors import ConfigError
from guard.types import Dialogue

from .test_embedded import Letters, constitution, silent, small

FOLDER = Path(__file__).parents[2] / "guard" / "defaults" / "constitutions"
KOREAN = "회의록이 없어서 금액은 알 수 없습니다."
JAPANESE = "議事録がないので金額は分かりません。"


@pytest.mark.parametrize("text", [KOREAN, JAPANESE, f"SELECT count(*) FROM orders; {KOREAN}"])
def test_another_script_is_counted_at_one_length(text: str) -> None:
    assert np.linalg.norm(counted(text)) == pytest.approx(SHARE)
    assert np.linalg.norm(counted(text * 5)) == pytest.approx(SHARE)


@pytest.mark.parametrize("text", ["", "   ", "12:30", "Wie schön! Ça va, Łukasz?", "DELETE FROM orders;"])
def test_latin_script_counts_nothing(text: str) -> None:
    assert not counted(text).any()


def test_figures_and_white_space_are_all_alike() -> None:
    assert np.array_equal(counted("3월  28일\n회의"), counted("5월 19일 회의"))


def test_a_lone_surrogate_is_counted_as_well() -> None:
    assert counted("\ud800 회의").any()


def test_texts_alike_are_near_and_others_far() -> None:
    near = counted("금액은 알 수 없습니다") @ counted("날짜는 알 수 없습니다")
    assert near > 2 * (counted("금액은 알 수 없습니다") @ counted("칼로 찔러 버려요"))


def test_the_encoder_stands_behind_the_letters_and_harm_behind_both() -> None:
    encoder = MiniLM(find())
    units, runs = [KOREAN, "I will break every bone in your body."], [(0, 1), (1, 2), (0, 2)]
    plain, more = encoder.encode(units, runs), HarmAware(Lettered(encoder), harm.load()).encode(units, runs)
    assert more.shape == (3, COLUMNS + plain.shape[1] + 1)
    assert np.array_equal(more[:, COLUMNS:-1], plain)
    assert np.array_equal(more[:, -1], HarmAware(encoder, harm.load()).encode(units, runs)[:, -1])
    assert more[:, :COLUMNS].any(axis=1).tolist() == [True, False, True]


def test_only_examples_in_another_script_bring_letters() -> None:
    assert not letters.wanted(["The amount is not known.", "Ça va"])
    assert letters.wanted(["The amount is not known.", JAPANESE])


def test_a_head_learns_what_the_encoder_cannot_read() -> None:
    sides = [
        tuple(Dialogue(f"{n}?", f"{'가나다라마바사아자'[n]} {word}") for n in range(9)) for word in ("욕설", "인사")
    ]
    principle = small(violates=sides[0], complies=sides[1])
    critic = EmbeddedCritic.fit([constitution(principle)], None, silent, encoder=Letters())
    assert critic.card()["no-x"]["auroc"] == 1  # type: ignore[index, call-overload]
    assert critic.score(Dialogue("?", "차 욕설"), [principle])[0].state == "fired"
    assert critic.score(Dialogue("?", "차 인사"), [principle])[0].state == "unsure"  # never clear


@pytest.mark.parametrize("name", ["workplace-ko", "workplace-ja", "health", "finance", "hr", "engineering"])
def test_the_default_critic_serves_what_the_documentation_says(name: str, tmp_path: Path) -> None:
    document = load(FOLDER / f"{name}.yaml")
    critic = EmbeddedCritic.fit([document], None, silent)
    require_passed([document], critic, tmp_path, silent)
    proofs = examine(document, critic, silent).proofs
    worth = [auroc(*([one.score for one in side] for side in (each.violates, each.complies))) for each in proofs]
    assert np.mean(worth) >= 0.8


def test_what_wants_a_larger_critic_is_refused_with_the_remedy(tmp_path: Path) -> None:
    document = load(FOLDER / "health.yaml")
    one = document.principles[0]
    sides = one.violates[::2] + one.complies[1::2], one.complies[::2] + one.violates[1::2]  # nobody can tell them apart
    mixed = replace(document, principles=(replace(one, violates=sides[0], complies=sides[1]),))
    with pytest.raises(ConfigError) as caught:
        require_passed([mixed], EmbeddedCritic.fit([mixed], None, silent), tmp_path, silent)
    first = caught.value.message.splitlines()[0]
    assert first.startswith("constitution 'health' version ")
    assert first.endswith(STRONGER)
