"""The user's own client on the bench: what it is given, and what its calls show."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from guard.doctor.bench import Bench
from guard.doctor.canaries import KINDS, Canary, Planter
from guard.doctor.capture import Call, object_of, repeated
from guard.doctor.checks import Visit, examined, placeholders_in, recorded
from guard.doctor.client import Answer
from guard.doctor.report import Cell, Finding, Line, Report
from guard.doctor.searching import Search
from guard.doctor.wires import Wire
from guard.doctor.wires_items import wire_at
from guard.doctor.witness import Seen
from guard.errors import ConfigError

CLIENT = "(client)"
PROMPT = "Repeat this to me, word for word: "


@dataclass(frozen=True, slots=True)
class Given:
    """What a client is given: canaries, and the text that holds them all."""

    text: str
    canaries: tuple[Canary, ...]

    @classmethod
    def made(cls, random: Random, *, names: bool) -> Given:
        """A new canary of every kind that patterns find, and a name where the models for names run."""
        planter = Planter(random, [kind for kind in KINDS if names or not KINDS[kind].model])
        return cls(PROMPT + planter.text("the prompt"), tuple(planter.planted))


def environment(bench: Bench, given: Given, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables for a client's process: where guard is, a key for it, and the canaries."""
    canaries = {_variable(canary.kind): canary.value for canary in given.canaries}
    local = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
    places = dict.fromkeys(("OPENAI_BASE_URL", "OPENAI_API_BASE"), f"{bench.url}/v1")
    places |= dict.fromkeys(("ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL"), bench.url)
    keys = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"), bench.key)
    return {**environ, **local, **places, **keys, _variable("text"): given.text, **canaries}


def _variable(kind: str) -> str:
    return f"GUARD_DOCTOR_CANARY_{kind.upper().replace(' ', '_')}"


def run_client(bench: Bench, given: Given, command: str, report: Report) -> list[Canary]:
    """Run the user's command and report what its calls and its output show. Raises ConfigError where it cannot run.

    Returns the canaries that no policy keeps.
    """
    try:
        arguments = [part.replace("{canary}", given.text) for part in shlex.split(command)]
        done = subprocess.run(  # noqa: S603 - the user's own command, from the user's own command line
            arguments, env=environment(bench, given, os.environ), stdout=subprocess.PIPE, check=False
        )
    except (OSError, ValueError, IndexError) as error:
        raise ConfigError(f"--client: the command cannot be run ({type(error).__name__}). Check its path.") from error
    if done.returncode:
        report.note(f"the client ended with status {done.returncode}")
    planted = report_calls(bench, given, report)
    _report_output(given, done.stdout.decode("utf-8", "replace"), report)
    return planted


def report_calls(bench: Bench, given: Given, report: Report) -> list[Canary]:
    """A line for every request that the client made to guard. Returns the canaries that no policy keeps."""
    calls = bench.capture.taken()
    kept: set[Canary] = set()
    for seen in bench.witness.seen:
        wire = wire_at(seen.path)
        if seen.method == "POST" and wire is not None:
            own = next(([call] for call in calls if _same(call.path, seen.path)), [])
            calls = [call for call in calls if call not in own]
            visit = _visit(bench, given, seen, own, wire)
            kept |= {canary for canary in given.canaries if visit.operator(canary) == "keep"}
            line, findings = examined(visit, bench)
            report.lines.append(line)
            report.findings += findings
        else:
            report.lines.append(Line("(other routes)", masked=Cell(None, f"{seen.method} answered {seen.status}")))
    # What is left over: fall-backs that were asked too, and the lists of models.
    planted = [canary for canary in given.canaries if canary not in kept]
    found = Search(planted).found(b"\n".join(call.raw for call in calls))
    report.findings += [Finding(CLIENT, "", "masked", one.field, one.kind, "left guard") for one in found]
    report.findings += _untried(bench.witness.seen, given)
    return planted


def _untried(seen: Sequence[Seen], given: Given) -> list[Finding]:
    """Why nothing was tried, if nothing was."""
    if not any(wire_at(one.path) for one in seen):
        missing = "no call came through guard: the client does not use the base URL that it was given"
    elif not any(Search(given.canaries).found(one.asked) for one in seen):
        missing = "no call held a canary: put {canary} into the command, or GUARD_DOCTOR_CANARY_TEXT into the prompt"
    else:
        return []
    return [Finding(CLIENT, "", "masked", "", "", missing)]


def _same(left: str, came: str) -> bool:
    """Whether a call left for where it came to; Google's APIs are called in the version of the upstream."""
    return left.removeprefix("/v1beta/") == came.removeprefix("/v1beta/").removeprefix("/v1/") or left == came


def _visit(bench: Bench, given: Given, seen: Seen, calls: Sequence[Call], wire: Wire) -> Visit:
    answer = Answer(seen.status, seen.headers, seen.told, seen.first)
    entry = recorded(bench, answer)
    asked = object_of(seen.asked)
    policies = {policy.policy: policy for policy in bench.service.policies}
    policy = policies.get(entry.opening.policy) if entry else bench.policy(wire.surface)
    planted = Search(given.canaries).found(seen.asked)
    mode = "stream" if wire.streams(seen.path, asked) else "whole"
    return Visit(wire, mode, policy, planted, repeated(asked), calls, answer, entry, ("content",))


def _report_output(given: Given, output: str, report: Report) -> None:
    """What the client has written for its user: values, and no placeholders."""
    shown = [canary for canary in given.canaries if canary.value in output]
    left = placeholders_in(output)
    well = False if left else True if shown and report.ok else None
    words = f"its output shows {len(shown)} of {len(given.canaries)} canaries"
    report.lines.append(Line(CLIENT, restored=Cell(well, words)))
    if left:
        report.findings.append(Finding(CLIENT, "", "restored", "", "", f"{left} placeholders stand in its output"))
