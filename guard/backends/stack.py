"""The recognizers one after the other over a text, in this process: from text to disjoint spans."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from guard.backends.company import NO_COMPANY, NOTHING, Company, Edition, Lists, exact
from guard.errors import RecognizerError
from guard.mask.addresses import addresses
from guard.mask.normalise import normalise, original
from guard.mask.patterns import VERSION, PatternRecognizer
from guard.mask.propagate import repeated
from guard.mask.rows import THRESHOLD
from guard.mask.spans import disjoint
from guard.policy import KEEPS_NOTHING, MODELLED, Kept, Language, Profile
from guard.types import Span

Spans = tuple[Span, ...]

PIECE, OVERLAP = 50_000, 1_000  # characters that a model sees at once, and that two pieces share


@dataclass(frozen=True, slots=True)
class Spec:
    """Which recognizers a policy wants. `extra` are class paths of Presidio recognizers, each with its options.

    `company` is what the company says of its own; it is exact.
    """

    profile: Profile = "full"
    extra: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    threshold: float = THRESHOLD
    company: Company = NO_COMPANY
    languages: tuple[Language, ...] = ("en", "ko", "ja")
    kept: Kept = KEEPS_NOTHING

    @property
    def version(self) -> str:
        """A digest that changes with everything that could change what is found, but for files of the company's."""
        parts = [
            self.profile,
            [[path, dict(options)] for path, options in self.extra],
            self.threshold,
            sorted(set(self.languages)),
            VERSION,
            repr(self.company),
            [sorted(self.kept.named), self.kept.others],
        ]
        text = json.dumps(parts, sort_keys=True, default=repr)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def quick(self) -> bool:
        """Whether the work is small enough for the calling thread."""
        return self.profile == "none" or (
            self.profile == "patterns" and not self.extra and not self.company.source_code
        )

    @property
    def without_lists(self) -> Spec:
        """The same for a stack that is told with each call what the company's lists find, and what is kept."""
        return replace(self, company=self.company.without_lists, kept=KEEPS_NOTHING)


class Stack:
    """Patterns, then `names`: anything with the shape of Presidio's EntityRecognizer. One thread at a time.

    `whole` are recognizers that need the whole text and not pieces of it; `company` says what gives way to what the
    company lists.
    """

    def __init__(
        self,
        names: Sequence[Any] = (),
        *,
        patterns: PatternRecognizer | None = None,
        threshold: float = THRESHOLD,
        whole: Sequence[Any] = (),
        edition: Edition = NOTHING,
        company: Company = NO_COMPANY,
    ) -> None:
        self._patterns = patterns or PatternRecognizer()
        self._names = tuple(names)
        self._whole = tuple(whole)
        self._edition = edition
        self._company = company
        self.quick = not names and not whole  # no models: quick enough for the calling thread
        self._threshold = threshold
        self._lock = threading.Lock()

    @classmethod
    def of(cls, spec: Spec) -> Stack:
        """The stack that `spec` describes, with its models loaded. Raises ConfigError."""
        if spec.profile == "none":
            return cls(patterns=PatternRecognizer(()))
        names: list[Any] = []
        modelled = spec.profile in MODELLED
        if modelled and "en" in spec.languages:
            from guard.backends.latin import LatinNames
            from guard.backends.presidio import SpacyNames

            names.append(LatinNames(SpacyNames() if spec.profile == "full" else None))
        if modelled and "ko" in spec.languages:
            from guard.backends.korean import KoreanNames

            names.append(KoreanNames())
        if modelled and "ja" in spec.languages:
            from guard.backends.japanese import JapaneseNames

            names.append(JapaneseNames())
        if spec.extra:
            from guard.backends.presidio import load

            names += [load(path, **options) for path, options in spec.extra]
        whole: list[Any] = []
        if spec.company.source_code:
            from guard.backends.source_code import SourceCode

            whole = [SourceCode()]
        edition = Lists(spec.company).edition
        return cls(names, threshold=spec.threshold, whole=whole, edition=edition, company=spec.company)

    def recognize(
        self, texts: Sequence[str], listed: Sequence[Spans] | None = None, kept: Kept = KEEPS_NOTHING
    ) -> tuple[Spans, ...]:
        """The spans of each text, disjoint and sorted. Raises RecognizerError, whose message holds no text.

        `listed` is what `Edition.find` found in the texts, where another process looks after the lists. `kept` are the
        entities that leave as they are.
        """
        if listed is None:
            listed = self._edition.find(texts)
        distinct = list(dict.fromkeys(texts))
        own = dict(zip(texts, listed, strict=True)) if listed else {}
        cleaned = [normalise(text) for text in distinct]
        with self._lock:
            found = [[*self._by_patterns(clean), *exact(self._whole, clean)] for clean, _ in cleaned]
            for names in self._names:
                for spans, more in zip(found, self._by_names(names, [clean for clean, _ in cleaned]), strict=True):
                    spans.extend(more)
        spans_of = {
            text: _settle(self._with(own.get(text), spans), text, clean, offsets, kept)
            for text, (clean, offsets), spans in zip(distinct, cleaned, found, strict=True)
        }
        return tuple(spans_of[text] for text in texts)

    def _with(self, listed: Spans | None, spans: list[Span]) -> list[Span]:
        certain = [span for span in listed or () if span.score >= self._threshold]
        return self._company.beside(spans, certain) if certain else spans

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


def _settle(spans: Sequence[Span], text: str, clean: str, offsets: Sequence[int] | None, kept: Kept) -> Spans:
    """Disjoint spans in `text` from overlapping ones in its clean form, with their repetitions."""
    settled = disjoint(spans, clean, kept)
    if settled:
        settled = disjoint((*settled, *addresses(settled, clean)), clean, kept)
        acting = [span for span in settled if span.entity not in kept]  # what stays decides over nothing else
        settled = disjoint((*settled, *repeated(acting, clean)), clean, kept)
    if offsets is None:
        return settled
    carried = [(original(span.start, span.end, offsets, text), span) for span in settled]
    moved = [Span(*extent, s.entity, s.score, s.recognizer) for extent, s in carried]
    return disjoint(moved, text, kept)  # two spans may have come from one character, as the halves of a ligature


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
