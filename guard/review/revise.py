"""Mend a reply: by the critic's own words where it writes, else by taking out what offends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from guard.asks import Story, Write
from guard.constitution import Principle
from guard.errors import CriticError
from guard.review.accept import KEPT, unacceptable, worse
from guard.review.checks import Range, moved
from guard.review.critique import Critique, criticise
from guard.review.judge import judge
from guard.review.settings import Settings
from guard.types import Dialogue, Revision, Span, Verdict

LEAST_TOKENS = 64

_LABEL = re.compile(r"\A\s*(?:New passage|Passage)\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply on its way: its text, how much of it may change, how it was judged, and what was tried.

    The first `told` characters of the editable part have been told and stay.
    `quotes` are the passages that critiques found, by principle; `unknown` the reply's data that nobody gave it; `lost`
    the principles on which the last attempt could not be judged.
    """

    dialogue: Dialogue
    editable: int
    verdicts: tuple[Verdict, ...]
    unknown: tuple[Span, ...]
    revisions: tuple[Revision, ...] = ()
    quotes: tuple[tuple[str, str], ...] = ()
    lost: tuple[str, ...] = ()
    told: int = 0

    @property
    def text(self) -> str:
        """The part that may change."""
        return self.dialogue.reply[: self.editable]

    def verdict(self, principle: Principle) -> Verdict:
        """The last verdict on `principle`."""
        return next(verdict for verdict in self.verdicts if verdict.principle == principle.id)

    def with_passage(self, start: int, end: int, passage: str) -> Draft:
        """The draft with `passage` in place of what stood from `start` to `end`; not judged yet."""
        reply = self.dialogue.reply
        return replace(
            self,
            dialogue=replace(self.dialogue, reply=reply[:start] + passage + reply[end:]),
            editable=self.editable + len(passage) - (end - start),
            unknown=moved(self.unknown, start, end, len(passage)),
        )

    def noting(self, revision: Revision) -> Draft:
        """The draft with one more attempt on record."""
        return replace(self, revisions=(*self.revisions, revision))


def rewritten(
    draft: Draft, broken: Sequence[Principle], principles: Sequence[Principle], settings: Settings
) -> Story[Draft]:
    """Let the critic rewrite, at most `settings.rounds` times, what breaks the principles `broken`.

    A principle with a check is left alone: what it finds is exact, and taking it out is surer than any words.
    """
    for number in range(1, settings.rounds + 1):
        for principle in broken:
            if principle.check is None and draft.verdict(principle).state == "fired":
                draft = yield from _attempt(draft, principle, principles, settings, number)
    return draft


def _attempt(
    draft: Draft, principle: Principle, principles: Sequence[Principle], settings: Settings, number: int
) -> Story[Draft]:
    def noted(kept: Draft, critique: str, problem: str) -> Draft:
        return kept.noting(Revision(0, number, (principle.id,), "rewrite", critique, not problem, problem))

    critique = yield from criticise(
        draft.dialogue, principle, settings.prompts, begin=draft.told, editable=draft.editable
    )
    if isinstance(critique, str):
        return noted(draft, "", critique)
    quote = draft.text[critique.start : critique.end]
    draft = replace(draft, quotes=(*(q for q in draft.quotes if q[0] != principle.id), (principle.id, quote)))
    passage = yield from _passage(draft, principle, critique, settings)
    if passage is None:
        return noted(draft, critique.text, "The critic could not write a revision.")
    problem = unacceptable(draft.dialogue, critique.start, critique.end, passage)
    if problem:
        return noted(draft, critique.text, problem)
    new = draft.with_passage(critique.start, critique.end, passage)
    new = replace(new, verdicts=(yield from judge(new.dialogue, principles, new.unknown)))
    problem = worse(draft.verdicts, new.verdicts, principle.id)
    return noted(draft if problem else new, critique.text, problem)


def _passage(draft: Draft, principle: Principle, critique: Critique, settings: Settings) -> Story[str | None]:
    quote = draft.text[critique.start : critique.end]
    prompt = settings.prompts.revise.format(
        statement=principle.statement, reply=draft.text, passage=quote, problem=critique.problem
    )
    try:
        # A token is at least one character, so a rewrite as long as the passage always fits.
        text = yield Write(prompt, max(LEAST_TOKENS, len(quote)))
    except CriticError:
        return None
    return tidy(text, quote) if isinstance(text, str) else None


def tidy(text: str, quote: str) -> str:
    """A passage as the model wrote it, without its label and the quotation marks that `quote` does not have."""
    passage = _LABEL.sub("", text).strip()
    if len(passage) > 1 and passage[0] == passage[-1] == '"' and not quote.startswith('"'):
        passage = passage[1:-1]
    return passage


def redacted(draft: Draft, broken: Sequence[Principle]) -> Draft:
    """The draft with every offending span replaced by its principle's template or a neutral word; not judged yet.

    Where spans of several principles overlap, the first principle's words stand for all of it. Half a placeholder
    means nothing, so a span that cuts one takes all of it.
    """
    places = sorted(
        (span, order) for order, principle in enumerate(broken) for span in offending(draft, spans_of(draft, principle))
    )
    groups: list[tuple[Range, int]] = []
    for (start, end), order in places:
        if groups and start < groups[-1][0][1]:
            (first, last), owner = groups[-1]
            groups[-1] = ((first, max(last, end)), min(owner, order))
        else:
            groups.append(((start, end), order))
    said: set[int] = set()
    words: list[str] = []
    for _, order in groups:
        words.append(stand_in(broken[order], again=order in said))
        said.add(order)
    for ((start, end), _), passage in zip(reversed(groups), reversed(words), strict=True):
        draft = draft.with_passage(start, end, passage)
    return draft


def offending(draft: Draft, spans: Sequence[Range]) -> list[Range]:
    """`spans` with all of the placeholders that they cut."""
    whole = [match.span() for match in KEPT["a placeholder"].finditer(draft.text)]
    return [_widened(span, whole) for span in spans]


def spans_of(draft: Draft, principle: Principle) -> tuple[Range, ...]:
    """Where the reply breaks `principle`: the verdict's spans, else where the last critique's quote stands."""
    spans = draft.verdict(principle).spans
    if spans:
        return spans
    quote = dict(draft.quotes).get(principle.id)
    start = draft.text.find(quote, draft.told) if quote else -1
    return ((start, start + len(quote)),) if quote and start >= 0 else ()


def stand_in(principle: Principle, *, again: bool) -> str:
    """What takes the place of an offending passage. A template is a sentence, so `again` it is not repeated.

    The template of a check stands for a detail, and so for each.
    """
    if principle.template and again and principle.check is None:
        return ""
    return principle.template or f"[removed: {principle.id}]"


def _widened(span: Range, placeholders: Sequence[Range]) -> Range:
    start, end = span
    for first, last in placeholders:
        if first < span[1] and span[0] < last:
            start, end = min(start, first), max(end, last)
    return start, end
