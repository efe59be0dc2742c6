"""The checks of one exchange: what left, what came back, what was judged, and what is in the log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from guard.audit.reading import Recorded
from guard.constitution import in_force
from guard.doctor.bench import Bench
from guard.doctor.canaries import Canary
from guard.doctor.capture import Call
from guard.doctor.client import Answer
from guard.doctor.report import Cell, Check, Finding, Line
from guard.doctor.searching import Search
from guard.doctor.wires import Parts, Wire, argument_of
from guard.errors import AuditError
from guard.mask.placeholders import looks_like_one
from guard.policy import Policy
from guard.types import Operator

_PLACEHOLDER = re.compile(r"[<&\[]?(?:lt;)?\b([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+)\b")
_COMES_BACK: frozenset[Operator] = frozenset({"placeholder", "keep", "route"})


@dataclass(frozen=True, slots=True)
class Visit:
    """One exchange and all that is known of it: what was planted, what left, what came back, what is in the log.

    `said` is what the upstream repeats, each of the `parts` of its reply the same.
    """

    wire: Wire
    mode: str
    policy: Policy | None
    planted: Sequence[Canary]
    said: str
    calls: Sequence[Call]
    answer: Answer
    recorded: Recorded | None
    parts: tuple[str, ...] = ("content",)

    def operator(self, canary: Canary) -> Operator:
        """What the policy does with a canary."""
        if self.policy is None:
            return "placeholder"
        return self.policy.mask.entities.get(canary.entity, self.policy.mask.default)

    def finding(self, check: Check, message: str, canary: Canary | None = None) -> Finding:
        """A finding about this exchange."""
        field, kind = (canary.field, canary.kind) if canary else ("", "")
        return Finding(self.wire.surface, self.mode, check, field, kind, message)


def examined(visit: Visit, bench: Bench) -> tuple[Line, list[Finding]]:
    """A line of the table for an exchange, and what is wrong with it."""
    findings: list[Finding] = []
    policy = visit.policy.policy if visit.policy else ""
    cells = [_cell(check(visit, bench), findings) for check in (_masked, _restored, _reviewed, _logged)]
    return Line(visit.wire.surface, visit.mode, policy, *cells), findings


def recorded(bench: Bench, answer: Answer) -> Recorded | None:
    """What the log holds of an exchange."""
    name = answer.headers.get("x-guard-exchange")
    try:
        return bench.reader.show(name) if name else None
    except AuditError:
        return None


@dataclass(frozen=True, slots=True)
class _Result:
    """How a check went: words for its cell, and what is wrong; `done` is False where there is nothing to check."""

    words: str
    wrong: Sequence[Finding] = ()
    done: bool = True


def _cell(result: _Result, findings: list[Finding]) -> Cell:
    findings += result.wrong
    return Cell(None if not result.done else not result.wrong, result.words)


def left(visit: Visit) -> Iterator[tuple[Canary, Call]]:
    """The canaries that left, each with the call that it left in, whatever the policy says of them."""
    search = Search(visit.planted)
    for call in visit.calls:
        yield from ((canary, call) for canary in search.found(call.raw))


def leaked(visit: Visit, trusted: Iterable[str]) -> tuple[list[Finding], set[str]]:
    """What left although it may not, and the kinds that left because the policy says so."""
    wrong: dict[Canary, Finding] = {}
    allowed: set[str] = set()
    in_house = set(trusted)
    for canary, call in left(visit):
        operator = visit.operator(canary)
        if operator == "keep":
            allowed.add(f"{canary.kind} kept by policy")
        elif operator == "route" and call.upstream in in_house:
            allowed.add(f"{canary.kind} routed in-house by policy")
        else:
            wrong[canary] = visit.finding("masked", f"left guard, towards the upstream '{call.upstream}'", canary)
    return list(wrong.values()), allowed


def _masked(visit: Visit, bench: Bench) -> _Result:
    wrong, allowed = leaked(visit, (u.name for u in bench.service.config.upstreams if u.trusted))
    if not visit.calls:
        status, problem = visit.answer.status, visit.answer.problem
        failed = visit.finding("masked", f"nothing left, and guard answered {status}: {problem}")
        refused = status in {400, 401, 403, 404}
        return _Result(f"refused, {status}", [] if refused else [failed], done=not refused)
    total = sum(visit.operator(canary) not in {"keep", "route"} for canary in visit.planted)
    told = f"{len(wrong)} of {total} LEFT" if wrong else f"{total} of {total}"
    return _Result(", ".join([*([told] if total else []), *sorted(allowed)]), wrong)


def _restored(visit: Visit, bench: Bench) -> _Result:
    del bench
    decision = visit.answer.headers.get("x-guard-decision", "")
    if not _speaks(visit.wire) or not visit.calls:
        return _Result("no words come back" if visit.calls else "no reply", done=False)
    if decision in {"revise", "escalate", "block"}:
        return _Result(f"the review said {decision}", done=False)
    told = visit.answer.told(visit.wire) if visit.answer.status == 200 else ()
    if not told:
        said = visit.answer.problem if visit.answer.status != 200 else "what the API does not answer with"
        return _Result("no reply", [visit.finding("restored", f"guard answered {visit.answer.status}: {said}")])
    wrong = list(dict.fromkeys(finding for parts in told for finding in _compared(visit, parts)))
    back = [canary for canary in visit.planted if canary.value in visit.said]
    gone = ", ".join(sorted({canary.kind for canary in back if visit.operator(canary) not in _COMES_BACK}))
    words = f"all but {gone}, by policy" if gone else "byte for byte"
    return _Result("not as sent" if wrong else words, wrong)


def _compared(visit: Visit, told: Parts) -> Iterator[Finding]:
    """What is wrong with each part of a reply, all of which repeat what was said."""
    back = [canary for canary in visit.planted if canary.value in visit.said]
    restorable = [canary for canary in back if visit.operator(canary) in _COMES_BACK]
    for part in visit.parts:
        text = getattr(told, part)
        if text == visit.said:
            continue
        text = argument_of(text)  # where the client asks for JSON, words come in an object
        lost = [canary for canary in restorable if canary.value not in text]
        for canary in lost:
            yield visit.finding("restored", f"did not come back in the {part} of the reply", canary)
        if placeholders_in(text):
            yield visit.finding("restored", f"a placeholder is left in the {part} of the reply")
        elif not lost and len(restorable) == len(back) and text != visit.said:
            yield visit.finding("restored", f"the {part} of the reply is not byte for byte what was sent")


def placeholders_in(text: str) -> int:
    """How many placeholders stand in a text that a client was told."""
    return sum(looks_like_one(match[1]) for match in _PLACEHOLDER.finditer(text))


def _reviewed(visit: Visit, bench: Bench) -> _Result:
    if not _speaks(visit.wire):
        return _Result("no words come back", done=False)
    closing = visit.recorded.closing if visit.recorded else None
    if visit.policy is None or not visit.calls or closing is None:
        return _Result("no reply", done=False)
    documents = [bench.service.constitutions[name] for name in visit.policy.review.constitutions]
    early = _early(visit)
    if not documents:
        silent = (
            [] if closing.not_judged else [visit.finding("reviewed", "the log does not say that nothing was judged")]
        )
        return _Result("no constitution, the log says not judged", silent + early, done=bool(silent + early))
    opening = visit.recorded.opening if visit.recorded else None
    force = in_force(documents, opening.principal, opening.surface) if opening else None
    # Those for some languages only may not apply, and the prompt's are in the opening.
    due = [p for p in force.principles if not p.scope.languages and p.applies_to != "prompt"] if force else []
    principles = {principle.id for principle in due}
    judged = {verdict.principle for _, verdict in closing.verdicts if verdict.state != "not_judged"}
    missing = principles - judged - set(closing.not_judged)
    wrong = [visit.finding("reviewed", f"the log has no verdict for the principle '{one}'") for one in sorted(missing)]
    held = (
        {"window": ", by windows", "hold": ", held", "observe": ", observed"}.get(visit.policy.review.stream, "")
        if visit.mode == "stream"
        else ""
    )
    lost = f", {len(closing.not_judged)} not judged" if closing.not_judged else ""
    return _Result(f"{len(judged & principles)} principles{held}{lost}, {closing.decision}", wrong + early)


def _early(visit: Visit) -> list[Finding]:
    """A stream must not begin before a window of it has passed, nor, where it is held, before the upstream's end."""
    ended = max((call.ended for call in visit.calls if call.ended is not None), default=None)
    closing = visit.recorded.closing if visit.recorded else None
    way = visit.policy.review.stream if visit.policy else "observe"
    held = way == "hold" or (way == "window" and (closing is None or "windows" not in closing.timings_ms))
    if visit.mode == "stream" and held and ended is not None and visit.answer.first < ended:
        return [visit.finding("reviewed", "the stream began to reach the client before its review")]
    return []


def _logged(visit: Visit, bench: Bench) -> _Result:
    del bench
    if not visit.calls and visit.recorded is None:
        return _Result("nothing left, no entry", done=False)
    wrong: list[Finding] = []
    if not all(call.opened for call in visit.calls):
        wrong.append(visit.finding("logged", "the entry was not in the log when the first byte left"))
    if visit.recorded is None:
        wrong.append(visit.finding("logged", "there is no entry of the exchange"))
    elif visit.recorded.closing is None:
        wrong.append(visit.finding("logged", "the entry was not closed when the reply had come"))
    spans = visit.recorded.opening.spans if visit.recorded else ()
    finds = sum(span.operator != "keep" for span in spans)
    return _Result(f"opened, closed, {finds} finds" if not wrong else "incomplete", wrong)


def _speaks(wire: Wire) -> bool:
    from guard.surfaces.table import BY_NAME

    return BY_NAME[wire.surface].speaks
