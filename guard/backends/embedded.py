"""The embedded critic: one small head per principle on MiniLM vectors, fitted to the constitution's own examples.

It judges and never writes. What it is worth is measured by leaving each example out and is on its card; see
`guard.backends.heads` for how. It reads English. Of another script it knows what the constitution's examples in that
script show (`guard.backends.letters`), and such a passage is never called clear, but unsure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from guard.backends import fitting, harm, heads, letters
from guard.backends.fitting import Encoder, Fitted, Key, Passage, key_of, view
from guard.backends.harm import HarmAware
from guard.backends.heads import Floats
from guard.backends.letters import Lettered
from guard.backends.minilm import MiniLM, find
from guard.backends.windows import Range, merged, readable
from guard.constitution import Constitution
from guard.errors import CriticError, GuardError
from guard.types import Dialogue, Json, Labelled, Progress, Rule, State, Verdict

UNREADABLE = "Part of the text is nothing that the embedded critic can read, so it abstains."
UNSURE = "The text is near the line, where the embedded critic is often wrong."
FIRED = "The marked text reads like the examples that violate this principle."
LABELLED = "labelled"  # in the cache: what is known of the words of real exchanges
GENERAL = "harm"  # what verdicts on no principle of a constitution are filed under
HARMFUL = " It reads like harm in general, too."


class EmbeddedCritic:
    """A `guard.types.Critic`. `score` is thread-safe: nothing changes after the fit."""

    writes = False

    def __init__(self, encoder: Encoder, fitted: Mapping[Key, Fitted], *, digest: str) -> None:
        """Take what `fitting` made; `digest` is that of all the fit depends on."""
        self._encoder = encoder
        self._fitted = dict(fitted)
        self.name = f"embedded:{encoder.name}"
        thresholds = [[one.principle.id, one.thresholds.clear, one.thresholds.fire] for one in fitted.values()]
        self.digest = hashlib.sha256(json.dumps([digest, thresholds]).encode()).hexdigest()

    @classmethod
    def fit(
        cls,
        constitutions: Sequence[Constitution],
        cache: Path | None,
        progress: Progress,
        *,
        labels: Sequence[Labelled] = (),
        encoder: Encoder | None = None,
        general: bool = True,
    ) -> EmbeddedCritic:
        """Fit a head per principle; with `cache`, a folder, a second start is quick. `encoder` stands in for MiniLM.

        `labels` are what reviewers said, examples as well; of them the cache keeps what this fit needs and no more.
        With `general` the heads weigh the general sense of harm, where it reads the encoder's vectors. Raises
        ConfigError where a model is missing or a principle has too few examples.
        """
        posed = fitting.problems(constitutions, labels)
        if encoder is None:
            progress("embedded critic: loading the model")
            encoder = MiniLM(find())
        if letters.wanted(text for problem in posed.values() for text in (*problem.violates, *problem.complies)):
            encoder = Lettered(encoder)
        if general and (known := harm.load()).encoder == encoder.name:
            encoder = HarmAware(encoder, known)
        digest = fitting.digest(encoder, posed)
        if cache is not None:
            fitting.forget_others(cache / LABELLED, digest if labels else "none")
            cache = cache / LABELLED if labels else cache
        return cls(encoder, fitting.fit(encoder, posed, cache, progress), digest=digest)

    def score(self, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
        """One verdict per principle, in order. Raises CriticError, also for a principle it was not fitted for."""
        fitted = [self._of(rule) for rule in principles]
        texts = dict.fromkeys(view(one.principle.applies_to, dialogue) for one in fitted)
        try:
            passages = {text: fitting.embed(self._encoder, text) for text in texts}
            return tuple(self._verdict(one, passages[view(one.principle.applies_to, dialogue)]) for one in fitted)
        except GuardError:
            raise
        except Exception as error:  # whatever the model's libraries raise, the reply is not judged
            raise CriticError("the embedded critic failed.") from error

    def general(self, text: str) -> Verdict | None:
        """Whether `text`, a prompt or a reply, reads like harm, whatever the principles; None without that sense.

        Half of the logit is that of the whole text, half that of its worst window. Raises CriticError.
        """
        if not isinstance(self._encoder, HarmAware):
            return None
        passage = fitting.embed(self._encoder, text)
        if not passage.cut.windows:
            return Verdict(GENERAL, 0.0, "clear")
        whole, worst = self._encoder.logit(passage.whole), max(map(self._encoder.logit, passage.vectors))
        thresholds, logit = self._encoder.harm.thresholds, (whole + worst) / 2
        state = thresholds.state(logit)
        if state == "clear" and not readable(passage.text):
            return Verdict(GENERAL, thresholds.score(thresholds.clear), "unsure", reason=UNREADABLE)
        return Verdict(GENERAL, thresholds.score(logit), state)

    def left_out(self, principle: Rule) -> tuple[Verdict, ...]:
        """As `guard.types.Learner` says: the head without the example, the thresholds without its score.

        The thresholds differ from example to example; the score is told with those of the fit, so that scores compare.
        """
        fitted = self._of(principle)
        violating, complying, _ = heads.states_left_out(fitted.left_out)
        sides = (
            (principle.violates, violating, fitted.left_out.violates),
            (principle.complies, complying, fitted.left_out.complies),
        )
        found: list[Verdict] = []
        for examples, states, logits in sides:
            texts = [view(fitted.principle.applies_to, example) for example in examples]
            own = zip(states, logits, strict=True)  # the principle's own examples, and labels after them
            known = dict(zip(dict.fromkeys(texts), own, strict=False))
            for state, logit in map(known.__getitem__, texts):
                found.append(Verdict(principle.id, fitted.thresholds.score(float(logit)), state))
        return tuple(found)

    def write(self, prompt: str, *, max_tokens: int) -> str:  # noqa: ARG002  the contract names them
        """Raises CriticError: a model this small cannot write a critique or a revision."""
        raise CriticError("the embedded critic judges and does not write. Name a model as critic to have revisions.")

    def card(self) -> dict[str, Json]:
        """What each head is worth on examples that it did not see, by principle id.

        `precision` and `recall` are those of `fired` (None where nothing fired), `missed` the share of violating
        examples that are clear, `unsure` the share of own examples in the band, `false_alarms` and `unsure_others`
        shares of the other principles' complying examples; all with thresholds chosen without the example. `band` is
        the range of scores that are unsure, `logits` the same before the logistic.
        """
        return {one.principle.id: _card(one) for one in self._fitted.values()}

    def _of(self, rule: Rule) -> Fitted:
        try:
            return self._fitted[key_of(rule)]
        except KeyError:
            raise CriticError(f"the embedded critic was not fitted for the principle '{rule.id}'.") from None

    def _verdict(self, fitted: Fitted, passage: Passage) -> Verdict:
        principle, thresholds = fitted.principle, fitted.thresholds
        if not passage.cut.windows:
            return Verdict(principle.id, 0.0, "clear")
        logits = fitted.head.logits(passage.vectors)
        logit = float(logits.max())
        state = thresholds.state(logit)
        if state == "clear" and not all(readable(passage.text[start:end]) for start, end in passage.cut.units):
            return Verdict(principle.id, thresholds.score(thresholds.clear), "unsure", reason=UNREADABLE)
        spans: tuple[Range, ...] = ()
        if state == "fired" and principle.applies_to != "prompt":
            firing = [one for one, each in zip(passage.cut.windows, logits, strict=True) if each >= thresholds.fire]
            spans = _narrowed(fitted, passage, firing)
        reason = self._reason(fitted, state, passage.vectors[int(logits.argmax())])
        return Verdict(principle.id, thresholds.score(logit), state, spans, reason)

    def _reason(self, fitted: Fitted, state: State, vector: Floats) -> str:
        reason = {"fired": FIRED, "unsure": UNSURE}.get(state, "")
        if reason and isinstance(self._encoder, HarmAware) and fitted.head.weights[-1] > 0:
            return reason + HARMFUL if self._encoder.reads_harmful(vector) else reason
        return reason


def _narrowed(fitted: Fitted, passage: Passage, firing: Sequence[Range]) -> tuple[Range, ...]:
    """The smallest ranges that fire: sentences of the firing windows, or windows where no sentence alone does."""
    alone = fitted.head.logits(passage.units) >= fitted.thresholds.fire
    candidates = [
        unit
        for unit, fires in zip(passage.cut.units, alone, strict=True)
        if fires and any(_holds(window, unit) for window in firing)
    ]
    found: list[Range] = []
    for one in sorted([*candidates, *firing], key=lambda each: (each[1] - each[0], each)):
        if not any(_holds(one, smaller) for smaller in found):
            found.append(one)
    return merged(found)


def _holds(outer: Range, inner: Range) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _card(fitted: Fitted) -> dict[str, Json]:
    scores, thresholds = fitted.left_out, fitted.thresholds
    violating, complying, others = heads.states_left_out(scores)
    right, wrong = violating.count("fired"), complying.count("fired")
    unsure = violating.count("unsure") + complying.count("unsure")
    return {
        "violates": len(violating),
        "complies": len(complying),
        "others": len(others),
        "auroc": round(heads.auroc(scores.violates, scores.complies), 3),
        "auroc_others": round(heads.auroc(scores.violates, scores.others), 3) if others else None,
        "threshold": 0.5,
        "band": [round(thresholds.score(thresholds.clear), 4), 0.5],
        "logits": [thresholds.clear, thresholds.fire],
        "precision": round(right / (right + wrong), 3) if right + wrong else None,
        "recall": round(right / len(violating), 3),
        "unsure": round(unsure / (len(violating) + len(complying)), 3),
        "missed": round(violating.count("clear") / len(violating), 3),
        "false_alarms": round(float(np.mean([one == "fired" for one in others])), 3) if others else 0.0,
        "unsure_others": round(float(np.mean([one == "unsure" for one in others])), 3) if others else 0.0,
    }
