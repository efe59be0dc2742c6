"""How far a critic's scores can be believed: those of a month, beside what people said of the verdicts.

Of what is scored 0.8 eight in ten should violate. Only verdicts that people labelled count, so it says what their
choice of verdicts lets it say: who labels what fired and nothing else sees half of the plot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from guard.audit.labels import Label
from guard.console.overview import Figure
from guard.console.plots import beside
from guard.console.speech import Speech
from guard.constitution.reliability import Scored, brier, steps
from guard.labelling import violates
from guard.types import Closing, Opening, Verdict

KEY: Final = "scores"

Spoken: TypeAlias = Mapping[tuple[str, str], bool]
"""By exchange and principle, whether people call the verdict right."""


def spoken(labels: Iterable[Label]) -> Spoken:
    """What `labels` agree on; a verdict on which people contradict each other is left out."""
    said: dict[tuple[str, str], set[bool]] = {}
    for label in labels:
        said.setdefault((label.exchange, label.principle), set()).add(label.right)
    return {verdict: right.pop() for verdict, right in said.items() if len(right) == 1}


def scored(entry: Opening | Closing, said: Spoken) -> tuple[Scored, ...]:
    """The scores in `entry` that people spoke of, each with whether its text violates.

    Of several answers to one request none: a label does not say which it is about.
    """
    match entry:
        case Opening():
            verdicts: Sequence[Verdict] = entry.verdicts
        case Closing():
            one = len({choice for choice, _ in entry.verdicts}) == 1
            verdicts = [verdict for _, verdict in entry.verdicts] if one else ()
    found = []
    for verdict in verdicts:
        right = said.get((entry.exchange, verdict.principle))
        so = None if right is None else violates(verdict, right=right)
        if so is not None:
            found.append((verdict.score, so))
    return tuple(found)


def figures(critics: Mapping[tuple[str, str], Sequence[Scored]], own: Speech) -> tuple[Figure, ...]:
    """A plot and a table for each critic, by its name and digest, of which something was labelled."""
    return tuple(
        _figure(f"{KEY}{number or ''}", f"{name} ({digest[:12]})", scores, own)
        for number, ((name, digest), scores) in enumerate(sorted(critics.items()))
    )


def _figure(key: str, critic: str, scores: Sequence[Scored], own: Speech) -> Figure:
    title, text = own("scores.title", critic=critic), own("scores.text")
    found = steps(scores)
    return Figure(
        key=key,
        title=title,
        plot=beside(title, text, [(step.score, step.violating) for step in found]),
        head=(own("scores.score"), own("scores.labelled"), own("scores.mean"), own("scores.violating")),
        rows=[
            (f"{step.low:.1f}–{step.high:.1f}", f"{step.examples:,}", f"{step.score:.2f}", f"{step.violating:.2f}")
            for step in found
        ],
        note=f"{text} {own('scores.note', count=f'{len(scores):,}', brier=f'{brier(scores) or 0:.3f}')}",
    )
