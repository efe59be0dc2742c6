"""What is wrong or weak in the text of a constitution, with the line where it stands.

An error is what cannot be in force: examples that contradict each other. A warning is what a reader or a critic will
stumble over: vague words, double negatives, principles that say the same, too few examples, a review that is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Literal, TypeAlias

from guard.constitution.files import ConstitutionFile, ExampleFile, PrincipleFile
from guard.constitution.resolving import load
from guard.constitution.values import Constitution, Principle
from guard.constitution.words import double_negative, matter, overlap, plain, vague
from guard.documents import Lines, read

ENOUGH = 8  # examples a side, for the embedded critic
ALIKE = 0.6  # from how much of the words of statement and question on two principles are said to overlap

Grade = Literal["error", "warning"]
Location: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend, in a line of a file."""

    path: Path
    line: int
    grade: Grade
    message: str

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.grade}: {self.message}"


def lint(path: Path, today: date) -> tuple[Finding, ...]:
    """What is to be mended in the file `path`, by line. Raises ConfigError where it cannot be read at all."""
    constitution, file, lines = load(path), read(path, ConstitutionFile), Lines(path)
    found: list[Finding] = []
    for place, grade, message in (*_of_document(file, constitution, today), *_of_principles(file)):
        found.append(Finding(path, lines.at(*place), grade, message))
    return tuple(sorted(found))


_Found: TypeAlias = tuple[Location, Grade, str]


def _of_document(file: ConstitutionFile, constitution: Constitution, today: date) -> Iterator[_Found]:
    if file.review_by is not None and file.review_by < today:
        yield ("review_by",), "warning", f"the review was due on {file.review_by}. Review it, and set the next date."
    own = {principle.id: place for place, principle in enumerate(file.principles)}
    for one, other in combinations(constitution.principles, 2):
        if not (own.keys() & {one.id, other.id}) or one.applies_to != other.applies_to:
            continue
        share = overlap(_matter(one), _matter(other))
        if share >= ALIKE:
            place = max(own.get(one.id, -1), own.get(other.id, -1))
            yield (
                ("principles", place, "question"),
                "warning",
                f"principles '{one.id}' and '{other.id}' overlap: {share:.0%} of the words of one are in the other. "
                "Draw the line between them, or make them one.",
            )


def _of_principles(file: ConstitutionFile) -> Iterator[_Found]:
    for place, principle in enumerate(file.principles):
        for inner, grade, message in (*_wording(principle), *_examples(principle)):
            yield ("principles", place, *inner), grade, f"principle '{principle.id}': {message}"


def _wording(principle: PrincipleFile) -> Iterator[_Found]:
    for key in ("statement", "question"):
        text: str = getattr(principle, key)
        if words := vague(text):
            yield (key,), "warning", f"{key}: vague: {_quoted(words)}. Say what can be seen in a text."
        if double_negative(text):
            yield (key,), "warning", f"{key}: a double negative. Say it in the positive, or ask for one thing."


def _examples(principle: PrincipleFile) -> Iterator[_Found]:
    for side in ("violates", "complies"):
        examples: Sequence[ExampleFile] = getattr(principle, side)
        if principle.check is None and len(examples) < ENOUGH:
            yield (
                (side,),
                "warning",
                f"{side}: {len(examples)} examples near the line; the embedded critic needs {ENOUGH}.",
            )
        for place, first in _repeated(examples, _whole):
            yield (side, place), "warning", f"{side}: says the same as example {first + 1}. Keep one of them."
    against = {_whole(example): place for place, example in reversed([*enumerate(principle.violates)])}
    alone = {_heard(principle, one): place for place, one in reversed([*enumerate(principle.violates)])}
    for place, example in enumerate(principle.complies):
        if _whole(example) in against:
            yield (
                ("complies", place),
                "error",
                f"complies: contradicts example {against[_whole(example)] + 1} of 'violates', which says the same. "
                "Drop one of them.",
            )
        elif _heard(principle, example) in alone:
            grade: Grade = "warning" if principle.applies_to == "exchange" else "error"
            yield (
                ("complies", place),
                grade,
                f"complies: has the reply of example {alone[_heard(principle, example)] + 1} of 'violates', and "
                "only the prompts differ: a critic that reads replies alone cannot tell them apart.",
            )


def _repeated(
    examples: Iterable[ExampleFile], said: Callable[[ExampleFile], tuple[str, ...]]
) -> Iterator[tuple[int, int]]:
    """The places of examples that say what an earlier one says, each with the earlier place."""
    first: dict[tuple[str, ...], int] = {}
    for place, example in enumerate(examples):
        before = first.setdefault(said(example), place)
        if before != place:
            yield place, before


def _whole(example: ExampleFile) -> tuple[str, ...]:
    return plain(example.prompt), plain(example.reply or "")


def _heard(principle: PrincipleFile, example: ExampleFile) -> str:
    """What a critic that reads one side alone hears of an example."""
    return plain(example.prompt if principle.applies_to == "prompt" else example.reply or "")


def _matter(principle: Principle) -> frozenset[str]:
    return matter(f"{principle.statement} {principle.question}")


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
