"""From constitutions to fitted heads: gather each principle's examples, embed them, fit, leave out, and remember.

The complying examples of the other principles of a constitution are complying examples of each principle too: they
keep a head from firing on everything that is not about its own topics. A principle with a `check` has no head; its
complying examples still serve the others. What reviewers said of real exchanges are examples of their principle like
its own, unless the constitution itself says the opposite of the same text.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from guard.backends import heads, windows
from guard.backends.heads import Examples, Floats, Head, LeftOut, Reading, Thresholds
from guard.backends.minilm import CHUNK, LAYERS, MOST_TOKENS, Vectors
from guard.backends.windows import Cut, Range
from guard.constitution import AppliesTo, Constitution, Principle
from guard.errors import ConfigError, CriticError
from guard.types import Dialogue, Labelled, Progress, Rule

LEAST_EXAMPLES = 8
ROOM = MOST_TOKENS - 2  # tokens of a window, without the two that frame it
# Part of the digest: whatever changes a verdict and is neither in the model nor in the constitution.
SETTINGS = {
    "layers": LAYERS, "room": ROOM, "units": windows.UNITS, "short": windows.SHORT, "penalty": heads.PENALTY,
    "others": heads.OTHERS_WEIGHT, "right": heads.RIGHT, "false_alarms": heads.FALSE_ALARMS,
    "unsure_others": heads.UNSURE_OTHERS, "chunk": CHUNK, "version": 2,
}  # fmt: skip

Key: TypeAlias = tuple[str, tuple[Dialogue, ...], tuple[Dialogue, ...]]


class Encoder(Protocol):
    """What the critic needs of a model; `guard.backends.minilm.MiniLM` is one."""

    name: str
    digest: str

    def tokens(self, text: str) -> list[Range]:
        """The character range of each token."""
        ...

    def encode(self, units: Sequence[str], runs: Sequence[tuple[int, int]]) -> Vectors:
        """One vector, as a row, per run of units of one text; a run is the first unit and the one after its last."""
        ...


@dataclass(frozen=True, slots=True)
class Passage:
    """A cut text with a vector per window, one for each unit alone, and one for all of it."""

    text: str
    cut: Cut
    vectors: Floats
    units: Floats
    whole: Floats


@dataclass(frozen=True, slots=True)
class Problem:
    """What the head of `principle` is fitted to, as text; `others` has a group per other principle.

    `prompts` says which of `violates` and then of `complies` answer one prompt, as `heads.Examples` has it.
    """

    principle: Principle
    violates: tuple[str, ...]
    complies: tuple[str, ...]
    others: tuple[tuple[str, ...], ...]
    prompts: tuple[int, ...] = ()

    def texts(self) -> tuple[str, ...]:
        """All of them, in the order in which they are left out."""
        return (*self.violates, *self.complies, *(text for group in self.others for text in group))


@dataclass(frozen=True, slots=True)
class Fitted:
    """The head of one principle, its thresholds, and the logits of its examples when left out."""

    principle: Principle
    head: Head
    thresholds: Thresholds
    left_out: LeftOut


def key_of(rule: Rule) -> Key:
    """What a head is filed under: a principle of the same name with other examples is another one."""
    return rule.id, rule.violates, rule.complies


def view(applies_to: AppliesTo, dialogue: Dialogue) -> str:
    """The text that a head reads.

    An exchange is judged by its reply alone: with the prompt's vector beside it, or their product or difference, heads
    did worse on examples left out, as it tells topics and not violations apart.
    """
    match applies_to:
        case "prompt":
            return dialogue.prompt
        case "reply" | "exchange":
            return dialogue.reply


def embed(encoder: Encoder, text: str) -> Passage:
    """Cut and embed `text`. Raises CriticError where a vector is not finite."""
    text = windows.without_surrogates(text)
    cut = windows.cut(text, encoder.tokens(text), most=ROOM)
    starts = {start: index for index, (start, _) in enumerate(cut.units)}
    ends = {end: index + 1 for index, (_, end) in enumerate(cut.units)}
    runs = [(starts[start], ends[end]) for start, end in cut.windows]
    runs += [(index, index + 1) for index in range(len(cut.units))]
    units = [windows.plain(text[start:end]) for start, end in cut.units]
    vectors = encoder.encode(units, [*runs, (0, len(units))]).astype(np.float64)
    if not np.isfinite(vectors).all():
        raise CriticError("the embedded critic's model gave a vector that is not finite.")
    first = len(cut.windows)
    return Passage(text, cut, vectors[:first], vectors[first:-1], vectors[-1])


def problems(constitutions: Sequence[Constitution], labels: Sequence[Labelled] = ()) -> dict[Key, Problem]:
    """The problem of every principle without a check. Raises ConfigError where one has too few examples.

    Labels of principles that are not there are left out; of two on one text the later counts.
    """
    found: dict[Key, Problem] = {}
    for constitution in constitutions:
        for principle in constitution.principles:
            if principle.check is None:
                _refuse_too_few(constitution, principle)
                homes = [one for one in constitutions if principle in one.principles]
                said = [one for one in labels if one.principle == principle.id]
                found[key_of(principle)] = _problem(principle, homes, said)
    return found


def digest(encoder: Encoder, posed: Mapping[Key, Problem]) -> str:
    """The SHA-256 of all that the fit depends on."""
    content = [[one.principle.id, one.violates, one.complies, one.others, one.prompts] for one in posed.values()]
    return hashlib.sha256(json.dumps([encoder.digest, SETTINGS, content]).encode()).hexdigest()


def fit(encoder: Encoder, posed: Mapping[Key, Problem], cache: Path | None, progress: Progress) -> dict[Key, Fitted]:
    """Fit every problem. With `cache`, a folder, what takes long is read from there, or written there."""
    if not posed:
        return {}
    file = None if cache is None else cache / f"{digest(encoder, posed)}.npz"
    readings, left_out = _remembered(file, posed) or _worked_out(encoder, posed, progress, file)
    fitted: dict[Key, Fitted] = {}
    for key, problem in posed.items():
        scores = left_out[key]
        head = heads.fit(_examples(problem, readings))
        fitted[key] = Fitted(problem.principle, head, heads.choose(scores), scores)
    return fitted


def forget_others(folder: Path, digest: str) -> None:
    """Delete what is kept in `folder` of other fits than that of `digest`: they may know words that are destroyed."""
    for file in folder.glob("*"):
        if not file.name.startswith(digest):
            file.unlink(missing_ok=True)


def _refuse_too_few(constitution: Constitution, principle: Principle) -> None:
    for side in ("violates", "complies"):
        count = len(getattr(principle, side))
        if count < LEAST_EXAMPLES:
            raise ConfigError(
                f"constitution '{constitution.name}', principle '{principle.id}', key '{side}': the embedded critic "
                f"needs {LEAST_EXAMPLES} examples and there are {count}. Write more, or name another critic."
            )


def _problem(principle: Principle, homes: Sequence[Constitution], labels: Sequence[Labelled]) -> Problem:
    own = {
        side: {view(principle.applies_to, one): None for one in getattr(principle, side)}
        for side in ("violates", "complies")
    }
    dialogues = [*principle.violates, *principle.complies]
    taken = {*own["violates"], *own["complies"]}
    last = {text: one for one in labels if (text := view(principle.applies_to, one.dialogue)).strip()}
    for text, label in last.items():
        if text not in taken:
            own["violates" if label.violates else "complies"][text] = None
            dialogues.append(label.dialogue)
    taken.update(last)
    others = []
    for other in (one for home in homes for one in home.principles if one != principle and _alike(one, principle)):
        texts = dict.fromkeys(view(principle.applies_to, one) for one in other.complies)
        group = tuple(text for text in texts if text not in taken)
        taken.update(group)
        if group:
            others.append(group)
    violates, complies = tuple(own["violates"]), tuple(own["complies"])
    prompts = _prompts(principle.applies_to, dialogues, (violates, complies))
    return Problem(principle, violates, complies, tuple(others), prompts)


def _prompts(
    applies_to: AppliesTo, dialogues: Sequence[Dialogue], sides: tuple[tuple[str, ...], tuple[str, ...]]
) -> tuple[int, ...]:
    """A number for each text: texts with a prompt in common have the same.

    A prompt that half of a side answers, or an empty one, says nothing of the answer: its examples stand alone.
    """
    asked = {view(applies_to, one): one.prompt for one in reversed(dialogues)}
    usual = {
        prompt
        for side in sides
        for prompt in {asked[text] for text in side}
        if not prompt.strip() or 2 * sum(asked[text] == prompt for text in side) >= len(side)
    }
    texts = [text for side in sides for text in side]
    numbers: dict[str, int] = {}
    return tuple(
        numbers.setdefault(text if asked[text] in usual else f"prompt {asked[text]}", len(numbers)) for text in texts
    )


def _alike(one: Principle, other: Principle) -> bool:
    """Whether both read the same side of an exchange: a prompt that is rightly refused is no harmless prompt."""
    return (one.applies_to == "prompt") == (other.applies_to == "prompt")


def _examples(problem: Problem, readings: Mapping[str, Reading]) -> Examples:
    return Examples(
        violates=tuple(readings[text] for text in problem.violates),
        complies=tuple(readings[text] for text in problem.complies),
        others=tuple(tuple(readings[text] for text in group) for group in problem.others),
        prompts=problem.prompts,
    )


def _distinct(posed: Mapping[Key, Problem]) -> list[str]:
    return list(dict.fromkeys(text for problem in posed.values() for text in problem.texts()))


def _worked_out(
    encoder: Encoder, posed: Mapping[Key, Problem], progress: Progress, file: Path | None
) -> tuple[dict[str, Reading], dict[Key, LeftOut]]:
    texts = _distinct(posed)
    progress(f"embedded critic: reading {len(texts)} examples")
    readings = {text: _reading(encoder, text) for text in texts}
    left_out: dict[Key, LeftOut] = {}
    for number, (key, problem) in enumerate(posed.items(), 1):
        progress(f"embedded critic: fitting principle {number} of {len(posed)}")
        left_out[key] = heads.leave_out(_examples(problem, readings))
    if file is not None and texts:  # principles that are checked exactly have nothing to fit
        _remember(file, texts, readings, left_out, progress)
    return readings, left_out


def _reading(encoder: Encoder, text: str) -> Reading:
    """Copies, so that the vectors of single units, which no fit needs, are let go of."""
    passage = embed(encoder, text)
    return Reading(passage.vectors.copy(), passage.whole.copy())


def _remember(
    file: Path,
    texts: Sequence[str],
    readings: Mapping[str, Reading],
    left_out: Mapping[Key, LeftOut],
    progress: Progress,
) -> None:
    """Write the file whole or not at all; a folder that cannot be written only makes the next start slow."""
    arrays: dict[str, Any] = {
        "windows": np.concatenate([readings[text].windows for text in texts]).astype(np.float32),
        "wholes": np.stack([readings[text].whole for text in texts]).astype(np.float32),
        "counts": np.array([len(readings[text].windows) for text in texts]),
        "left_out": np.concatenate(
            [np.concatenate([one.violates, one.complies, one.others]) for one in left_out.values()]
        ),
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f"{file.stem}.", delete=False) as temporary:
            np.savez(temporary, **arrays)
        Path(temporary.name).replace(file)
    except OSError as error:
        progress(f"embedded critic: the cache cannot be written ({error.strerror}); the next start will be as slow")


def _remembered(
    file: Path | None, posed: Mapping[Key, Problem]
) -> tuple[dict[str, Reading], dict[Key, LeftOut]] | None:
    """What `_remember` wrote, or None where there is nothing that fits and is whole."""
    if file is None:
        return None
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            stored = {name: arrays[name] for name in ("windows", "wholes", "counts", "left_out")}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    texts = _distinct(posed)
    sizes = [(len(one.violates), len(one.complies), sum(map(len, one.others))) for one in posed.values()]
    whole = len(stored["counts"]) == len(stored["wholes"]) == len(texts)
    if not whole or stored["counts"].sum() != len(stored["windows"]) or len(stored["left_out"]) != sum(map(sum, sizes)):
        return None
    if not all(np.isfinite(one).all() for one in stored.values()):
        return None
    return _unpacked(stored, texts, posed, sizes)


def _unpacked(
    stored: Mapping[str, NDArray[Any]],
    texts: Sequence[str],
    posed: Mapping[Key, Problem],
    sizes: Sequence[tuple[int, int, int]],
) -> tuple[dict[str, Reading], dict[Key, LeftOut]]:
    rows = np.split(stored["windows"].astype(np.float64), np.cumsum(stored["counts"])[:-1])
    wholes = stored["wholes"].astype(np.float64)
    readings = {text: Reading(part, one) for text, part, one in zip(texts, rows, wholes, strict=True)}
    parts = iter(np.split(stored["left_out"], np.cumsum([size for three in sizes for size in three])[:-1]))
    return readings, {
        key: LeftOut(next(parts), next(parts), next(parts), problem.prompts) for key, problem in posed.items()
    }
