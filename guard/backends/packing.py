"""Ask a causal model yes-or-no questions: all about one text, and about texts that come together, in a single pass.

A text is [prefix][branch 1][branch 2]…; see `guard.backends.branching`. What branches begin with in common is read as
a part of the prefix, and of a prefix that has grown since it was read last only what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from guard.backends.branching import Text, read
from guard.backends.causal_model import CausalModel
from guard.backends.gathering import Gathering
from guard.backends.prefixes import Prefixes, common
from guard.backends.yes_no import Answered, YesNo
from guard.errors import CriticError

Ask: TypeAlias = Callable[[Sequence[int], Sequence[Sequence[int]]], list[Answered]]
"""From a prefix and the branches behind it, in tokens, to one answer per branch."""

# Which layers a pass can be made for; a model with others is asked one question at a time.
LAYERS = frozenset({"full_attention", "sliding_attention"})
# How far a pass and separate prompts may differ, in log-probability, before passes are given up.
TOLERANCE = {"float32": 1e-3}
COARSE = 0.3  # for the other types
# What torch and transformers raise when a model and its input do not go together, or memory runs out.
FAILURES = (RuntimeError, ValueError, TypeError, KeyError, AttributeError, IndexError)
PROBE = ("The sky is blue. ", "The grass is green. ", ("Is it green? ", "Is the sky above the sea, do you think? "))

MOST_CACHED = 256 << 20  # bytes of keys and values of prefixes
# New tokens of a pass over several texts. A CPU is busy with fewer: more would only let the first wait for the last.
MOST_READ = {"cpu": 512}
MOST_READ_ELSEWHERE = 16_384


@dataclass(frozen=True, slots=True)
class Question:
    """A prefix and the branches behind it, in tokens."""

    prefix: tuple[int, ...]
    branches: tuple[tuple[int, ...], ...]


class Asker:
    """Asks one model; `packs` says whether many questions go in one pass. Several threads may use it at once."""

    def __init__(self, model: CausalModel, *, most_cached: int = MOST_CACHED) -> None:
        self._model = model
        self._reader = YesNo(model)
        self._windows = _windows(model.model.config.get_text_config())
        self._prefixes = Prefixes(most_cached)
        self._gathering: Gathering[Question, list[Answered]] = Gathering(self.answer)
        self._most_read = MOST_READ.get(model.model.device.type, MOST_READ_ELSEWHERE)
        self.packs = self._windows is not None and self._agrees()
        self._prefixes.forget()

    @contextmanager
    def turn(self) -> Iterator[Ask]:
        """Say that there will be something to ask, so that those who ask now wait for it a moment."""
        with self._gathering.turn() as ask:

            def put(prefix: Sequence[int], branches: Sequence[Sequence[int]]) -> list[Answered]:
                return ask(Question(tuple(prefix), tuple(map(tuple, branches))))

            yield put

    def ask(self, prefix: Sequence[int], branches: Sequence[Sequence[int]]) -> list[Answered]:
        """The answer to each of `branches` after `prefix`. Raises CriticError."""
        with self.turn() as put:
            return put(prefix, branches)

    def answer(self, questions: Sequence[Question]) -> list[list[Answered] | Exception]:
        """Per question its answers, or the CriticError that it has for itself. For one thread at a time."""
        found: list[list[Answered] | Exception] = []
        for group in self._groups(questions):
            found += self._attempt(group)
        return found

    def packed(self, prefix: Sequence[int], branches: Sequence[Sequence[int]]) -> list[Answered]:
        """All answers from one forward pass. Raises what the model raises."""
        return self._pass([Question(tuple(prefix), tuple(map(tuple, branches)))])[0]

    def separate(self, prefix: Sequence[int], branches: Sequence[Sequence[int]]) -> list[Answered]:
        """The same answers from one forward pass each, as the model means them. Raises what the model raises."""
        import torch

        model = self._model.model
        found: list[Answered] = []
        for branch in branches:
            ids = torch.tensor([[*prefix, *branch]], device=model.device)
            with self._model.lock, torch.inference_mode():
                found += self._reader.of(model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[0, -1:])
        return found

    def forget(self) -> None:
        """Read every prefix anew."""
        with self._model.lock:
            self._prefixes.forget()

    def _groups(self, questions: Sequence[Question]) -> Iterator[list[Question]]:
        """`questions` in order, as many at a time as one pass may read."""
        group: list[Question] = []
        used = 0
        for question in questions:
            # Whatever of the prefix is known by then: a bound, not a measure.
            length = len(question.prefix) + sum(map(len, question.branches))
            if group and (used + length > self._most_read or not self.packs):
                yield group
                group, used = [], 0
            group.append(question)
            used += length
        if group:
            yield group

    def _attempt(self, questions: Sequence[Question]) -> list[list[Answered] | Exception]:
        """The answers to `questions`; where a pass fails, to fewer at a time: a failure is one question's own."""
        try:
            answers = self._pass(questions) if self.packs else [self.separate(q.prefix, q.branches) for q in questions]
            return [_checked(each) for each in answers]
        except FAILURES as error:
            short, failure = is_short_of_memory(error), type(error).__name__
        # Outside of the handler: its error holds the tensors of the pass.
        if short:
            self._give_back()
        halves = _halves(questions, branches=short)
        if not halves:
            remedy = " It ran out of memory: set critic.dtype to int4, or name a smaller model." if short else ""
            return [CriticError(f"The critic's model failed ({failure}).{remedy}")]
        found = [self._attempt(half) for half in halves]
        return [_joined(found)] if len(questions) == 1 else [answer for half in found for answer in half]

    def _pass(self, questions: Sequence[Question]) -> list[list[Answered]]:
        """The answers from one forward pass."""
        import torch

        texts = []
        with self._model.lock:
            for question in map(_factored, questions):
                known, alike = self._prefixes.find(question.prefix)
                texts.append(Text(question.prefix, question.branches, known, alike))
            hidden, prefixes = read(self._model.model, texts, self._windows or ())
            with torch.inference_mode():
                answers = iter(self._reader.at(hidden))
            for prefix in prefixes:
                self._prefixes.keep(prefix)
        return [[next(answers) for _ in question.branches] for question in questions]

    def _give_back(self) -> None:
        """Let go of all memory that is not the model's."""
        import torch

        self.forget()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _agrees(self) -> bool:
        """Whether a pass gives what separate prompts give: some models ignore positions, or have their own attention.

        Asked are two texts together, of which one has grown since it was read.
        """
        before, after = self._model.frame()
        begun, other, asked = (*before, *self._model.encode(PROBE[0])), self._model.encode(PROBE[1]), PROBE[2]
        branches = tuple((*self._model.encode(question), *after) for question in asked)
        questions = [Question((*begun, *other), branches), Question((*before, *other), branches)]
        expected = [answer for question in questions for answer in self.separate(question.prefix, question.branches)]
        try:
            self._pass([Question(begun, branches)])
            found = [answer for answers in self._pass(questions) for answer in answers]
        except FAILURES:
            return False
        allowance = TOLERANCE.get(str(self._model.model.dtype).removeprefix("torch."), COARSE)
        return all(
            abs(one.yes - other.yes) <= allowance and abs(one.no - other.no) <= allowance
            for one, other in zip(expected, found, strict=True)
        )


