"""What a critic makes of the examples of a principle, and whether that is enough for it to be in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guard.constitution import reliability
from guard.constitution.reliability import Scored
from guard.constitution.values import Constitution, Principle
from guard.types import Verdict


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdicts on a principle's own examples, in their order, by a critic that was not fitted to the example."""

    principle: Principle
    violates: tuple[Verdict, ...]
    complies: tuple[Verdict, ...]

    @property
    def precision(self) -> float | None:
        """The share of what fired that violates; None where nothing fired."""
        right, wrong = _count(self.violates, "fired"), _count(self.complies, "fired")
        return right / (right + wrong) if right + wrong else None

    @property
    def recall(self) -> float:
        """The share of the violating examples that fired."""
        return _count(self.violates, "fired") / len(self.violates)

    @property
    def missed(self) -> float:
        """The share of the violating examples that are clear."""
        return _count(self.violates, "clear") / len(self.violates)

    @property
    def unsure(self) -> float:
        """The share of all examples from which the critic abstains."""
        every = (*self.violates, *self.complies)
        return _count(every, "unsure") / len(every)

    @property
    def margin(self) -> float:
        """The mean score of the violating examples less that of the complying ones, -1 to 1."""
        return _mean(self.violates) - _mean(self.complies)

    @property
    def scored(self) -> tuple[Scored, ...]:
        """The scores of the examples that were judged, with what is so."""
        sides = ((self.violates, True), (self.complies, False))
        return tuple((one.score, so) for side, so in sides for one in side if one.state != "not_judged")

    @property
    def problems(self) -> tuple[str, ...]:
        """What it does not reach of its principle's marks; empty where it passes."""
        marks, found = self.principle.marks, []
        if _count((*self.violates, *self.complies), "not_judged"):
            found.append("an example could not be judged")
        if self.precision is None and (marks.precision or marks.recall):
            found.append("it fires on no example")
        elif self.precision is not None and self.precision < marks.precision:
            found.append(f"precision {self.precision:.2f} is under {marks.precision:.2f}")
        if self.precision is not None and self.recall < marks.recall:
            found.append(f"recall {self.recall:.2f} is under {marks.recall:.2f}")
        if self.missed > marks.missed:
            found.append(f"missed {self.missed:.2f} is over {marks.missed:.2f}")
        if self.margin < marks.margin:
            found.append(f"margin {self.margin:.2f} is under {marks.margin:.2f}")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Report:
    """The proofs of a constitution's principles on one critic. `exact` are those with a check that were not tried."""

    constitution: Constitution
    critic: str
    critic_digest: str
    proofs: tuple[Proof, ...]
    exact: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What fails, a line for each principle."""
        return tuple(
            f"principle '{proof.principle.id}': {', '.join(proof.problems)}" for proof in self.proofs if proof.problems
        )


HEADER = (
    f"{'principle':<34} {'examples':>8} {'precision':>9} {'recall':>6} {'missed':>6} {'unsure':>6} {'margin':>6} "
    f"{'Brier':>6}"
)


def as_text(report: Report) -> str:
    """A report as a table: figures of examples that the critic was not fitted to."""
    constitution = report.constitution
    lines = [
        f"{constitution.name} version {constitution.version} ({constitution.digest[:12]}) on {report.critic} "
        f"({report.critic_digest[:12]})",
        HEADER,
        *map(_row, report.proofs),
        *(f"{name:<34} decided exactly, by the recognizers: not tried here" for name in report.exact),
        "",
        *reliability.as_text([one for proof in report.proofs for one in proof.scored]),
        "",
        *(f"FAILED {problem}" for problem in report.problems),
    ]
    return "\n".join([*lines, "not fit to be in force" if report.problems else "fit to be in force"])


def _row(proof: Proof) -> str:
    precision = "-" if proof.precision is None else f"{proof.precision:.2f}"
    brier = reliability.brier(proof.scored)
    return (
        f"{proof.principle.id:<34} {f'{len(proof.violates)}+{len(proof.complies)}':>8} {precision:>9} "
        f"{proof.recall:>6.2f} {proof.missed:>6.2f} {proof.unsure:>6.2f} {proof.margin:>6.2f} "
        f"{'-' if brier is None else f'{brier:.2f}':>6}"
    )


def _count(verdicts: Sequence[Verdict], state: str) -> int:
    return sum(verdict.state == state for verdict in verdicts)


def _mean(verdicts: Sequence[Verdict]) -> float:
    return sum(verdict.score for verdict in verdicts) / len(verdicts)
