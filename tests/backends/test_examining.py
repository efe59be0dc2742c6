"""What a critic makes of examples, and that nothing is in force that it does not understand."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from guard.backends.examining import ANOTHER, STRONGER, examine, examined, require_passed
from guard.constitution import Constitution, Marks, Principle
from guard.errors import ConfigError, CriticError, RecognizerError
from guard.types import Dialogue, Rule, Span, Verdict
from tests.dialogue import principle


def silent(message: str) -> None:
    del message


class Words:
    """A critic that finds a word, and counts what it was asked."""

    name, digest = "words", "w1"
    writes = False

    def __init__(self, word: str = "wrong") -> None:
        self.word, self.asked = word, 0

    def score(self, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
        self.asked += 1
        if dialogue.reply == "out":
            raise CriticError("the critic is out")
        fired = self.word in dialogue.reply
        return tuple(Verdict(rule.id, 0.9 if fired else 0.1, "fired" if fired else "clear") for rule in principles)

    def write(self, prompt: str, *, max_tokens: int) -> str:
        raise CriticError("does not write")


class Fitted(Words):
    """A critic that knows the examples by heart, and without one of them nothing."""

    def left_out(self, rule: Rule) -> tuple[Verdict, ...]:
        return tuple(Verdict(rule.id, 0.4, "unsure") for _ in (*rule.violates, *rule.complies))


def rule(
    id_: str = "x", *, wrong: Sequence[str] = ("wrong", "also wrong"), right: Sequence[str] = ("right", "so")
) -> Principle:
    sides = {
        side: tuple(Dialogue("?", text) for text in texts) for side, texts in (("violates", wrong), ("complies", right))
    }
    return principle(id_, **sides)


def house(*principles: Principle, digest: str = "h1") -> Constitution:
    return Constitution("house", 2, principles, digest)


def test_every_example_is_judged_on_its_own_side() -> None:
    report = examine(
        house(rule(wrong=("wrong", "wrong too", "subtle"), right=("right", "wrong word")), rule("y")), Words(), silent
    )
    first, second = report.proofs
    assert [v.state for v in first.violates] == ["fired", "fired", "clear"]
    assert [v.state for v in first.complies] == ["clear", "fired"]
    assert (second.precision, second.recall) == (1.0, 1.0)
    assert (report.critic, report.critic_digest, report.problems) == ("words", "w1", ())


def test_what_recognizers_decide_is_not_put_to_the_critic() -> None:
    critic = Words()
    report = examine(house(replace(rule("data"), check="reveals_unknown_data")), critic, silent)
    assert (report.exact, report.proofs, critic.asked) == (("data",), (), 0)


def test_what_is_fitted_is_not_tested_on_itself() -> None:
    critic = Fitted()
    report = examine(house(rule()), critic, silent)
    assert critic.asked == 0
    assert report.problems == ("principle 'x': it fires on no example",)


def test_rules_on_code_stand_beside_the_critic_in_an_examination_too() -> None:
    examples = {"wrong": ("requests.get(url, verify=False)", "wrong"), "right": ("requests.get(url)", "so")}
    for critic, state in ((Words(), "clear"), (Fitted(), "unsure")):
        ruled = replace(rule(**examples), code=("checks_off",))
        (proof,) = examine(house(ruled), critic, silent).proofs
        assert (proof.violates[0].state, proof.violates[0].score) == ("fired", 1.0)
        assert proof.complies[0].state == state
        (alone,) = examine(house(rule(**examples)), critic, silent).proofs
        assert alone.violates[0].state == state


def test_a_critic_that_fails_on_an_example_has_not_judged_it() -> None:
    report = examine(house(rule(wrong=("wrong", "out"))), Words(), silent)
    assert [v.state for v in report.proofs[0].violates] == ["fired", "not_judged"]
    assert report.problems == ("principle 'x': an example could not be judged",)


def test_what_passes_may_be_in_force_and_is_tested_once(tmp_path: Path) -> None:
    critic = Words()
    for _ in range(2):
        require_passed([house(rule())], critic, tmp_path / "proofs", silent)
        assert critic.asked == 4
    (file,) = (tmp_path / "proofs").iterdir()
    kept = json.loads(file.read_text())
    assert (kept["constitution"], kept["digest"], kept["critic"], kept["problems"]) == ("house", "h1", "words", [])


def test_what_fails_is_refused_with_figures_and_remedies_each_time(tmp_path: Path) -> None:
    critic = Words("right")
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            require_passed([house(rule())], critic, tmp_path, silent)
        assert "constitution 'house' version 2 cannot be in force" in caught.value.message
        assert "principle 'x': precision 0.00 is under 0.50" in caught.value.message
        assert caught.value.message.splitlines()[0].endswith(f"on the critic words. {STRONGER}")
        assert "Else add examples near the line, or say under 'tests'" in caught.value.message
    assert critic.asked == 4


def test_what_a_critic_that_writes_fails_wants_another_one(tmp_path: Path) -> None:
    critic = Words("right")
    critic.writes = True
    with pytest.raises(ConfigError) as caught:
        require_passed([house(rule())], critic, tmp_path, silent)
    assert caught.value.message.splitlines()[0].endswith(f"on the critic words. {ANOTHER}")


def test_another_version_and_another_critic_are_tested_again(tmp_path: Path) -> None:
    critic = Words()
    require_passed([house(rule())], critic, tmp_path, silent)
    require_passed([house(rule(), digest="h2")], critic, tmp_path, silent)
    assert critic.asked == 8
    critic.digest = "w2"
    require_passed([house(rule())], critic, tmp_path, silent)
    assert critic.asked == 12
    critic.digest = "w1"  # what was found of the one is not lost to the other
    require_passed([house(rule())], critic, tmp_path, silent)
    assert critic.asked == 12


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"problems": []}', '{"digest": "other", "critic_digest": "w1", "problems": []}']
)
def test_a_spoilt_record_proves_nothing(tmp_path: Path, text: str) -> None:
    require_passed([house(rule())], Words(), tmp_path, silent)
    (file,) = tmp_path.iterdir()
    file.write_text(text)
    critic = Words("right")
    with pytest.raises(ConfigError):
        require_passed([house(rule())], critic, tmp_path, silent)


def test_what_was_examined_can_be_read_the_newest_first(tmp_path: Path) -> None:
    assert examined(tmp_path / "none") == ()
    require_passed([house(rule())], Words(), tmp_path, silent)
    (first,) = tmp_path.iterdir()
    os.utime(first, (1.0, 1.0))
    with pytest.raises(ConfigError):
        require_passed([house(rule(), digest="h2")], Words("right"), tmp_path, silent)
    (tmp_path / "spoilt.json").write_text("{")
    newer, older = examined(tmp_path)
    assert (older.constitution, older.digest, older.critic, older.problems, older.time) == (
        "house",
        "h1",
        "words",
        (),
        1.0,
    )
    assert newer.digest == "h2"
    assert newer.problems


def test_a_folder_that_cannot_be_written_is_told_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "proofs").write_text("a file")
    told: list[str] = []
    require_passed([house(rule())], Words(), tmp_path / "proofs", told.append)
    assert "the next start will test again" in told[-1]


def test_marks_of_the_document_decide(tmp_path: Path) -> None:
    low = replace(rule(), marks=Marks(precision=0, missed=1, margin=-1))
    require_passed([house(low)], Words("right"), tmp_path, silent)


def found(text: str) -> list[Span]:
    """Recognizes what stands between the words mail and stop."""
    start = text.find("mail ") + 5
    if "broken" in text:
        raise RecognizerError("the recognizer failed.")
    return [Span(start, text.index(" stop"), "EMAIL_ADDRESS", 0.9, "test")] if start >= 5 else []


def test_examples_of_a_check_are_run_on_the_recognizers() -> None:
    checked = principle(
        "data",
        check="reveals_unknown_data",
        violates=(Dialogue("whom?", "mail a@b.example stop"), Dialogue("whom?", "nobody")),
        complies=(
            Dialogue("I said mail a@b.example stop", "mail a@b.example stop"),
            Dialogue("I said mail A@B.example stop", "mail a@b.example stop"),  # another spelling of what was said
            Dialogue("whom?", "broken"),
        ),
    )
    report = examine(house(checked, rule("y")), Words(), silent, found)
    first, second = report.proofs
    assert [one.state for one in first.violates] == ["fired", "clear"]
    assert [one.state for one in first.complies] == ["clear", "clear", "not_judged"]
    assert report.exact == ()
    assert second.recall == 1.0
    assert report.problems == ("principle 'data': an example could not be judged",)
    untried = examine(house(checked, rule("y")), Words(), silent)
    assert (len(untried.proofs), untried.exact) == (1, ("data",))
