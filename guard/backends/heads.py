"""Fit one logistic head per principle to a few examples, and say by leaving each out what it is worth.

Vectors are rows. A head gives a logit: the score is its logistic, moved so that one half is where the head fires.
What is learnt from examples (the weights and the two thresholds) is tested on examples that it did not see: the
weights by fitting again without each example, the thresholds by choosing them again without its score. Examples of one
prompt are left out together: of two replies to it, one that is left out alone has its likest example on the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from guard.types import State

Floats: TypeAlias = NDArray[np.float64]

PENALTY = 0.01  # of the squared weights, where every violating example weighs 1
OTHERS_WEIGHT = 0.5  # how much of the complying side other principles' examples make up
RIGHT = 0.9  # of what fires, and of what is clear, among a principle's own examples left out
UNSURE_OTHERS = 0.1  # most of the other principles' complying examples that may be unsure
FALSE_ALARMS = 0.02  # most of the other principles' complying examples that may fire
ROUNDS = 30
LIMIT = 15.0  # a logit beyond which the logistic is 0 or 1 in all but name


@dataclass(frozen=True, slots=True)
class Reading:
    """One example: the vectors of its windows, and the one vector that stands for it in the fit."""

    windows: Floats
    whole: Floats


@dataclass(frozen=True, slots=True)
class Examples:
    """What one head learns from. `others` are complying examples of other principles, one group per principle.

    `prompts` has a number for each of `violates` and then of `complies`: those of one number answer one prompt and are
    left out together. Empty, each stands alone.
    """

    violates: tuple[Reading, ...]
    complies: tuple[Reading, ...]
    others: tuple[tuple[Reading, ...], ...]
    prompts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The logit of each example from a head that saw none of its prompt (of `others`: nor any of its group).

    `prompts` as in `Examples`.
    """

    violates: Floats
    complies: Floats
    others: Floats
    prompts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Thresholds:
    """At or above `fire` the principle fired, below `clear` it is clear, between them the critic abstains."""

    clear: float
    fire: float

    def state(self, logit: float) -> State:
        """The state that `logit` means."""
        if logit >= self.fire:
            return "fired"
        return "unsure" if logit >= self.clear else "clear"

    def score(self, logit: float) -> float:
        """0 to 1; one half and more has fired."""
        return float(1 / (1 + np.exp(-np.clip(logit - self.fire, -LIMIT, LIMIT))))


@dataclass(frozen=True, slots=True)
class Head:
    """A direction in the space of vectors."""

    weights: Floats
    bias: float

    def logits(self, vectors: Floats) -> Floats:
        """One logit per row."""
        logits: Floats = vectors @ self.weights + self.bias
        return logits


def fit(examples: Examples) -> Head:
    """The head of all examples."""
    return _fit(*_problem(examples))


def leave_out(examples: Examples) -> LeftOut:
    """Fit again without each prompt's own examples, and without each group of others, and score what was left out."""
    problem = _problem(examples)
    own = [*examples.violates, *examples.complies]
    prompts = np.array(examples.prompts or range(len(own)))
    logits = np.empty(len(problem[0]))
    for prompt in dict.fromkeys(prompts.tolist()):
        gone = np.flatnonzero(prompts == prompt)
        head = _fit(*(np.delete(part, gone, axis=0) for part in problem))
        logits[gone] = [_highest(head, own[index]) for index in gone]
    start = len(own)
    for group in examples.others:
        gone = np.arange(start, start + len(group))
        head = _fit(*(np.delete(part, gone, axis=0) for part in problem))
        logits[gone] = [_highest(head, reading) for reading in group]
        start += len(group)
    half = len(examples.violates)
    return LeftOut(logits[:half], logits[half : len(own)], logits[len(own) :], examples.prompts)


