"""Hold a request to the principles for prompts, turn by turn, before anything of it leaves.

Everything that others than the assistant said is judged: the user's words, results of tools, documents that were
fetched. All of it is data; what stands in a document is as little an instruction here as anything else. What the
application itself wrote (system prompts, tools) is not judged. The history comes with every request, and whoever sends
it may have made it up, so every turn is judged and not only the newest: the shell remembers what it has judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from guard.asks import Story
from guard.constitution import Principle, applicable
from guard.course import Course
from guard.errors import Blocked, CriticError
from guard.review.judge import judge
from guard.review.settings import Settings
from guard.surfaces.fields import word
from guard.surfaces.surface import Call
from guard.surfaces.walk import Path
from guard.types import Dialogue, State, Verdict
from guard.validation import validated

Changes: TypeAlias = Mapping[tuple[Path, bool], str]  # new texts by place; the flag says that it is a key

Answered: TypeAlias = tuple[Principle, Verdict]


@dataclass(frozen=True, slots=True)
class JudgedPrompt:
    """Each principle for prompts that applies to a request, with its verdict: the worst of any turn.

    `doubts` are the turns, masked, about which a person must decide, each with the principles that ask for it.
    """

    answers: tuple[Answered, ...] = ()
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# The fields of requests in which turns stand.
SPOKEN = frozenset({
    "messages", "input", "prompt", "suffix", "contents", "content", "requests", "generateContentRequest",
})  # fmt: skip
# The roles and types of what the assistant said or did, and of instructions.
NOT_ASKED = frozenset({
    "assistant", "model", "system", "developer", "reasoning", "function_call", "custom_tool_call",
})  # fmt: skip
RANK: Mapping[State, int] = {"clear": 0, "unsure": 1, "fired": 2, "not_judged": 3}


def judged_prompt(course: Course, changes: Changes) -> Story[JudgedPrompt]:
    """What the critic says of the request, of which `changes` are the masked texts."""
    asked = _principles(course)
    validates = bool(course.plan.policy.review.validators_on("prompt"))
    if not asked and not validates:
        return JudgedPrompt()
    began = course.plan.clock()
    worst: dict[str, Answered] = {}
    doubts: dict[str, tuple[str, ...]] = {}
    for turn in turns(course.call, changes):
        applying = applicable(asked, turn)
        verdicts = yield from judge(Dialogue(turn, ""), applying, ())
        answers = (*zip(applying, verdicts, strict=True), *(yield from validated(course, turn, "prompt")))
        asking = (one.id for one, verdict in answers if verdict.state == "fired" and one.on_violation == "escalate")
        if named := tuple(asking):
            doubts[turn] = named
        for principle, verdict in answers:
            _, known = worst.setdefault(principle.id, (principle, verdict))
            if _gravity(verdict) > _gravity(known):
                worst[principle.id] = principle, verdict
    course.took("judge_prompt", began)
    first = (principle.id for principle in asked)
    return JudgedPrompt(tuple(worst[one] for one in dict.fromkeys((*first, *worst)) if one in worst), doubts)


def refuse_prompt(settings: Settings, answers: Sequence[Answered]) -> None:
    """Raise Blocked where the request may not leave, CriticError where nobody can say and the policy blocks that.

    What a person must decide about comes after that: see `guard.doubts`.
    """
    for principle, verdict in answers:
        match verdict.state:
            case "fired" if principle.on_violation not in {"annotate", "escalate"}:
                raise Blocked(f"The request violates the principle '{principle.id}': {principle.statement}")
            case "unsure" if settings.on_unsure == "block":
                raise Blocked(f"The critic is not sure whether the request keeps the principle '{principle.id}'.")
            case "not_judged" if settings.on_failure == "block":
                raise CriticError(f"The request could not be judged: {verdict.reason}")
            case "fired" | "unsure" | "not_judged" | "clear":
                pass
            case _:
                assert_never(verdict.state)


def turns(call: Call, changes: Changes) -> tuple[str, ...]:
    """The masked text of each turn of a request that is neither the assistant's nor an instruction; each once."""
    found: dict[Path, list[str]] = {}
    for leaf in call.leaves:
        if leaf.kind == "text" and not leaf.key and leaf.path[0] in SPOKEN:
            place = leaf.path[:2] if leaf.path[1:2] and isinstance(leaf.path[1], int) else leaf.path[:1]
            found.setdefault(place, []).append(changes.get((leaf.path, False), leaf.text))
    texts = ("\n".join(said) for place, said in found.items() if _asks(call, place))
    return tuple(dict.fromkeys(text for text in texts if text.strip()))


def _asks(call: Call, place: Path) -> bool:
    item = call.body[str(place[0])]
    if len(place) > 1 and isinstance(item, list) and isinstance(place[1], int):
        item = item[place[1]]
    return not isinstance(item, dict) or (word(item, "role") or word(item, "type")) not in NOT_ASKED


def _principles(course: Course) -> list[Principle]:
    constitution = course.plan.constitution
    return [one for one in constitution.principles if one.applies_to == "prompt"] if constitution else []


def _gravity(verdict: Verdict) -> tuple[int, float]:
    return RANK[verdict.state], verdict.score
