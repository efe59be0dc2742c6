"""What measuring a critic found: tables of Markdown, and the same for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from guard.evaluation.report import figure, table
from guard.evaluation.review_rows import What
from guard.evaluation.review_scoring import Figures
from guard.labelling import NOTHING, Learnt

_HEAD = ("set", "judged", "system", "rows", "positive", "AUROC", "precision", "recall", "false alarms", "Brier",
         "unsure", "not judged", "CPU ms a row")  # fmt: skip
_LEFT = ("constitution", "principle", "examples", "AUROC", "precision", "recall", "missed", "unsure", "by length")
_WORDS = {"set", "judged", "system", "constitution", "principle"}


@dataclass(frozen=True, slots=True)
class Result:
    """What one system did on one set, of which `judged` is the principle, or harm."""

    set: str
    what: What
    judged: str
    system: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Left:
    """A principle's own examples, each judged by a fit that saw none of its prompt.

    `by_length` is the AUROC of the length of the reply alone: near one half where it gives nothing away.
    """

    constitution: str
    principle: str
    figures: Figures
    by_length: float | None
    missed: float


@dataclass(frozen=True, slots=True)
class ReviewReport:
    """One run; `critic` and `digest` are those of the critic that is measured, `learnt` what people had told it."""

    critic: str
    digest: str
    results: tuple[Result, ...]
    left: tuple[Left, ...]
    learnt: Learnt = NOTHING

    def as_text(self) -> str:
        """Tables for people."""
        parts = [f"{self.critic} ({self.digest[:12]})", *filter(None, [str(self.learnt)])]
        parts += ["", *table(_HEAD, [*map(_row, self.results)], _WORDS)]
        if self.left:
            parts += ["", "Examples of constitutions, those of each prompt left out:", ""]
            parts += table(_LEFT, [*map(_left_row, self.left), *self._means()], _WORDS)
        return "\n".join(parts)

    def as_json(self) -> str:
        """One JSON object."""
        return json.dumps(
            {
                "critic": self.critic,
                "digest": self.digest,
                "labels": {"used": self.learnt.verdicts, "left_out": dict(self.learnt.left_out)},
                "sets": [_flat(asdict(one)) for one in self.results],
                "principles": [_flat(asdict(one)) for one in self.left],
            },
            ensure_ascii=False,
        )

    def _means(self) -> Iterator[Sequence[str]]:
        for name in dict.fromkeys(one.constitution for one in self.left):
            these = [one for one in self.left if one.constitution == name]
            columns: list[list[float | None]] = [
                [one.figures.auroc for one in these],
                [one.figures.precision for one in these],
                [one.figures.recall for one in these],
                [one.missed for one in these],
                [one.figures.unsure for one in these],
                [one.by_length for one in these],
            ]
            rows = sum(one.figures.rows for one in these)
            yield name, "mean", f"{rows}", *[figure(_mean(column)) for column in columns]


def _row(one: Result) -> Sequence[str]:
    found = one.figures
    shares = (found.auroc, found.precision, found.recall, found.false_alarms, found.brier, found.unsure)
    head = (one.set, one.judged, one.system, f"{found.rows}", f"{found.positive}")
    return (*head, *map(figure, shares), f"{found.not_judged}", f"{found.cpu_ms:.1f}")


def _left_row(one: Left) -> Sequence[str]:
    found = one.figures
    shares = (found.auroc, found.precision, found.recall, one.missed, found.unsure, one.by_length)
    return (one.constitution, one.principle, f"{found.rows}", *map(figure, shares))


def _flat(values: dict[str, object]) -> dict[str, object]:
    """The figures beside the rest."""
    found = values.pop("figures")
    return values | (found if isinstance(found, dict) else {})


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
