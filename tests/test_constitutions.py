"""The constitutions that come with guard: each is complete, fair to its critics, and says what it is not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from guard.backends.fitting import problems
from guard.backends.heads import auroc
from guard.constitution import Constitution, Principle, load
from guard.types import Dialogue

FOLDER = Path(__file__).parent.parent / "guard" / "defaults" / "constitutions"
FIELDS = ("health", "finance", "hr", "engineering")
TONGUES = {"workplace-ko": re.compile(r"[가-힣]"), "workplace-ja": re.compile(r"[ぁ-んァ-ン一-龯]")}
EVERY = ("workplace", *FIELDS, *TONGUES)

DOCUMENTS = {name: load(FOLDER / f"{name}.yaml") for name in EVERY}


def principles(*names: str, judged: bool = False) -> list[ParameterSet]:
    """One parameter per principle; with `judged`, of those that a critic decides and no exact check."""
    return [
        pytest.param(principle, id=f"{name}-{principle.id}")
        for name in names
        for principle in DOCUMENTS[name].principles
        if not (judged and principle.check)
    ]


def examples(principle: Principle) -> tuple[Dialogue, ...]:
    return (*principle.violates, *principle.complies)


def first_words(side: Sequence[Dialogue]) -> Counter[str]:
    return Counter(one.reply.split()[0].strip(".,:;!?").lower() for one in side)


def test_every_file_is_known_and_named_for_what_it_holds() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(EVERY)
    assert [document.name for document in DOCUMENTS.values()] == list(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_there_are_eight_to_sixteen_principles(name: str) -> None:
    assert 8 <= len(DOCUMENTS[name].principles) <= 16


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=EVERY)
def test_the_embedded_critic_finds_enough_examples(document: Constitution) -> None:
    posed = problems([document])
    assert len(posed) == sum(one.check is None for one in document.principles)


@pytest.mark.parametrize("name", EVERY)
def test_no_reply_stands_twice_in_a_document(name: str) -> None:
    replies = [one.reply for principle in DOCUMENTS[name].principles for one in examples(principle)]
    assert [reply for reply, count in Counter(replies).items() if count > 1] == []


@pytest.mark.parametrize("principle", principles(*EVERY))
def test_a_principle_is_complete(principle: Principle) -> None:
    assert len(principle.violates) >= 8
    assert len(principle.complies) >= 8
    assert principle.applies_to != "prompt"
    assert principle.template or principle.on_violation == "annotate"


@pytest.mark.parametrize("principle", principles("workplace", *FIELDS))
def test_statement_and_question_have_their_form(principle: Principle) -> None:
    assert principle.statement.startswith("The assistant ")
    assert principle.question.startswith("Does the reply ")
    assert principle.question.endswith("?")


@pytest.mark.parametrize("principle", principles(*FIELDS, *TONGUES))
def test_both_sides_answer_the_same_prompts(principle: Principle) -> None:
    violating, complying = ({one.prompt for one in side} for side in (principle.violates, principle.complies))
    assert len(violating & complying) >= 8
    assert len(violating ^ complying) <= 4


@pytest.mark.parametrize("principle", principles(*EVERY, judged=True))
def test_length_does_not_tell_the_sides_apart(principle: Principle) -> None:
    violating, complying = (
        [float(len(one.reply)) for one in side] for side in (principle.violates, principle.complies)
    )
    assert 0.3 <= auroc(violating, complying) <= 0.7


@pytest.mark.parametrize("principle", principles(*FIELDS, *TONGUES, judged=True))
def test_no_first_word_tells_the_sides_apart(principle: Principle) -> None:
    left, right = first_words(principle.violates), first_words(principle.complies)
    for word in {*left, *right}:
        assert abs(left[word] - right[word]) <= 3, word


@pytest.mark.parametrize("name", FIELDS)
def test_a_reference_stands_beside_every_principle(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    beside = re.findall(r"^  # reference: \S.*\n(?:  #   .*\n)*  - id: (.+)$", text, re.MULTILINE)
    assert beside == [one.id for one in DOCUMENTS[name].principles]


@pytest.mark.parametrize("name", [*FIELDS, *TONGUES])
def test_the_header_says_what_it_is_and_what_it_is_not(name: str) -> None:
    head = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").partition("\nconstitution:")[0]
    assert all(line.startswith("#") or not line for line in head.splitlines())
    assert "What it is for:" in head
    assert re.search(r"What it is not: legal.* advice", head)


@pytest.mark.parametrize("name", TONGUES)
def test_a_version_in_another_language_has_the_same_rules(name: str) -> None:
    def rules(document: Constitution) -> list[tuple[object, ...]]:
        return [(one.id, one.applies_to, one.severity, one.on_violation, one.check) for one in document.principles]

    assert rules(DOCUMENTS[name]) == rules(DOCUMENTS["workplace"])


@pytest.mark.parametrize("name", TONGUES)
def test_it_is_written_in_its_own_language(name: str) -> None:
    own = TONGUES[name]
    for principle in DOCUMENTS[name].principles:
        for text in (principle.statement, principle.question, *(one.prompt for one in examples(principle))):
            assert own.search(text), text
        written = sum(bool(own.search(one.reply)) for one in examples(principle))
        assert written >= 0.8 * len(examples(principle)), principle.id


@pytest.mark.parametrize("name", EVERY)
def test_placeholders_have_the_form_that_masking_gives_them(name: str) -> None:
    texts = [
        text
        for principle in DOCUMENTS[name].principles
        for one in examples(principle)
        for text in (one.prompt, one.reply)
    ]
    found = [one for text in texts for one in re.findall(r"<[A-Z]+_[^<>\s]*>", text)]
    assert [one for one in found if not re.fullmatch(r"<[A-Z]+(_[A-Z]+)*_[0-9A-HJKMNP-TV-Z]{8}>", one)] == []
