"""Two critics in a row: a cheap one judges everything, a large one only what is not clearly fine.

Clearly fine is a principle that the first critic calls clear with a score under the principle's own bound. The bound is
an order statistic of the scores that violating examples get when the first critic has not learnt from them: so high
that a chosen share of violations still reaches it, each example counted with the bound that the others give. A
principle with too few examples to promise that share has no bound, and always goes to the large critic.

Judging prompt and reply with a probe first is what Constitutional Classifiers++ do (arXiv 2601.04603).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from guard.errors import CriticError
from guard.types import Critic, Dialogue, Learner, Rule, Verdict


class First(Critic, Learner, Protocol):
    """A critic that is fitted to examples; `guard.backends.embedded.EmbeddedCritic` is one."""


class Cascade:
    """A `guard.types.Critic` of two. `sure` are the bounds by principle id; without one a principle goes to both."""

    def __init__(self, first: Critic, second: Critic, sure: Mapping[str, float]) -> None:
        self._first = first
        self._second = second
        self._sure = dict(sure)
        self.name = f"{first.name} > {second.name}"
        self.writes = second.writes
        parts = [first.digest, second.digest, sorted(self._sure.items())]
        self.digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @classmethod
    def fit(cls, first: First, second: Critic, principles: Sequence[Rule], *, recall: float) -> Cascade:
        """Choose the bounds so that `recall` of the violations reach `second`. Raises CriticError."""
        bounds = {}
        for principle in principles:
            violating = first.left_out(principle)[: len(principle.violates)]
            bounds[principle.id] = sure_bound([verdict.score for verdict in violating], recall)
        return cls(first, second, {name: bound for name, bound in bounds.items() if bound is not None})

    def score(self, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
        """One verdict per principle, in order, with the scores of all who were asked. Raises CriticError.

        Where the first critic fails, the second is asked everything; where the second fails, what it was asked is not
        judged, and what is clearly fine stands.
        """
        try:
            before = self._first.score(dialogue, principles)
        except CriticError:
            verdicts = self._second.score(dialogue, principles)
            return tuple(replace(one, scores=((self._second.name, one.score),)) for one in verdicts)
        asked = [rule for rule, verdict in zip(principles, before, strict=True) if not self._is_fine(verdict)]
        after = iter(self._asked(dialogue, asked) if asked else ())
        return tuple(
            self._marked(verdict) if self._is_fine(verdict) else self._marked(verdict, next(after))
            for verdict in before
        )

    def left_out(self, principle: Rule) -> tuple[Verdict, ...]:
        """As `guard.types.Learner` says: of each example what both critics make of it that did not see it."""
        before = self._of(self._first, principle)
        after = self._of(self._second, principle)
        return tuple(
            self._marked(one) if self._is_fine(one) else self._marked(one, two)
            for one, two in zip(before, after, strict=True)
        )

    @staticmethod
    def _of(critic: Critic, principle: Rule) -> tuple[Verdict, ...]:
        if isinstance(critic, Learner):
            return critic.left_out(principle)
        examples = (*principle.violates, *principle.complies)
        return tuple(critic.score(example, (principle,))[0] for example in examples)

    def write(self, prompt: str, *, max_tokens: int) -> str:
        """What the second critic writes. Raises CriticError."""
        return self._second.write(prompt, max_tokens=max_tokens)

    def close(self) -> None:
        """Close what the critics hold open."""
        for critic in (self._first, self._second):
            close = getattr(critic, "close", None)
            if close is not None:
                close()

    def _is_fine(self, verdict: Verdict) -> bool:
        bound = self._sure.get(verdict.principle)
        return bound is not None and verdict.state == "clear" and verdict.score < bound

    def _asked(self, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
        try:
            return self._second.score(dialogue, principles)
        except CriticError as error:
            return tuple(Verdict(rule.id, 1.0, "not_judged", (), error.message) for rule in principles)

    def _marked(self, before: Verdict, after: Verdict | None = None) -> Verdict:
        """The verdict that counts, with the scores of both.

        Where both say that it fired, the place that the first one marked is kept if the second one marks none.
        """
        told = after or before
        scores: tuple[tuple[str, float], ...] = ((self._first.name, before.score),)
        if after is not None and after.state != "not_judged":
            scores += ((self._second.name, after.score),)
        spans = told.spans or (before.spans if before.state == told.state == "fired" else ())
        return Verdict(told.principle, told.score, told.state, spans, told.reason, scores)


def sure_bound(scores: Sequence[float], recall: float) -> float | None:
    """The highest order statistic of `scores` that keeps `recall` of them, each left out of its own bound.

    None where even the lowest does not: of n examples it keeps (n - 1) / n, for the lowest is below the others' lowest.
    """
    bounds = sorted(scores)
    for rank in range(len(bounds) - 2, -1, -1):
        kept = sum(score >= [*bounds[:at], *bounds[at + 1 :]][rank] for at, score in enumerate(bounds))
        if kept >= recall * len(bounds):
            return bounds[rank]
    return None
