"""Measure a critic: on its constitutions' own examples, each left out, and on sets whose labels are known.

Beside it, in the same run, stand chance, a list of words and, where it is wished for, the packaged model zero-shot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from guard.backends import critics
from guard.backends.embedded import EmbeddedCritic
from guard.backends.examining import examine
from guard.config import Config
from guard.constitution import Constitution, Principle, load
from guard.constitution.proving import Proof
from guard.constitution.resolving import sources
from guard.errors import ConfigError, CriticError
from guard.evaluation import baselines, speed
from guard.evaluation.baselines import Judge
from guard.evaluation.detection import SETS
from guard.evaluation.review_report import Left, Result, ReviewReport
from guard.evaluation.review_rows import ReviewFormat, ReviewSet, read_review
from guard.evaluation.review_scoring import auroc, figures
from guard.labelling import learn
from guard.policy import load_folder
from guard.review.checks import beside
from guard.types import Critic, Dialogue, Progress, Verdict

Track: TypeAlias = Callable[[Sequence[Dialogue], str], AbstractContextManager[Iterator[Dialogue]]]

OWN = ("review_prompts.jsonl", "review_replies.jsonl")


@dataclass(frozen=True, slots=True)
class ReviewWish:
    """What is to be measured. Without `data`, the sets of the checkout; without `constitutions`, what policies name.

    `critic` takes the place of the configured one; `principle` is judged instead of what a set says by itself; `half`
    and `rows` pick as for detection.
    """

    data: tuple[Path, ...] = ()
    form: ReviewFormat = "auto"
    critic: str | None = None
    constitutions: tuple[str, ...] = ()
    principle: str | None = None
    half: str | None = None
    rows: int | None = None
    zero_shot: bool = True


def review(
    config: Config,
    wish: ReviewWish,
    progress: Progress = lambda _: None,
    track: Track | None = None,
    *,
    small: Callable[[Path, Progress], Critic] = baselines.zero_shot,
) -> ReviewReport:
    """Everything that was wished for. Raises ConfigError, PolicyError, CriticError.

    `track` goes with the rows of a set one by one, to show how far it is. `small` loads the model that is asked without
    examples, given the folder of models.
    """
    sets = [_picked(one, wish) for file in wish.data or _own_files() for one in read_review(file, wish.form)]
    documents = tuple(load(path) for path in _files(config, wish.constitutions))
    chosen = config.critic if wish.critic is None else config.critic.model_validate({"model": wish.critic})
    models = config.data / "models"
    learnt = learn(config.model_copy(update={"critic": chosen}), documents, progress)
    critic = critics.make(chosen, documents, models, progress, learnt.examples)
    judges = [_judges(critic, documents, one, wish.principle) for one in sets]  # before anything takes long
    asked = small(models, progress) if wish.zero_shot else None
    results = []
    for one, judge in zip(sets, judges, strict=True):
        systems: list[tuple[str, Judge]] = [(critic.name, judge)]
        systems += [("chance", baselines.chance()), ("list of words", baselines.word_list)]
        if asked is not None:
            systems.append((f"{asked.name} zero-shot", _asked(asked, documents, one, wish.principle)))
        results += [_measured(one, name, each, track) for name, each in systems]
    left = [_left(document, proof) for document in documents for proof in examine(document, critic, progress).proofs]
    return ReviewReport(critic.name, critic.digest, tuple(results), tuple(left), learnt)


def _own_files() -> tuple[Path, ...]:
    files = tuple(SETS / name for name in OWN)
    if not all(file.is_file() for file in files):
        raise ConfigError(
            "an installed guard brings no evaluation sets. Name one with --data FILE, or run this in a checkout."
        )
    return files


def _picked(one: ReviewSet, wish: ReviewWish) -> ReviewSet:
    rows = [row for row in one.rows if wish.half in (None, row.half)]
    if not rows:
        raise ConfigError(f"{one.name}: has no row of the half '{wish.half}'. Leave out --half.")
    if wish.rows is not None and wish.rows < len(rows):
        rows = [rows[place * len(rows) // wish.rows] for place in range(wish.rows)]
    return ReviewSet(one.name, one.what, tuple(rows), wish.principle or one.principle)


def _files(config: Config, names: Sequence[str]) -> Iterator[Path]:
    """The files of the constitutions that are named, or else of those that policies name. Raises ConfigError."""
    folder = config.constitutions or Path("constitutions")
    if not names:
        rules = load_folder(config.policies or Path("policies"))
        names = tuple(dict.fromkeys(name for rule in rules for name in rule.review.constitutions))
    known = sources(folder) if folder.is_dir() else {}
    for name in names:
        if Path(name).is_file():
            yield Path(name)
        elif name in known:
            yield known[name].path
        else:
            raise ConfigError(
                f"there is no constitution '{name}' in {folder}. Known are: {', '.join(sorted(known)) or 'none'}."
            )


def _judges(critic: Critic, documents: Sequence[Constitution], one: ReviewSet, wished: str | None) -> Judge:
    """What judges a row of a set: a principle's verdict, or that on harm in general. Raises ConfigError."""
    principles = [each for document in documents for each in document.principles if each.check is None]
    name = wished or one.principle
    if name is not None:
        return partial(_by_principle, critic, _named(name, principles, one))
    if own := _own(principles, one):
        return partial(_by_own, critic, own)
    if isinstance(critic, EmbeddedCritic):
        if critic.general("") is not None:
            return partial(_general, critic)
        if not principles:
            raise ConfigError("the embedded critic knows no principle here. Name a constitution with --constitution.")
        return partial(_highest, critic, principles)
    return partial(_zero_shot, critic, None)


