"""English and other Latin names, places and organisations, from two models that check each other.

spaCy knows sentences: what is said of whom. Rampart knows forms: what stands in fields, signatures and addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from guard.backends.passages import eastern, latin, passages
from guard.backends.rampart import Rampart, Word
from guard.mask.context import Named, beside
from guard.mask.evidence import LIKELY, Candidate, believed
from guard.mask.patterns import Result
from guard.mask.spans import ASIDE

BESIDE = 0.5  # the score of what other names say
FOUND = 0.25  # from this score on a word of Rampart's is a candidate
FAINT = 0.08  # and from this on a capitalised word beside it is part of it

_LETTERS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_BETWEEN = re.compile(r"[ \t]{1,2}|\. |[ \t]{1,2}[A-Za-z]\.?[ \t]{1,2}")  # an initial counts as part of a name
_CELLS = re.compile(r"\n|(?<=\w)[,;|\t](?=\w)| \| ")
_LINES = re.compile(r"[,.>]{0,3}\s[\s,.>]{0,5}")  # between the parts of an address


class LatinNames:
    """PERSON, LOCATION and ORGANIZATION. Without `sentences`, a recognizer of Presidio's shape, Rampart alone.

    Has the shape of Presidio's EntityRecognizer. Raises ConfigError where a model is not installed.
    """

    name = "names"
    supported_language = "en"
    supported_entities = ("DATE_TIME", "LOCATION", "NRP", "ORGANIZATION", "PERSON")

    def __init__(self, sentences: Any = None) -> None:
        self._forms = Rampart()
        self._sentences = sentences

    def analyze(
        self,
        text: str,
        entities: Sequence[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """The names in one text; only `entities` where they are given."""
        (results,) = self.analyze_batch([text])
        return [result for result in results if entities is None or result.entity_type in entities]

    def analyze_batch(self, texts: Sequence[str]) -> list[list[Result]]:
        """The names in each text. A text in which nothing is capitalised costs nearly nothing."""
        plain = [latin(text) for text in texts]
        ranges = [passages(one, beside=eastern(text)) for one, text in zip(plain, texts, strict=True)]
        parts = [(index, start, plain[index][start:end]) for index, own in enumerate(ranges) for start, end in own]
        results: list[list[Result]] = [[] for _ in texts]
        grammar = (
            self._sentences.analyze_batch([part for _, _, part in parts]) if self._sentences else [()] * len(parts)
        )
        for (index, offset, part), named in zip(parts, grammar, strict=True):
            words = self._forms.read(part)
            part = texts[index][offset : offset + len(part)]  # noqa: PLW2901  what parts two words counts again
            aside = [one for one in named if one.entity_type in ASIDE]
            results[index] += (
                Result(one.entity_type, one.start + offset, one.end + offset, one.score) for one in aside
            )
            named = [one for one in named if one.entity_type not in ASIDE]  # noqa: PLW2901
            for candidate in (*self._by_forms(part, words), *self._by_grammar(part, words, named)):
                extent = believed(part, candidate)
                if extent:
                    score = max(candidate.support, 0.5)
                    results[index].append(Result(candidate.entity, extent[0] + offset, extent[1] + offset, score))
        for index, text in enumerate(texts):
            named = [Named(found.start, found.end, found.entity_type) for found in results[index]]
            results[index] += (Result(n.entity, n.start, n.end, BESIDE) for n in beside(text, named))
        return results

    def _by_forms(self, part: str, words: Sequence[Word]) -> Iterator[Candidate]:
        """Runs of words of one kind."""
        run: list[Word] = []
        for word in (*words, None):
            if word is not None and word.score < (FAINT if part[word.start].isupper() else FOUND):
                continue
            if run and (word is None or word.kind != run[0].kind or not _joined(part, run, word)):
                yield from self._candidate(part, run)
                run = []
            if word is not None:
                run.append(word)

    def _candidate(self, part: str, run: Sequence[Word]) -> Iterator[Candidate]:
        if max(word.score for word in run) < FOUND:
            return
        start, end = run[0].start, run[-1].end
        lettered = [word for word in run if any(map(str.isalpha, part[word.start : word.end]))]
        if lettered:
            support = max(word.score for word in lettered)
            yield Candidate(start, end, run[0].kind, support, self._rare(part[start:end]), grammar=False)

    def _by_grammar(self, part: str, words: Sequence[Word], named: Sequence[Any]) -> Iterator[Candidate]:
        for found in _by_lines(part, named):
            within = [word for word in words if word.start < found.end and found.start < word.end]
            best = max(within, key=lambda word: word.score, default=None)
            rare = self._rare(part[found.start : found.end])
            # Who is sure that it is a person or a place knows better than who says that it is a company.
            sure = best is not None and len(within) == 1 and best.score >= LIKELY
            entity = best.kind if best and sure and found.entity_type == "ORGANIZATION" else found.entity_type
            yield Candidate(found.start, found.end, entity, best.score if best else 0.0, rare, grammar=True)

    def _rare(self, value: str) -> bool:
        return any(not self._forms.common(word) for word in _LETTERS.findall(value))


def _by_lines(part: str, named: Sequence[Any]) -> Iterator[Result]:
    """What spaCy found, cut at the ends of lines and of cells, over which no name goes on."""
    for found in named:
        start = found.start
        for cut in (*_CELLS.finditer(part, found.start, found.end), None):
            end = cut.start() if cut else found.end
            if part[start:end].strip():
                yield Result(found.entity_type, start, end, found.score)
            start = cut.end() if cut else end


def _joined(part: str, run: Sequence[Word], after: Word) -> bool:
    """Whether `after` goes on with `run`. A number alone at the end of a line begins no address on the next."""
    gap = part[run[-1].end : after.start]
    if "\n" in gap and not any(map(str.isalpha, part[run[0].start : run[-1].end])):
        return False
    return bool((_BETWEEN if after.kind == "PERSON" else _LINES).fullmatch(gap))
