"""The built-in client's rounds: every surface, whole and streamed, and then the ways around the body."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from random import Random
from typing import Any, TypeAlias
from urllib.parse import quote

from guard.doctor.bench import Bench
from guard.doctor.bodies import SHORT, TEMPLATES, Filled
from guard.doctor.canaries import KINDS, Canary, Planter
from guard.doctor.checks import Visit, examined, recorded
from guard.doctor.client import Answer, ask
from guard.doctor.report import Cell, Finding, Line, Report
from guard.doctor.searching import Search
from guard.doctor.wires import Wire
from guard.doctor.wires_items import BY_SURFACE, WIRES
from guard.policy import MODELLED, Policy
from guard.surfaces.table import BY_NAME

Asked: TypeAlias = tuple[str, str, Any, Mapping[str, str]]  # a method, a target, a body, headers

# Headers of a client: some go on to an upstream, if they look like what they should hold.
_HEADERS = (
    "x-request-note", "user-agent", "referer", "cookie", "from", "openai-organization", "openai-project",
    "openai-beta", "anthropic-version", "anthropic-beta", "x-forwarded-for", "traceparent",
)  # fmt: skip


def make_rounds(bench: Bench, report: Report, random: Random, surfaces: Collection[str] = ()) -> list[Canary]:
    """Everything the built-in client does, on all or some surfaces. Returns what it planted and no policy keeps."""
    rounds = Rounds(bench, report, Planter(random, ()))
    for wire in WIRES:
        if not surfaces or wire.surface in surfaces:
            rounds.surface(wire)
    rounds.around()
    rounds.tell_refusals()
    return rounds.planted


class Rounds:
    """The rounds on one bench."""

    def __init__(self, bench: Bench, report: Report, planter: Planter) -> None:
        self._bench = bench
        self._report = report
        self._planter = planter
        self._refusals: dict[str, list[str]] = {}
        self.planted: list[Canary] = []

    def surface(self, wire: Wire) -> None:
        """Every visit of one surface, and its lines in the report."""
        policy = self._bench.policy(wire.surface)
        if policy is None:
            self._refused(wire)
            return
        alone = {kind: _operator(policy, kind) for kind in _kinds(policy)}
        together = [kind for kind, operator in alone.items() if operator not in {"block", "route"}]
        for mode in ("whole", "stream") if BY_NAME[wire.surface].streams else ("whole",):
            visits = [self._visit(wire, mode, policy, templates, together) for templates in (TEMPLATES, SHORT)]
            for visit in visits:
                if not visit.calls:
                    self._refusals.setdefault(visit.answer.problem, []).append(wire.surface)
            (line, findings), (second, more) = (examined(visit, self._bench) for visit in visits)
            self._add(line.joined(second), [*findings, *more])
        for kind, operator in alone.items():
            if operator in {"block", "route"}:
                self._alone(wire, policy, kind, operator)

    def _visit(
        self, wire: Wire, mode: str, policy: Policy | None, templates: Mapping[str, Any], kinds: Sequence[str]
    ) -> Visit:
        planter = self._planter.only(*kinds)
        filled = Filled(BY_NAME[wire.surface], templates[wire.surface], planter)
        self.planted += [one for one in planter.planted if policy is None or _operator(policy, one.kind) != "keep"]
        model, stream = self._bench.model(wire.surface), mode == "stream"
        asked = wire.request(model, filled.body, stream=stream)
        target = wire.target(model, asked, stream=stream)
        answer = ask(self._bench.url, "POST", target, key=self._bench.key, body=asked)
        calls = self._bench.capture.taken()
        entry = recorded(self._bench, answer)
        parts = ("content",) if wire.surface == "completions" else ("content", "argument", "reasoning")
        return Visit(wire, mode, policy, planter.planted, filled.said, calls, answer, entry, parts)

    def _refused(self, wire: Wire) -> None:
        """A surface that the configuration does not serve, or the policies to nobody of this kind: nothing leaves."""
        visit = self._visit(wire, "whole", None, TEMPLATES, _without_names())
        wrong = self._leaks("masked", wire.surface, visit.planted, visit.answer, len(visit.calls))
        self._refusals.setdefault(visit.answer.problem, []).append(wire.surface)
        self._add(Line(wire.surface, masked=Cell(False if wrong else None, f"refused, {visit.answer.status}")), wrong)

    def _alone(self, wire: Wire, policy: Policy, kind: str, operator: str) -> None:
        """A kind that decides over the whole exchange: blocked, or kept in the house."""
        visit = self._visit(wire, operator, policy, SHORT, (kind,))
        if operator == "route":
            line, wrong = examined(visit, self._bench)
            elsewhere = {call.upstream for call in visit.calls} - {policy.route.to if policy.route else ""}
            wrong += [visit.finding("masked", f"was asked of '{name}', not of the policy's") for name in elsewhere]
        else:
            wrong = self._leaks("masked", wire.surface, visit.planted, visit.answer, len(visit.calls))
            if visit.answer.status != 403:
                wrong.append(visit.finding("masked", f"is to be blocked, and guard answered {visit.answer.status}"))
            line = Line(wire.surface, operator, policy.policy, masked=Cell(not wrong, f"{kind} blocked"))
        self._add(line, wrong)

    def around(self) -> None:
        """What stands beside a body: the query, headers, the name of the model, and routes that are not served."""
        wire = next((wire for wire in WIRES if self._bench.policy(wire.surface) is not None), BY_SURFACE["chat"])
        policy = self._bench.policy(wire.surface)
        kinds = [kind for kind in _without_names() if policy is None or _operator(policy, kind) != "keep"]
        model = self._bench.model(wire.surface)
        body = wire.request(model, _harmless(wire), stream=False)
        target = wire.target(model, body, stream=False)

        def words(planter: Planter, field: str) -> list[str]:
            return [planter.word(field) for _ in kinds]

        planter = self._planter.only(*kinds)
        spelled = [f"to={quote(word)}&also={word.replace(' ', '+')}" for word in words(planter, "query")]
        self._around("query", planter, [("POST", f"{target}?{query}", body, {}) for query in spelled])
        planter = planter.only(*kinds)
        headers = [{name: word} for name in _HEADERS for word in words(planter, name)]
        self._around("headers", planter, [("POST", target, body, header) for header in headers])
        planter = planter.only(*kinds)
        named = [spelling for word in words(planter, "model") for spelling in (word, word.replace(" ", ""))]
        calls = [(wire.target(name, body, stream=False), wire.request(name, body, stream=False)) for name in named]
        self._around("model name", planter, [("POST", where, asked, {}) for where, asked in calls])
        planter = planter.only(*kinds)
        self._around("other routes", planter, list(_other_routes(planter, len(kinds))))

    def _around(self, what: str, planter: Planter, asked: Sequence[Asked]) -> None:
        wrong: list[Finding] = []
        statuses: dict[int, int] = {}
        for method, target, body, headers in asked:
            answer = ask(self._bench.url, method, target, key=self._bench.key, body=body, headers=headers)
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            calls = self._bench.capture.taken()
            found = Search(planter.planted).found(b"\n".join(call.raw for call in calls))
            wrong += [Finding(f"({what})", "", "masked", one.field, one.kind, "left guard") for one in found]
            wrong += self._leaks("masked", f"({what})", planter.planted, answer, 0)
        self.planted += planter.planted
        counts = ", ".join(f"{count} answered {status}" for status, count in sorted(statuses.items()))
        self._add(Line(f"({what})", masked=Cell(not wrong, counts)), wrong)

    def _leaks(self, check: Any, surface: str, planted: Sequence[Canary], answer: Answer, calls: int) -> list[Finding]:
        """What is wrong with a refusal: that something left, or that it quotes a value."""
        wrong = [Finding(surface, "", check, "", "", "was refused, and still reached an upstream")] if calls else []
        quoted = Search(planted).found(answer.body + repr(answer.headers).encode())
        wrong += [Finding(surface, "", check, one.field, one.kind, "stands in guard's answer") for one in quoted]
        if not 200 <= answer.status < 500 or (answer.status >= 400 and answer.problem.startswith("no error")):
            wrong.append(Finding(surface, "", check, "", "", f"guard answered {answer.status}: {answer.problem}"))
        return wrong

    def tell_refusals(self) -> None:
        """Add to the report why surfaces could not be examined."""
        for problem, surfaces in self._refusals.items():
            self._report.note(f"refused: {', '.join(dict.fromkeys(surfaces))} ({problem})")

    def _add(self, line: Line, findings: Sequence[Finding]) -> None:
        self._report.lines.append(line)
        self._report.findings += findings


def _other_routes(planter: Planter, count: int) -> Iterator[Asked]:
    for _ in range(count):
        word = quote(planter.word("path"))
        yield "GET", f"/v1/models?after={word}", None, {"x-note": planter.word("header")}
        yield "GET", f"/v1/files/{word}", None, {}
        yield "POST", f"/v1/{word}", {"text": planter.word("body")}, {}
        yield "PUT", f"/v1/chat/completions?{word}", {"text": planter.word("body")}, {}


def _kinds(policy: Policy) -> list[str]:
    """The kinds that a policy is to find: names only where the models for names run."""
    return [kind for kind in KINDS if not KINDS[kind].model or policy.recognize.profile in MODELLED]


def _without_names() -> list[str]:
    return [kind for kind in KINDS if not KINDS[kind].model]


def _operator(policy: Policy, kind: str) -> str:
    return policy.mask.entities.get(KINDS[kind].entity, policy.mask.default)


def _harmless(wire: Wire) -> dict[str, Any]:
    """A body in which there is nothing to find."""
    return Filled(BY_NAME[wire.surface], SHORT[wire.surface], Planter(Random(0), ())).body  # noqa: S311 - no secret
