"""Measure detection: what the user's own policy masks in texts whose entities are known, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from guard.backends.presidio import keep_torch_out
from guard.config import Config
from guard.errors import ConfigError
from guard.evaluation import speed
from guard.evaluation.formats import Format, read, read_ordinary
from guard.evaluation.report import Alarms, Cost, Report, System
from guard.evaluation.samples import Group, Sample
from guard.evaluation.scoring import Find, scored, touched, without
from guard.evaluation.served import Served, chosen, with_profile
from guard.policy import Policy, Profile
from guard.types import Progress

SETS = Path(__file__).parents[2] / "evals"  # beside the package in a checkout; an installed guard has none
TIMED = 60  # texts of 1 KB that are timed in each language


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be measured. Without `data`, the sets of the checkout, on their own policy unless one is named.

    `profiles` take the place of the policy's own, one after the other.
    `rows` bounds the rows of each file and the ordinary prompts, spread over the whole; `half` picks tuning or held.
    """

    data: tuple[Path, ...] = ()
    form: Format = "auto"
    policy: str | None = None
    profiles: tuple[Profile, ...] = ()
    half: str | None = None
    by: tuple[Group, ...] = ("entity", "language")
    presidio: bool = False
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class _Measured:
    """A system at work: what it finds in a text of a language."""

    name: str
    find: Callable[[str, str], list[Find]]
    turn: Callable[[Sequence[str]], object] | None = None


def measure(config: Config, wish: Wish, progress: Progress = lambda _: None, *, alone: bool = False) -> Report:
    """Everything that was wished for. Raises ConfigError, PolicyError, RecognizerError.

    `alone` says that this process does nothing else: torch is kept out of it, as out of a recognizer process.
    """
    files = wish.data or _own_files()
    samples = _picked(files, wish)
    ordinary = _thinned(read_ordinary(SETS / "ordinary.jsonl"), wish.rows) if SETS.is_dir() else ()
    if not wish.data and wish.policy is None:
        config = config.model_copy(update={"policies": SETS / "policies"})
    policy = chosen(config, wish.policy)
    kept = frozenset(entity for entity, operator in policy.mask.entities.items() if operator == "keep")
    if alone and not policy.recognize.recognizers:  # a user's own recognizer may need it
        keep_torch_out()
    systems = _systems(config, policy, wish, progress)
    reports = tuple(_examined(system, samples, ordinary, kept, wish, progress) for system in systems)
    return Report(
        data=tuple(file.name for file in files),
        rows=len(samples),
        policy=policy.policy,
        kept=tuple(sorted(kept & {gold.entity for sample in samples for gold in sample.golds})),
        by=wish.by,
        systems=reports,
    )


def _own_files() -> tuple[Path, ...]:
    file = SETS / "detect.jsonl"
    if not file.is_file():
        raise ConfigError(
            "an installed guard brings no evaluation sets. Name one with --data FILE, or run this in a checkout."
        )
    return (file,)


def _picked(files: Sequence[Path], wish: Wish) -> tuple[Sample, ...]:
    """The samples of all files that the wish asks for. Raises ConfigError where none is left."""
    samples: list[Sample] = []
    for file in files:
        all_of_it = read(file, wish.form)
        half = [sample for sample in all_of_it if wish.half in (None, sample.groups.get("half"))]
        if not half:
            raise ConfigError(f"{file}: has no row of the half '{wish.half}'. Leave out --half.")
        samples += _thinned(half, wish.rows)
    return tuple(samples)


def _thinned(samples: Sequence[Sample], rows: int | None) -> tuple[Sample, ...]:
    """So many samples, spread evenly over all."""
    if rows is None or rows >= len(samples):
        return tuple(samples)
    return tuple(samples[place * len(samples) // rows] for place in range(rows))


def _systems(config: Config, policy: Policy, wish: Wish, progress: Progress) -> Iterator[_Measured]:
    """One after the other, each ended before the next begins."""
    for profile in wish.profiles or (policy.recognize.profile,):
        with Served.start(config, with_profile(policy, profile), progress) as served:
            yield _Measured(f"guard ({profile})", _any_language(served.find), served.turn)
    if wish.presidio:
        from guard.evaluation.plain import plain_presidio

        progress("loading Presidio")
        yield _Measured("plain Presidio", plain_presidio())


def _any_language(find: Callable[[str], list[Find]]) -> Callable[[str, str], list[Find]]:
    return lambda text, _: find(text)


def _examined(
    system: _Measured,
    samples: Sequence[Sample],
    ordinary: Sequence[Sample],
    kept: frozenset[str],
    wish: Wish,
    progress: Progress,
) -> System:
    progress(f"{system.name}: {len(samples)} rows")
    found: list[list[Find]] = []
    spent = dict.fromkeys((sample.language for sample in samples), 0.0)
    for sample in samples:
        spent[sample.language] += speed.cpu_ms(lambda: found.append(system.find(sample.text, sample.language)))  # noqa: B023
    progress(f"{system.name}: timing")
    return System(
        name=system.name,
        total=scored(samples, found)[()],
        masked=scored(without(samples, kept), found)[()],
        languages=scored(samples, found, ("language",)),
        groups=scored(samples, found, wish.by) if wish.by else {},
        alarms=tuple(_alarms(system, ordinary)),
        costs=tuple(_costs(system, samples, spent)),
    )


def _costs(system: _Measured, samples: Sequence[Sample], spent: Mapping[str, float]) -> Iterator[Cost]:
    """What each language costs; `spent` is the CPU time of its rows, one by one."""
    for language in sorted(spent):
        texts = [sample.text for sample in samples if sample.language == language]
        pieces = speed.kilobytes(texts)[:TIMED]
        yield Cost(
            language=language,
            texts=len(pieces),
            per_kilobyte=speed.per_kilobyte(pieces, partial(_find_in, system, language)),
            by_row=spent[language] * speed.KILOBYTE / sum(len(text.encode()) for text in texts),
            history=speed.last_turn(pieces, system.turn) if system.turn else None,
        )


def _find_in(system: _Measured, language: str, text: str) -> list[Find]:
    return system.find(text, language)


def _alarms(system: _Measured, ordinary: Sequence[Sample]) -> Iterator[Alarms]:
    for language in sorted({sample.language for sample in ordinary}):
        texts = [sample.text for sample in ordinary if sample.language == language]
        found = [system.find(text, language) for text in texts]
        entities = sorted({entity for finds in found for *_, entity in finds})
        yield Alarms(
            language,
            len(texts),
            touched(found),
            {entity: sum(entity in {e for *_, e in finds} for finds in found) for entity in entities},
        )