def is_short_of_memory(error: Exception) -> bool:
    """Whether `error` says that memory ran out, on a GPU, in its libraries or on a CPU."""
    import torch

    told = str(error)
    signs = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")
    return isinstance(error, torch.OutOfMemoryError) or any(sign in told for sign in signs)


def _checked(answers: list[Answered]) -> list[Answered] | Exception:
    if all(answer.finite for answer in answers):
        return answers
    return CriticError("The critic's model gave a score that is not a number.")


def _halves(questions: Sequence[Question], *, branches: bool) -> list[list[Question]]:
    """Two halves of `questions`, or where `branches` may be parted of the branches of the only one; else nothing."""
    if len(questions) > 1:
        middle = len(questions) // 2
        return [list(questions[:middle]), list(questions[middle:])]
    (question,) = questions
    if not branches or len(question.branches) == 1:
        return []
    middle = len(question.branches) // 2
    parts = question.branches[:middle], question.branches[middle:]
    return [[replace(question, branches=part)] for part in parts]


def _joined(parts: Sequence[Sequence[list[Answered] | Exception]]) -> list[Answered] | Exception:
    """The answers to all parts of one question, or the first failure."""
    joined: list[Answered] = []
    for (part,) in parts:
        if isinstance(part, Exception):
            return part
        joined += part
    return joined


def _factored(question: Question) -> Question:
    """The same tokens, with what all branches begin with at the end of the prefix."""
    first, *others = question.branches
    if not others:
        return question
    alike = min(min(map(len, question.branches)) - 1, *(common(first, other) for other in others))
    return Question((*question.prefix, *first[:alike]), tuple(branch[alike:] for branch in question.branches))


def _windows(config: Any) -> tuple[int | None, ...] | None:
    """How far back each layer sees, None for all the way; None in all where a pass cannot be made."""
    window: int | None = getattr(config, "sliding_window", None)
    default = ["sliding_attention" if window else "full_attention"] * config.num_hidden_layers
    layers = list(getattr(config, "layer_types", None) or default)
    if not LAYERS.issuperset(layers):
        return None
    return tuple(window if layer == "sliding_attention" else None for layer in layers)