def _named(name: str, principles: Sequence[Principle], one: ReviewSet) -> Principle:
    rule = next((each for each in principles if each.id == name), None)
    if rule is None:
        raise ConfigError(
            f"{one.name}: is judged by the principle '{name}', which no constitution here has. Name one that has "
            "with --constitution, or another principle with --principle."
        )
    return rule


def _own(principles: Sequence[Principle], one: ReviewSet) -> dict[Dialogue, Principle]:
    """The principle of each row; empty where the rows name none. Raises ConfigError."""
    own = {row.dialogue: _named(row.principle, principles, one) for row in one.rows if row.principle is not None}
    if own and not all(row.principle for row in one.rows):
        raise ConfigError(f"{one.name}: some rows name a principle and others none. Name one in each row, or in none.")
    return own


def _asked(small: Critic, documents: Sequence[Constitution], one: ReviewSet, wished: str | None) -> Judge:
    """The small model's judge of a row: by what the embedded critic is asked, so that both compare."""
    principles = [each for document in documents for each in document.principles]
    name = wished or one.principle
    if name is not None:
        return partial(_zero_shot, small, next((each for each in principles if each.id == name), None))
    own = _own(principles, one)
    return lambda dialogue: _zero_shot(small, own.get(dialogue), dialogue)


def _by_principle(critic: Critic, rule: Principle, dialogue: Dialogue) -> Verdict:
    """A text of no exchange is read as whatever the principle reads."""
    text = dialogue.reply or dialogue.prompt
    read = Dialogue(text, "") if rule.applies_to == "prompt" else Dialogue(dialogue.prompt, text)
    return beside(rule, critic.score(read, [rule])[0], read)


def _by_own(critic: Critic, rules: Mapping[Dialogue, Principle], dialogue: Dialogue) -> Verdict:
    """Each row by the principle that it names."""
    return _by_principle(critic, rules[dialogue], dialogue)


def _general(critic: EmbeddedCritic, dialogue: Dialogue) -> Verdict:
    verdict = critic.general(dialogue.reply or dialogue.prompt)
    if verdict is None:
        raise CriticError("the embedded critic has no general sense of harm.")
    return verdict


def _highest(critic: Critic, principles: Sequence[Principle], dialogue: Dialogue) -> Verdict:
    text = dialogue.reply or dialogue.prompt
    return max(critic.score(Dialogue(text, text), principles), key=lambda verdict: verdict.score)


def _zero_shot(critic: Critic, rule: Principle | None, dialogue: Dialogue) -> Verdict:
    return critic.score(dialogue, [rule or baselines.harm_question(dialogue)])[0]


def _measured(one: ReviewSet, name: str, judge: Judge, track: Track | None) -> Result:
    dialogues = [row.dialogue for row in one.rows]
    verdicts: list[Verdict] = []

    def judge_all() -> None:
        with track(dialogues, f"{one.name}: {name}") if track else nullcontext(iter(dialogues)) as tracked:
            verdicts.extend(_safely(judge, dialogue) for dialogue in tracked)

    spent = speed.cpu_ms(judge_all)
    found = figures(
        [row.label for row in one.rows],
        [verdict.score for verdict in verdicts],
        [verdict.state for verdict in verdicts],
        cpu_ms=spent / len(dialogues),
    )
    own = "each its own" if any(row.principle for row in one.rows) else "harm"
    return Result(one.name, one.what, one.principle or own, name, found)


def _safely(judge: Judge, dialogue: Dialogue) -> Verdict:
    """A row on which the critic fails is not judged, and counted as that."""
    try:
        return judge(dialogue)
    except CriticError as error:
        return Verdict("", 1.0, "not_judged", reason=error.message)


def _left(document: Constitution, proof: Proof) -> Left:
    verdicts = (*proof.violates, *proof.complies)
    labels = [True] * len(proof.violates) + [False] * len(proof.complies)
    found = figures(labels, [one.score for one in verdicts], [one.state for one in verdicts])
    lengths = [[float(len(one.reply)) for one in side] for side in (proof.principle.violates, proof.principle.complies)]
    return Left(document.name, proof.principle.id, found, auroc(*lengths), proof.missed)
