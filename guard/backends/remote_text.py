"""A critic on a model server that follows a written policy and answers in text.

Such a model says yes or no and not how likely, so nothing is fitted to it. Its examples say instead what its word is
worth: a principle on which they are told apart no better than by a coin is left undecided, whatever the model says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from guard.backends.model_server import Call, ModelServer
from guard.backends.packed import RANK
from guard.backends.remote import digest_of, examples_of, key_of, written
from guard.backends.remote_words import MOST_CHARACTERS, pieces
from guard.backends.safety_forms import FORMS, FormName
from guard.backends.thresholds import LEAST_ACCURACY
from guard.errors import CriticError
from guard.types import Dialogue, Progress, Rule, State, Verdict

VERSION = 1  # raise it when anything changes what an answer means

SCORES: Mapping[State, float] = {"clear": 0.0, "unsure": 0.5, "fired": 1.0, "not_judged": 1.0}
REASONS: Mapping[State, str] = {
    "clear": "",
    "unsure": "The model neither says that the principle is violated nor that it is not.",
    "fired": "",
    "not_judged": "The model's answer cannot be read.",
}
NO_BETTER = "On this principle's examples the model does no better than a coin."


def _silent(message: str) -> None:
    del message


class TextCritic:
    """A `guard.types.Critic` that judges and does not write; several threads may use it at once.

    `options` go into every request. `kept` is a folder where its accuracy on examples is kept.
    """

    writes = False

    def __init__(
        self,
        server: ModelServer,
        model: str,
        form: FormName,
        *,
        options: Mapping[str, Any] | None = None,
        most_characters: int = MOST_CHARACTERS,
        kept: Path | None = None,
    ) -> None:
        self.name = f"{form}:{model}"
        self._server = server
        self._model = model
        self._form = FORMS[form]
        self._options = dict(options or {})
        self._most = most_characters
        self._folder = kept
        self._accuracies: dict[str, float] = {}
        self.digest = self._digest()

    def accuracy(self, principle: Rule) -> float | None:
        """The balanced accuracy on the principle's examples; None where it was not measured."""
        return self._accuracies.get(key_of(principle))

    def score(self, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
        """One verdict per principle, in order. Raises CriticError."""
        read = pieces(dialogue, self._most)
        calls = [self._call(piece, principle) for principle in principles for piece in read]
        states = [self._state(answer) for answer in self._server.ask(calls)]
        grouped = [states[start : start + len(read)] for start in range(0, len(states), len(read))]
        return tuple(self._verdict(one, found) for one, found in zip(principles, grouped, strict=True))

    def write(self, prompt: str, *, max_tokens: int) -> str:  # noqa: ARG002  the contract names them
        """Raises CriticError: a model that was trained to judge does not write."""
        raise CriticError(
            "The critic's model judges and does not write. Set critic.form to logprobs and name another model."
        )

    def fit(self, principles: Sequence[Rule], *, progress: Progress = _silent) -> None:
        """Measure the accuracy on the examples of `principles`, once for the same model and examples.

        Raises CriticError.
        """
        path = self._folder / f"{self._fit_digest(principles)}.json" if self._folder else None
        found = _read(path) if path else None
        if found is None:
            found = {}
            for number, principle in enumerate(principles, 1):
                progress(f"asking the critic about the examples of principle {number} of {len(principles)}")
                if principle.violates and principle.complies:
                    found[key_of(principle)] = self._measured(principle)
            if path:
                path.parent.mkdir(parents=True, exist_ok=True)
                work = path.with_suffix(".new")
                work.write_text(json.dumps(found), encoding="utf-8")
                work.replace(path)
        self._accuracies |= found
        self.digest = self._digest()

    def close(self) -> None:
        """Close the connections to the server."""
        self._server.close()

    def _call(self, piece: Dialogue, principle: Rule, *, without: Dialogue | None = None) -> Call:
        path, body = self._form.request(piece, principle, without=without)
        return Call(path, {**self._options, **body, "model": self._model})

    def _state(self, answer: Any) -> State:
        try:
            return self._form.read(written(answer)) or "not_judged"
        except CriticError:  # cut off, or no text at all: this principle alone is not judged
            return "not_judged"

    def _measured(self, principle: Rule) -> float:
        right = []
        for side, expected in ((principle.violates, "fired"), (principle.complies, "clear")):
            read = [pieces(example, self._most) for example in side]
            calls = [
                self._call(piece, principle, without=example)
                for example, each in zip(side, read, strict=True)
                for piece in each
            ]
            told = iter([self._state(answer) for answer in self._server.ask(calls, patient=True)])
            states = [max((next(told) for _ in each), key=RANK.__getitem__) for each in read]
            right.append(sum(state == expected for state in states) / len(states))
        return sum(right) / len(right)

    def _verdict(self, principle: Rule, states: Sequence[State]) -> Verdict:
        """The worst of what was found in the pieces of the exchange."""
        state = max(states, key=RANK.__getitem__)
        accuracy = self.accuracy(principle)
        if accuracy is not None and accuracy < LEAST_ACCURACY and state != "not_judged":
            return Verdict(principle.id, SCORES["unsure"], "unsure", (), NO_BETTER)
        return Verdict(principle.id, SCORES[state], state, (), REASONS[state])

    def _fit_digest(self, principles: Sequence[Rule]) -> str:
        return digest_of([self._identity(), [examples_of(principle) for principle in principles]])

    def _digest(self) -> str:
        return digest_of([self._identity(), sorted(self._accuracies.items())])

    def _identity(self) -> list[object]:
        form = self._form
        words = [form.turns, form.turns_about_prompt, form.raw, form.raw_about_prompt]
        return [self._server.url, self._model, self._options, self._most, VERSION, words]


def _read(path: Path) -> dict[str, float] | None:
    """The accuracies kept in the file `path`; None where there is none that can be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): float(value) for key, value in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None
