"""Have a critic judge a constitution's own examples, and let none be in force that it does not understand.

A critic that is fitted to examples judges each by a fit without it. What was found is kept by the digests of the
constitution and of the critic, so that the same two are examined once. A principle with a check is no critic's: its
examples are run where there is something that recognizes personal data and secrets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from guard.constitution import Check, Constitution, Principle
from guard.constitution.proving import Proof, Report
from guard.course import EVIDENT, EVIDENT_SCORE
from guard.errors import ConfigError, CriticError, GuardError, RecognizerError
from guard.mask.placeholders import normalised
from guard.review.checks import beside, exact
from guard.types import Critic, Dialogue, Learner, Progress, Span, Verdict

Recognize: TypeAlias = Callable[[str], Sequence[Span]]

STRONGER = (
    "Name an instruction model of some billion parameters under critic.model in guard.yaml, in this process or with "
    "critic.url on a server (docs/models.md)."
)
ANOTHER = "Name another model under critic.model in guard.yaml (docs/models.md)."
VERSION = 2  # raise it when anything changes what passes


@dataclass(frozen=True, slots=True)
class Examined:
    """What is kept of one examination: of what, on which critic, when (Unix seconds), and what failed."""

    constitution: str
    digest: str
    critic: str
    critic_digest: str
    problems: tuple[str, ...]
    time: float


def examined(folder: Path) -> tuple[Examined, ...]:
    """Every examination that `folder` holds, the newest first; what cannot be read is left out."""
    found = []
    for file in folder.glob("*.json"):
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            found.append(
                Examined(
                    constitution=str(kept["constitution"]),
                    digest=str(kept["digest"]),
                    critic=str(kept["critic"]),
                    critic_digest=str(kept["critic_digest"]),
                    problems=tuple(map(str, kept["problems"])),
                    time=file.stat().st_mtime,
                )
            )
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return tuple(sorted(found, key=lambda one: -one.time))


def examine(
    constitution: Constitution, critic: Critic, progress: Progress, recognize: Recognize | None = None
) -> Report:
    """Every example of `constitution` on `critic`, and on `recognize` those of principles with a check.

    An example on which either fails counts as not judged. Without `recognize` the report names the latter principles
    and says nothing of their examples.
    """
    run = [one for one in constitution.principles if one.check is None or (recognize and one.violates)]
    proofs = []
    for number, principle in enumerate(run, 1):
        progress(f"{constitution.name}: examining principle {number} of {len(run)}")
        if principle.check is None or recognize is None:
            examples = (*principle.violates, *principle.complies)
            judged = zip(_verdicts(critic, principle), examples, strict=True)
            verdicts = tuple(beside(principle, verdict, example) for verdict, example in judged)
        else:
            examples = (*principle.violates, *principle.complies)
            verdicts = tuple(_checked(principle, principle.check, example, recognize) for example in examples)
        half = len(principle.violates)
        proofs.append(Proof(principle, verdicts[:half], verdicts[half:]))
    untried = tuple(one.id for one in constitution.principles if one not in run)
    return Report(constitution, critic.name, critic.digest, tuple(proofs), untried)


def require_passed(constitutions: Iterable[Constitution], critic: Critic, folder: Path, progress: Progress) -> None:
    """Raise ConfigError where one of `constitutions` has not passed its own examples on `critic`.

    `folder` holds what was found before.
    """
    for constitution in constitutions:
        problems = _remembered(constitution, critic, folder)
        if problems is None:
            report = examine(constitution, critic, progress)
            problems = report.problems
            _remember(report, folder, progress)
        if problems:
            raise ConfigError(
                f"constitution '{constitution.name}' version {constitution.version} cannot be in force: it does not "
                f"pass its own examples on the critic {critic.name}. {STRONGER if not critic.writes else ANOTHER}\n"
                + "".join(f"  {problem}\n" for problem in problems)
                + "Else add examples near the line, or say under 'tests' in the constitution what is enough. "
                "'guard constitution test' shows all figures."
            )


def _verdicts(critic: Critic, principle: Principle) -> tuple[Verdict, ...]:
    examples = (*principle.violates, *principle.complies)
    if not isinstance(critic, Learner):
        return tuple(_verdict(critic, principle, example) for example in examples)
    try:
        return critic.left_out(principle)
    except CriticError as error:
        return tuple(_lost(principle, error) for _ in examples)


def _checked(principle: Principle, check: Check, example: Dialogue, recognize: Recognize) -> Verdict:
    """What the check says of an example, of which the prompt is all that the exchange held before."""
    try:
        asked, answered = recognize(example.prompt), recognize(example.reply)
    except RecognizerError as error:
        return _lost(principle, error)
    known = {normalised(one.entity, example.prompt[one.start : one.end]) for one in asked}
    unknown = [
        one
        for one in answered
        if one.entity in EVIDENT
        and one.score >= EVIDENT_SCORE
        and (value := example.reply[one.start : one.end]) not in example.prompt
        and normalised(one.entity, value) not in known
    ]
    return exact(principle, check, unknown)


def _verdict(critic: Critic, principle: Principle, example: Dialogue) -> Verdict:
    try:
        return critic.score(example, [principle])[0]
    except CriticError as error:
        return _lost(principle, error)


def _lost(principle: Principle, error: GuardError) -> Verdict:
    return Verdict(principle.id, 1.0, "not_judged", reason=error.message)


def _file(folder: Path, constitution: Constitution, critic_digest: str) -> Path:
    name = hashlib.sha256(f"{VERSION} {constitution.digest} {critic_digest}".encode()).hexdigest()
    return folder / f"{name}.json"


def _remember(report: Report, folder: Path, progress: Progress) -> None:
    """Write the file whole or not at all; a folder that cannot be written only makes the next start slow."""
    kept = {
        "constitution": report.constitution.name,
        "digest": report.constitution.digest,
        "critic": report.critic,
        "critic_digest": report.critic_digest,
        "problems": report.problems,
    }
    file = _file(folder, report.constitution, report.critic_digest)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        work = file.with_suffix(".new")
        work.write_text(json.dumps(kept), encoding="utf-8")
        work.replace(file)
    except OSError as error:
        progress(f"{folder}: cannot be written ({error.strerror}); the next start will test again")


def _remembered(constitution: Constitution, critic: Critic, folder: Path) -> tuple[str, ...] | None:
    """The problems found before; None where there is nothing that can be read."""
    try:
        kept = json.loads(_file(folder, constitution, critic.digest).read_text(encoding="utf-8"))
        same = (kept["digest"], kept["critic_digest"]) == (constitution.digest, critic.digest)
        return tuple(map(str, kept["problems"])) if same else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
