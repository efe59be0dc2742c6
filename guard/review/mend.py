"""Three ways to mend a reply: rewrite the passage, take it out, or put the principle's template in its place.

Each is a story that gives the new text and its judgement, or None, and notes what it tried.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from guard.asks import Story, Write
from guard.constitution import Principle
from guard.errors import CriticError
from guard.review.accept import objection_to_text, objection_to_verdicts
from guard.review.judge import judge
from guard.review.prompts import Prompts
from guard.types import Dialogue, Revision, Verdict

Mended: TypeAlias = tuple[str, tuple[Verdict, ...]] | None
Method = Literal["redaction", "template", "rewrite"]

_QUOTE = re.compile(r"«(.+?)»|“(.+?)”|\"(.+?)\"", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mending:
    """A reply that is to be mended: its judgement, the principles to mend, and how much of it may be changed."""

    dialogue: Dialogue
    principles: tuple[Principle, ...]
    verdicts: tuple[Verdict, ...]
    to_mend: tuple[Principle, ...]
    editable: int

    @property
    def text(self) -> str:
        """The part that may be changed."""
        return self.dialogue.reply[: self.editable]

    @property
    def beyond_reach(self) -> bool:
        """Whether a violation lies, at least partly, where nothing may be changed."""
        return any(end > self.editable for principle in self.to_mend for _, end in self.verdict(principle).spans)

    @property
    def ids(self) -> tuple[str, ...]:
        """The names of the principles to mend."""
        return tuple(principle.id for principle in self.to_mend)

    def verdict(self, principle: Principle) -> Verdict:
        """The judgement of one principle."""
        return next(verdict for verdict in self.verdicts if verdict.principle == principle.id)

    def with_text(self, text: str) -> Dialogue:
        """The dialogue with another text in the part that may be changed."""
        return replace(self.dialogue, reply=text + self.dialogue.reply[self.editable :])


def redacted(mending: Mending, attempts: list[Revision]) -> Story[Mended]:
    """Take out the passages that violate; only where the critic points at one for every principle."""
    cuts: list[tuple[int, int, str]] = []
    for principle in mending.to_mend:
        spans = mending.verdict(principle).spans
        if not spans:
            return None
        cuts += [(start, end, _stand_in(principle, first=not at)) for at, (start, end) in enumerate(spans)]
    text = _cut(mending.text, cuts)
    return (yield from _judged_again(mending, text, "redaction", attempts))


def replaced(mending: Mending, attempts: list[Revision]) -> Story[Mended]:
    """Say the principles' templates instead of the reply; only where nothing else of the reply remains."""
    templates = [principle.template for principle in mending.to_mend if principle.template]
    if len(templates) < len(mending.to_mend) or mending.dialogue.reply[mending.editable :].strip():
        return None
    text = " ".join(templates)
    attempts.append(Revision(0, 1, mending.ids, "template", "", accepted=True, reason="the principle's own words"))
    yield from ()
    return text, ()


def rewritten(mending: Mending, rounds: int, prompts: Prompts, attempts: list[Revision]) -> Story[Mended]:
    """Let the critic quote the passage and rewrite it; at most `rounds` times for each principle."""
    text, verdicts = mending.text, mending.verdicts
    for principle in mending.to_mend:
        for round_ in range(1, rounds + 1):
            current = replace(mending, dialogue=mending.with_text(text), verdicts=verdicts, editable=len(text))
            attempt = yield from _rewrite(current, principle, prompts)
            new, verdicts_after, critique, objection = attempt
            attempts.append(
                Revision(0, round_, (principle.id,), "rewrite", critique, accepted=not objection, reason=objection)
            )
            if not objection:
                text, verdicts = new, verdicts_after
                break
    still = {verdict.principle for verdict in verdicts if verdict.state == "fired"}
    return None if still & set(mending.ids) else (text, verdicts)


def _rewrite(
    mending: Mending, principle: Principle, prompts: Prompts
) -> Story[tuple[str, tuple[Verdict, ...], str, str]]:
    """One round for one principle: the new text, its judgement, the critique, and what speaks against it."""
    text, dialogue = mending.text, mending.dialogue
    try:
        critique = yield Write(
            prompts.critique.format(
                rule=principle.statement, question=principle.question, prompt=dialogue.prompt, reply=text
            )
        )
        passage = _quoted(critique, text)
        if passage is None:
            return text, (), critique, "the critique quotes nothing of the reply"
        answer = yield Write(
            prompts.revision.format(rule=principle.statement, passage=passage, critique=critique),
            max_tokens=64 + len(passage),
        )
    except CriticError as error:
        return text, (), "", f"the critic failed: {error.message}"
    passage_after = answer.strip().strip("«»")
    objection = objection_to_text(passage, passage_after, text)
    if objection:
        return text, (), critique, objection
    new = text.replace(passage, passage_after, 1)
    verdicts = yield from judge(mending.with_text(new), mending.principles, ())
    verdicts = _with_checks(mending, verdicts)
    return new, verdicts, critique, objection_to_verdicts((principle.id,), mending.verdicts, verdicts)


def _with_checks(mending: Mending, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """The exact checks are not asked again after a rewriting: what they found counts until it is taken out."""
    kept = {principle.id for principle in mending.principles if principle.check is not None}
    old = {verdict.principle: verdict for verdict in mending.verdicts}
    return tuple(old[verdict.principle] if verdict.principle in kept else verdict for verdict in verdicts)


def _judged_again(mending: Mending, text: str, method: Method, attempts: list[Revision]) -> Story[Mended]:
    verdicts = yield from judge(mending.with_text(text), mending.principles, ())
    objection = objection_to_verdicts(mending.ids, mending.verdicts, verdicts)
    attempts.append(Revision(0, 1, mending.ids, method, "", accepted=not objection, reason=objection))
    return None if objection else (text, verdicts)


def _stand_in(principle: Principle, *, first: bool) -> str:
    """What stands where a passage was: the template, said once, or a mark that names the principle."""
    if principle.check is not None or not principle.template:
        return f"[removed: {principle.id}]"
    return principle.template if first else ""


def _cut(text: str, cuts: Sequence[tuple[int, int, str]]) -> str:
    """`text` with each passage replaced; passages that overlap become one."""
    pieces: list[str] = []
    last = 0
    for start, end, stand_in in sorted(cuts):
        if start >= last:
            pieces += [text[last:start], stand_in]
        elif stand_in and stand_in not in pieces:
            pieces += [" ", stand_in]
        last = max(last, end)
    return "".join([*pieces, text[last:]])


def _quoted(critique: str, text: str) -> str | None:
    """The longest quotation of the critique that stands word for word in the text."""
    quotes = [next(group for group in match.groups() if group) for match in _QUOTE.finditer(critique)]
    verbatim = [quote.strip() for quote in quotes if quote.strip() and quote.strip() in text]
    return max(verbatim, key=len, default=None)
