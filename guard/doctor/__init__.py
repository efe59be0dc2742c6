"""`guard doctor`: canaries go in, what would leave is caught, and every step of the way is checked.

It examines the user's own configuration: policies, recognizers, constitutions and critic as they are. Upstreams are
replaced by a server in this process, so nothing goes to any of them; log, vault and keys are in a folder that is thrown
away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from random import SystemRandom
from typing import TYPE_CHECKING, TypeAlias

from guard.doctor.report import Report
from guard.policy import MODELLED

if TYPE_CHECKING:
    from guard.config import Config
    from guard.doctor.bench import Application, Bench
    from guard.doctor.canaries import Canary
    from guard.types import Progress

__all__ = ["Caller", "Report", "examine"]

Listening: TypeAlias = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom the doctor calls, so that the policy of a team, an application or a model can be examined."""

    user: str = "doctor"
    team: str = ""
    application: str = ""
    model: str | None = None


def examine(
    config: Config,
    progress: Progress,
    *,
    caller: Caller | None = None,
    client: str | None = None,
    listening: Listening | None = None,
    surfaces: Collection[str] = (),
    application: Application | None = None,
) -> Report:
    """Examine a configuration. Raises ConfigError, AuditError.

    The built-in client calls the `surfaces`, or all where none is named. Or `client`, a command, is run. Or `listening`
    is called with a base URL, a key and a text of canaries, and returns when the client is done that somebody else
    drives.
    """
    from guard import serving
    from guard.doctor.afterwards import check_folder
    from guard.doctor.bench import laid_out
    from guard.doctor.rounds import make_rounds

    report = Report()
    everything = client is None and listening is None
    parts = laid_out(config, progress, caller or Caller(), application or serving.application, everything=everything)
    with parts as (bench, running):
        if everything:
            progress("calling every surface")
            planted = make_rounds(bench, report, SystemRandom(), surfaces)
        else:
            planted = _visited(bench, report, client, listening)
        running.close()
        check_folder(bench, planted, report)
    return report


def _visited(bench: Bench, report: Report, client: str | None, listening: Listening | None) -> list[Canary]:
    """Let the user's client call guard, and report on it. Returns the canaries that no policy keeps."""
    from guard.doctor.visit import Given, report_calls, run_client

    names = all(policy.recognize.profile in MODELLED for policy in bench.service.policies)
    given = Given.made(SystemRandom(), names=names)
    if client is not None:
        return run_client(bench, given, client, report)
    if listening is not None:
        listening(bench.url, bench.key, given.text)
    return report_calls(bench, given, report)
