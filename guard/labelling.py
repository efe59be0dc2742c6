"""What people said of the critic's verdicts, as examples: each label beside what the critic had before it.

The log holds the masked texts that the critic read, so an example is those and what the label says of them. Where the
log does not tell that beyond doubt, the label is left out and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, assert_never

from guard.audit.labels import Label, Labels
from guard.audit.log import drawer_of, has_drawer, reader_of
from guard.audit.reading import Reader, Recorded
from guard.backends import critics
from guard.config import Config
from guard.constitution import Constitution, Principle, applicable
from guard.errors import RequestError
from guard.outbound import prompt_text
from guard.prompts import turns
from guard.surfaces.surface import Call
from guard.surfaces.table import BY_NAME
from guard.types import Dialogue, Labelled, Opening, Progress, Verdict

Why = Literal["gone", "disputed", "unjudged", "content", "unreadable", "several"]
# gone        of no principle that a critic judges now, or of a verdict that the log does not hold
# disputed    people contradict each other
# unjudged    the critic had failed, and said nothing that could be right or wrong
# content     the words were destroyed, are sealed or were never kept
# unreadable  the request is not of a form that this guard reads
# several     which of several answers, or which of several turns that comply but for one, was meant
WORDS: Final[Mapping[Why, str]] = {
    "gone": "of no principle or verdict that is known",
    "disputed": "on which people disagree",
    "unjudged": "that the critic did not judge",
    "content": "whose content is not kept or sealed",
    "unreadable": "whose request cannot be read any more",
    "several": "that may be about any of several texts",
}

Examples: TypeAlias = tuple[Labelled, ...]


@dataclass(frozen=True, slots=True)
class Learnt:
    """The `examples` that labels of so many `verdicts` gave, and how many verdicts were left out, and why."""

    examples: Examples = ()
    verdicts: int = 0
    left_out: Mapping[Why, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """For people; empty where nobody has said anything."""
        if not self.verdicts and not self.left_out:
            return ""
        without = ", ".join(f"{count} {WORDS[why]}" for why, count in sorted(self.left_out.items()))
        said = f"labels: {self.verdicts} verdicts that people labelled are examples as well"
        return f"{said}; left out: {without}" if without else said


NOTHING: Final = Learnt()


def learn(
    config: Config, documents: Sequence[Constitution], progress: Progress, reader: Reader | None = None
) -> Learnt:
    """What the labels beside the log tell a critic for `documents`. Raises ConfigError, AuditError.

    `reader` is the log, by default that of `config`. Nothing where `critic.labels` is off or the critic does not learn.
    """
    if not config.critic.labels or not critics.learns(config.critic):
        return NOTHING
    labels = labels_of(config)
    if not labels:
        return NOTHING
    learnt = gather(labels, documents, reader or reader_of(config))
    progress(str(learnt))
    return learnt


def labels_of(config: Config) -> Sequence[Label] | None:
    """All labels that people gave, None where no place for them was made yet. Raises ConfigError, AuditError."""
    if not has_drawer(config, "labels"):
        return None
    with closing(Labels(drawer_of(config, "labels", only_read=True))) as store:
        return store.all()


def gather(labels: Sequence[Label], documents: Sequence[Constitution], reader: Reader) -> Learnt:
    """The examples that `labels` give, in the order in which the last word on each was spoken. Raises AuditError."""
    rules = {one.id: one for document in documents for one in document.principles if one.check is None}
    words: dict[tuple[str, str], list[Label]] = {}
    for label in labels:
        words.setdefault((label.exchange, label.principle), []).append(label)
    examples: list[Labelled] = []
    left_out: Counter[Why] = Counter()
    for (_, name), said in sorted(words.items(), key=lambda item: (max(one.time for one in item[1]), item[0])):
        found = _examples(rules.get(name), said, reader)
        if isinstance(found, tuple):
            examples += found
        else:
            left_out[found] += 1
    return Learnt(tuple(examples), len(words) - left_out.total(), dict(left_out))


def _examples(rule: Principle | None, said: Sequence[Label], reader: Reader) -> Examples | Why:
    """What people `said` of one verdict on `rule`."""
    if rule is None:
        return "gone"
    if len({label.right for label in said}) > 1:
        return "disputed"
    recorded = reader.show(said[0].exchange)
    if recorded is None:
        return "gone"
    about_prompt = rule.applies_to == "prompt"
    verdicts = recorded.opening.verdicts if about_prompt else _of_the_reply(recorded)
    first = next((verdict for verdict in verdicts if verdict.principle == rule.id), None)
    if first is None:
        return "gone"
    so = violates(first, right=said[0].right)
    if so is None:
        return "unjudged"
    if recorded.lack is not None or not recorded.opening.request:
        return "content"
    try:
        call = _call(recorded.opening)
    except RequestError:
        return "unreadable"
    return _of_turns(rule, call, violates=so) if about_prompt else _of_answer(rule, call, recorded, so)


def _of_the_reply(recorded: Recorded) -> Sequence[Verdict]:
    return [verdict for _, verdict in recorded.closing.verdicts] if recorded.closing else ()


def violates(verdict: Verdict, *, right: bool) -> bool | None:
    """Whether the text violates, as who calls the verdict `right` or wrong says; None where there was none.

    Of an unsure verdict the console asks for "wrong" where the text violates, and for "right" where it does not.
    """
    match verdict.state:
        case "fired" | "clear" | "unsure":
            return (verdict.state == "fired") == right
        case "not_judged":
            return None
        case _:
            assert_never(verdict.state)


def _of_turns(rule: Principle, call: Call, *, violates: bool) -> Examples | Why:
    """A verdict on a request is the worst of its turns: where it complies, every turn does."""
    judged = [turn for turn in turns(call, {}) if applicable((rule,), turn)]
    if not judged or (violates and len(judged) > 1):
        return "several" if judged else "content"
    return tuple(Labelled(rule.id, Dialogue(turn, ""), violates) for turn in judged)


def _of_answer(rule: Principle, call: Call, recorded: Recorded, violates: bool) -> Examples | Why:  # noqa: FBT001
    closing = recorded.closing
    if closing is None or recorded.closing_lack is not None or not closing.reply:
        return "content"
    if len({choice for choice, _ in closing.verdicts}) > 1:
        return "several"
    return (Labelled(rule.id, Dialogue(prompt_text(call, {}), closing.reply), violates),)


def _call(opening: Opening) -> Call:
    surface = BY_NAME.get(opening.surface)
    if surface is None:
        raise RequestError("the surface is not known")
    raw = opening.request.encode("utf-8", "surrogatepass")
    return surface.recorded(raw, opening.model, stream=opening.stream)
