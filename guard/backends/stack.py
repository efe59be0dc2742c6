"""The recognizers one after the other over a text, in this process: from text to disjoint spans."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guard.errors import RecognizerError
from guard.mask.normalise import normalise, original
from guard.mask.patterns import VERSION, PatternRecognizer
from guard.mask.propagate import repeated
from guard.mask.rows import THRESHOLD
from guard.mask.spans import disjoint
from guard.policy import Language, Profile
from guard.types import Span

Spans = tuple[Span, ...]

PIECE, OVERLAP = 50_000, 1_000  # characters that a model sees at once, and that two pieces share


@dataclass(frozen=True, slots=True)
class Spec:
    """Which recognizers a policy wants. `extra` are class paths of Presidio recognizers, each with its options."""

    profile: Profile = "full"
    extra: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    threshold: float = THRESHOLD
    languages: tuple[Language, ...] = ("en", "ko", "ja")

    @property
    def version(self) -> str:
        """A digest that changes with everything that could change what is found."""
        parts = [
            self.profile,
            [[path, dict(options)] for path, options in self.extra],
            self.threshold,
            sorted(set(self.languages)),
            VERSION,
        ]
        text = json.dumps(parts, sort_keys=True, default=repr)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def quick(self) -> bool:
        """Whether the work is small enough for the calling thread."""
        return self.profile == "none" or (self.profile == "patterns" and not self.extra)


class Stack:
    """Patterns, then `names`: anything with the shape of Presidio's EntityRecognizer. One thread at a time."""

    def __init__(
        self,
        names: Sequence[Any] = (),
        *,
        patterns: PatternRecognizer | None = None,
        threshold: float = THRESHOLD,
    ) -> None:
        self._patterns = patterns or PatternRecognizer()
        self._names = tuple(names)
        self.quick = not names  # no models: quick enough for the calling thread
        self._threshold = threshold
        self._lock = threading.Lock()

    @classmethod
    def of(cls, spec: Spec) -> Stack:
        """The stack that `spec` describes, with its models loaded. Raises ConfigError."""
        if spec.profile == "none":
            return cls(patterns=PatternRecognizer(()))
        names: list[Any] = []
        if spec.profile == "full" or spec.extra:
            from guard.backends.japanese import JapaneseNames
            from guard.backends.korean import KoreanNames
            from guard.backends.presidio import SpacyNames, load

            names = [SpacyNames()] if spec.profile == "full" and "en" in spec.languages else []
            eastern = {"ko": KoreanNames, "ja": JapaneseNames} if spec.profile == "full" else {}
            names += [kind() for language, kind in eastern.items() if language in spec.languages]
            names += [load(path, **options) for path, options in spec.extra]
        return cls(names, threshold=spec.threshold)

    def recognize(self, texts: Sequence[str]) -> tuple[Spans, ...]:
        """The spans of each text, disjoint and sorted. Raises RecognizerError, whose message holds no text."""
        distinct = list(dict.fromkeys(texts))
        cleaned = [normalise(text) for text in distinct]
        with self._lock:
            found = [self._by_patterns(clean) for clean, _ in cleaned]
            for names in self._names:
                for spans, more in zip(found, self._by_names(names, [clean for clean, _ in cleaned]), strict=True):
                    spans.extend(more)
        spans_of = {
            text: _settle(spans, text, clean, offsets)
            for text, (clean, offsets), spans in zip(distinct, cleaned, found, strict=True)
        }
        return tuple(spans_of[text] for text in texts)

    def _by_patterns(self, clean: str) -> list[Span]:
        # The patterns take time in proportion to the text and need no pieces, so they cut no value.
        return [*self._spans(self._patterns.name, self._patterns.analyze(clean), 0, len(clean))]

    def _by_names(self, names: Any, texts: Sequence[str]) -> list[list[Span]]:
        pieces = [(index, *piece) for index, text in enumerate(texts) for piece in split(text)]
        failure = ""
        try:
            results = _analyze(names, [piece for _, _, piece in pieces])
        except Exception as error:  # noqa: BLE001  whatever a foreign recognizer raises means: not recognized
            failure = type(error).__name__
        if failure:
            # Outside the handler, so that the first error does not hang on it: its message may hold text.
            raise RecognizerError(f"recognizer {names.name} failed ({failure})")
        spans: list[list[Span]] = [[] for _ in texts]
        for (index, offset, piece), found in zip(pieces, results, strict=True):
            spans[index].extend(self._spans(names.name, found, offset, len(piece)))
        return spans

    def _spans(self, name: str, results: Sequence[Any], offset: int, length: int) -> Iterator[Span]:
        for r in results:
            if r.score >= self._threshold and 0 <= r.start < r.end <= length:
                yield Span(r.start + offset, r.end + offset, r.entity_type, float(r.score), name)


def _analyze(names: Any, pieces: Sequence[str]) -> list[Sequence[Any]]:
    batch = getattr(names, "analyze_batch", None)
    if batch:
        return list(batch(pieces))
    return [names.analyze(piece, names.supported_entities, None) or () for piece in pieces]


def _settle(spans: Sequence[Span], text: str, clean: str, offsets: Sequence[int] | None) -> Spans:
    """Disjoint spans in `text` from overlapping ones in its clean form, with their repetitions."""
    settled = disjoint(spans, clean)
    if settled:
        settled = disjoint((*settled, *repeated(settled, clean)), clean)
    if offsets is None:
        return settled
    carried = [(original(span.start, span.end, offsets, text), span) for span in settled]
    moved = [Span(*extent, s.entity, s.score, s.recognizer) for extent, s in carried]
    return disjoint(moved, text)  # two spans may have come from one character, as the halves of a ligature


def split(text: str) -> list[tuple[int, str]]:
    """`text` in pieces with their offsets, cut at space where there is some, each sharing its end with the next."""
    pieces: list[tuple[int, str]] = []
    start = 0
    while len(text) - start > PIECE:
        end = _space_before(text, start + PIECE)
        pieces.append((start, text[start:end]))
        start = _space_before(text, end - OVERLAP)
    return [*pieces, (start, text[start:])]


def _space_before(text: str, end: int) -> int:
    """The place after the last space before `end`, or `end` where none is near."""
    near = text[end - OVERLAP // 2 : end]
    found = max(near.rfind(" "), near.rfind("\n"))
    return end if found < 0 else end - len(near) + found + 1