def choose(scores: LeftOut) -> Thresholds:
    """The thresholds that scores of left-out examples justify.

    `fire` is the lowest at which RIGHT of the own examples that reach it violate and at most FALSE_ALARMS of the others
    reach it; where there is none, it lies above everything seen. `clear` is the highest below which RIGHT of the own
    examples comply, but leaves at most UNSURE_OTHERS of the others in the band: a critic that abstains on ordinary text
    says nothing. Both lie halfway to the next score.
    """
    seen = np.unique(np.concatenate([scores.violates, scores.complies, scores.others]))
    fire = float(seen[-1]) + 1.0
    for score in np.sort(scores.violates):
        right, wrong = (scores.violates >= score).sum(), (scores.complies >= score).sum()
        if right >= RIGHT * (right + wrong) and (scores.others >= score).sum() <= FALSE_ALARMS * scores.others.size:
            fire = _just_below(float(score), seen)
            break
    own = np.concatenate([scores.violates, scores.complies])
    clear = fire
    for score in np.sort(own)[::-1]:
        if (scores.violates < clear).sum() <= (1 - RIGHT) * (own < clear).sum():
            break
        clear = min(fire, _just_below(float(score), seen))
    if scores.others.size:
        clear = max(clear, min(fire, float(np.quantile(scores.others, 1 - UNSURE_OTHERS))))
    return Thresholds(clear=round(clear, 4), fire=round(fire, 4))


def states_left_out(scores: LeftOut) -> tuple[list[State], list[State], list[State]]:
    """The state of each violating, complying and other example by thresholds chosen without its prompt's scores."""
    half = len(scores.violates)
    own = np.concatenate([scores.violates, scores.complies])
    prompts = np.array(scores.prompts or range(len(own)))
    chosen = {prompt: choose(_without(scores, prompts != prompt)) for prompt in dict.fromkeys(prompts.tolist())}
    states = [chosen[prompt].state(one) for prompt, one in zip(prompts.tolist(), own, strict=True)]
    others = [
        choose(replace(scores, others=np.delete(scores.others, index))).state(one)
        for index, one in enumerate(scores.others)
    ]
    return states[:half], states[half:], others


def logistic(vectors: Floats, targets: Floats, weights: Floats, penalty: float) -> Head:
    """L2-regularised logistic regression by Newton's method (IRLS), in the examples' own space as they are few.

    `penalty` is that of the squared weights. Deterministic. The
    bias is a constant feature of 1, penalised like the rest.
    """
    kernel = vectors @ vectors.T + 1.0
    dual = np.zeros(len(vectors))
    for _ in range(ROUNDS):
        logits = np.clip(kernel @ dual, -LIMIT, LIMIT)
        chances = 1 / (1 + np.exp(-logits))
        curvature = weights * chances * (1 - chances)
        working = logits + weights * (targets - chances) / curvature
        step = np.linalg.solve(kernel + np.diag(penalty / curvature), working) - dual
        dual = dual + step
        if np.abs(kernel @ step).max() < 1e-8:
            break
    return Head(vectors.T @ dual, float(dual.sum()))


def auroc(positive: Sequence[float] | Floats, negative: Sequence[float] | Floats) -> float:
    """How often a positive example scores above a negative one; ties count half."""
    difference = np.asarray(positive)[:, None] - np.asarray(negative)[None, :]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def _just_below(score: float, seen: Floats) -> float:
    """Halfway from `score` to the next lower one seen."""
    lower = seen[seen < score]
    return (score + float(lower[-1])) / 2 if lower.size else score


def _without(scores: LeftOut, kept: NDArray[np.bool_]) -> LeftOut:
    """`scores` of the own examples that are kept: violating, then complying."""
    half = len(scores.violates)
    return replace(scores, violates=scores.violates[kept[:half]], complies=scores.complies[kept[half:]])


def _highest(head: Head, reading: Reading) -> float:
    return float(head.logits(reading.windows).max())


def _problem(examples: Examples) -> tuple[Floats, Floats, Floats]:
    """Vectors, targets and weights: the two sides weigh the same, each violating example 1."""
    others = [reading for group in examples.others for reading in group]
    sides = (examples.violates, examples.complies, others)
    vectors = np.stack([reading.whole for side in sides for reading in side])
    targets = np.repeat([1.0, 0.0, 0.0], [len(side) for side in sides])
    share = OTHERS_WEIGHT if others else 0.0
    half = len(examples.violates)
    each = [1.0, (1 - share) * half / len(examples.complies), share * half / max(1, len(others))]
    return vectors, targets, np.repeat(each, [len(side) for side in sides])


def _fit(vectors: Floats, targets: Floats, weights: Floats) -> Head:
    return logistic(vectors, targets, weights, PENALTY)
