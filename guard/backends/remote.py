"""A critic on a model server that tells log-probabilities: vLLM, SGLang, llama.cpp's server, and their like.

It asks what the packed critic asks, as one request of one token per principle: the exchange comes first and the
principle last, and the first request goes out alone, so that the server reads the exchange once and then from its
prefix cache. The same server writes critiques and revisions. It is sent masked text only.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from guard.backends import calibration, first_token
from guard.backends.calibration import PLAIN, Calibration
from guard.backends.first_token import FirstToken
from guard.backends.model_server import Call, ModelServer
from guard.backends.packed import AFTER, BETWEEN, INTRODUCTION, QUESTION, RANK
from guard.backends.remote_words import MOST_CHARACTERS, disarmed, pieces
from guard.errors import CriticError
from guard.types import Dialogue, Progress, Rule, Verdict

CHAT = "/chat/completions"
TOP = 20  # of the likeliest tokens: the most that vLLM and OpenAI tell
VERSION = 1  # raise it when anything changes what a score means
# Hybrid models think before they answer unless told not to, and the first token is then no answer. vLLM, SGLang and
# llama.cpp know this field; a template that does not, ignores it.
OPTIONS: Mapping[str, Any] = {"chat_template_kwargs": {"enable_thinking": False}}

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


def _silent(message: str) -> None:
    del message


class RemoteCritic:
    """A `guard.types.Critic`; several threads may use it at once.

    `options` go into every request. `thresholds` is a folder where calibrations are kept.
    """

    writes = True

    def __init__(
        self,
        server: ModelServer,
        model: str,
        *,
        options: Mapping[str, Any] = OPTIONS,
        most_characters: int = MOST_CHARACTERS,
        thresholds: Path | None = None,
    ) -> None:
        self.name = f"remote:{model}"
        self._server = server
        self._model = model
        self._options = dict(options)
        self._most = most_characters
        self._folder = thresholds
        self._calibrations: dict[str, Calibration] = {}
        self._examples: dict[tuple[str, Dialogue], list[FirstToken]] = {}
        self._rules: dict[str, Rule] = {}  # as the fit had them
        self.digest = self._digest()

    def calibration(self, principle: Rule) -> Calibration:
        """How the answers to `principle` become scores and verdicts."""
        return self._calibrations.get(key_of(principle), PLAIN)

    def score(self, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
        """One verdict per principle, in order. Raises CriticError."""
        answers = self.answers(dialogue, principles)
        return tuple(
            self._verdict(one, found, self.calibration(one)) for one, found in zip(principles, answers, strict=True)
        )

    def answers(self, dialogue: Dialogue, principles: Sequence[Rule]) -> list[list[FirstToken]]:
        """Per principle the model's answer to each piece of the exchange. Raises CriticError."""
        if not principles:
            return []
        found: list[list[FirstToken]] = [[] for _ in principles]
        for piece in pieces(dialogue, self._most):
            calls = [Call(CHAT, self._question(piece, principle)) for principle in principles]
            told = self._server.ask(calls, first_alone=True)
            for answers, one in zip(found, told, strict=True):
                answers.append(first_token.read(one))
        return found

    def write(self, prompt: str, *, max_tokens: int) -> str:
        """The model's likeliest answer to `prompt`, without its thoughts. Raises CriticError."""
        body = {
            **self._options, "model": self._model, "temperature": 0, "max_tokens": max_tokens,
            "messages": [{"role": "user", "content": disarmed(prompt)}],
        }  # fmt: skip
        return written(self._server.ask([Call(CHAT, body)])[0])

    def fit(self, principles: Sequence[Rule], *, progress: Progress = _silent) -> None:
        """Fit the calibration of each of `principles` to its examples, once for the same model and examples.

        Raises CriticError.
        """
        path = self._folder / f"{self._fit_digest(principles)}.json" if self._folder else None
        kept = calibration.read(path) if path else None
        if kept is None:
            kept = {}
            for number, principle in enumerate(principles, 1):
                progress(f"fitting the critic to principle {number} of {len(principles)}")
                kept[key_of(principle)] = calibration.calibrated(
                    self._odds(principle.violates, principle), self._odds(principle.complies, principle)
                )
            if path:
                calibration.write(path, kept)
        self._calibrations |= kept
        self._rules |= {key_of(principle): principle for principle in principles}
        self.digest = self._digest()

    def close(self) -> None:
        """Close the connections to the server."""
        self._server.close()

    def _question(self, piece: Dialogue, principle: Rule) -> dict[str, Any]:
        question = QUESTION.format(statement=principle.statement, question=principle.question)
        text = f"{INTRODUCTION}{piece.prompt}{BETWEEN}{piece.reply}{AFTER}{question}"
        return {
            **self._options, "model": self._model, "temperature": 0, "max_tokens": 1,
            "logprobs": True, "top_logprobs": TOP, "messages": [{"role": "user", "content": text}],
        }  # fmt: skip

    def _odds(self, examples: Sequence[Dialogue], principle: Rule) -> list[float]:
        """The log-odds of each example."""
        return [max(answer.odds for answer in answers) for answers in self._read(examples, principle)]

    def _read(self, examples: Sequence[Dialogue], principle: Rule) -> list[list[FirstToken]]:
        """The answers about each example; asked once, as the fit and its test both need them.

        All are asked together: they have nothing in common to be cached.
        """
        key = key_of(principle)
        new = [example for example in dict.fromkeys(examples) if (key, example) not in self._examples]
        read = [pieces(example, self._most) for example in new]
        calls = [Call(CHAT, self._question(piece, principle)) for each in read for piece in each]
        told = iter([first_token.read(answer) for answer in self._server.ask(calls, patient=True)] if calls else [])
        self._examples |= {(key, example): [next(told) for _ in each] for example, each in zip(new, read, strict=True)}
        return [self._examples[key, example] for example in examples]

    def left_out(self, principle: Rule) -> tuple[Verdict, ...]:
        """As `guard.types.Learner` says: each example calibrated by all others of the fit. Raises CriticError."""
        sides = (self._read(principle.violates, principle), self._read(principle.complies, principle))
        odds = tuple([max(answer.odds for answer in answers) for answers in side] for side in sides)
        fitted = self._rules.get(key_of(principle))
        for known, more in zip(odds, calibration.beyond(principle, fitted), strict=True):
            known.extend(self._odds(more, principle))
        found: list[Verdict] = []
        for side, other in ((0, 1), (1, 0)):
            for index, answers in enumerate(sides[side]):
                rest = {side: [*odds[side][:index], *odds[side][index + 1 :]], other: odds[other]}
                fit = calibration.calibrated(rest[0], rest[1]) if self._calibrations else PLAIN
                found.append(self._verdict(principle, answers, fit))
        return tuple(found)

    def _verdict(self, principle: Rule, answers: Sequence[FirstToken], fit: Calibration) -> Verdict:
        """The worst of what was found in the pieces of the exchange."""
        state, reason = max((answer.verdict(fit) for answer in answers), key=lambda one: RANK[one[0]])
        return Verdict(principle.id, fit.score(max(answer.odds for answer in answers)), state, (), reason)

    def _fit_digest(self, principles: Sequence[Rule]) -> str:
        return digest_of([self._identity(), [examples_of(principle) for principle in principles]])

    def _digest(self) -> str:
        fits = sorted(
            (key, one.band.low, one.band.high, one.temperature, one.threshold)
            for key, one in self._calibrations.items()
        )
        return digest_of([self._identity(), fits])

    def _identity(self) -> list[object]:
        """What the scores depend on, as far as it is known here: the weights are known to the server alone."""
        words = [INTRODUCTION, BETWEEN, AFTER, QUESTION]
        return [self._server.url, self._model, self._options, self._most, VERSION, words]


def key_of(principle: Rule) -> str:
    """What a calibration belongs to: the words that the model is asked, whatever the principle's id."""
    return digest_of([principle.statement, principle.question])


def examples_of(principle: Rule) -> list[object]:
    """All of a principle that a fit depends on, as JSON."""
    sides = [[[one.prompt, one.reply] for one in side] for side in (principle.violates, principle.complies)]
    return [key_of(principle), *sides]


def digest_of(value: object) -> str:
    """The SHA-256 of `value` as JSON, in hexadecimal."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def written(answer: Any) -> str:
    """The text of an answer, without the thoughts before it. Raises CriticError where it is cut off or none."""
    try:
        choice = answer["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
        finish = choice["finish_reason"]
    except (KeyError, IndexError, TypeError):
        raise CriticError("The critic's server sent an answer of another form. Correct critic.url.") from None
    if not isinstance(text, str) or finish != "stop":
        raise CriticError("The critic's model did not come to an end.")
    told = _THOUGHT.sub("", text, count=1).strip()
    if told.startswith("<think>"):
        raise CriticError("The critic's model did not come to an end.")
    return told
