"""The log as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from guard.audit.checkpoint import PublicKey
from guard.audit.content import Lack
from guard.audit.proving import Status
from guard.audit.reading import Reader, Recorded
from guard.audit.showing import indented, shown
from guard.audit.timestamps import STAMPS, Authority, Stamp, load
from guard.audit.verify import Report
from guard.config import Config
from guard.errors import ConfigError
from guard.times import moment
from guard.types import Closing, FoundSpan, Opening, Verdict

NOTHING: Final = "nothing"


def as_values(recorded: Recorded) -> dict[str, Any]:
    """Both halves of an entry as plain values; `closing` is None while the exchange is unfinished.

    `lacking` says of each half why its words are not told, where they are not.
    """
    closing = recorded.closing
    lacks = {"opening": recorded.lack, "closing": recorded.closing_lack}
    return {
        "opening": asdict(recorded.opening),
        "closing": asdict(closing) if closing else None,
        "lacking": {half: str(lack) for half, lack in lacks.items() if lack is not None},
    }


def as_text(recorded: Recorded) -> str:
    """Both halves of an entry as lines to read."""
    lines = [*_opening(recorded.opening, recorded.lack)]
    if recorded.closing is None:
        lines += ["", "UNFINISHED: the request may have reached the upstream; no end is on record."]
    else:
        lines += _closing(recorded.closing, recorded.closing_lack or recorded.lack)
    return "\n".join(map(_shown, lines))


def proof_line(status: Status) -> str:
    """Whether an exchange can be proven, as the last line of what is shown of it."""
    if status.problem is not None:
        return f"\nproof        NONE: {status.problem}"
    numbers = " and ".join(map(str, status.entries))
    signed = f"{status.size} entries, signed {_time(status.signed_ms / 1000)}"
    return f"\nproof        entry {numbers} of {signed}; for others: guard audit prove"


def _opening(entry: Opening, lack: Lack | None) -> Iterator[str]:
    who = entry.principal
    yield f"exchange     {entry.exchange}"
    yield f"time         {_time(entry.time)}"
    yield f"who          {' / '.join(part for part in (who.team, who.application, who.user) if part)}"
    streamed = ", streamed" if entry.stream else ""
    asked = ", then ".join((entry.upstream, *entry.fallbacks))
    yield f"asked        {entry.model} at {asked}, surface {entry.surface}{streamed}"
    if entry.routed:
        yield f"routed       in-house, because of {', '.join(entry.routed)}"
    yield f"policy       {entry.policy} {entry.policy_digest[:12]}"
    yield f"constitution {entry.constitution or 'none'} {entry.constitution_digest[:12]}"
    yield f"critic       {entry.critic or 'none'} {entry.critic_digest[:12]}"
    yield f"not scanned  {', '.join(entry.not_scanned) or 'nothing'}"
    yield from _spans("masked", entry.spans)
    if entry.verdicts:
        yield "\nscores of the prompt (higher is worse):"
    for verdict in entry.verdicts:
        yield f"  {_score(verdict)}"
    yield "\nwhat left:"
    yield from indented(entry.request or f"({lack or NOTHING})")


def _closing(entry: Closing, lack: Lack | None) -> Iterator[str]:
    for upstream, failure in entry.failed:
        yield f"\n{upstream} failed: {failure}"
    yield f"\nwhat came back{f' from {entry.upstream}' if entry.upstream else ''}:"
    yield from indented(entry.reply or f"({lack or NOTHING})")
    yield from _spans("in the reply", entry.spans)
    yield "\nscores (higher is worse):"
    for choice, verdict in entry.verdicts:
        yield f"  [{choice}] {_score(verdict)}"
    if entry.not_judged:
        yield f"not judged: {', '.join(entry.not_judged)}"
    for revision in entry.revisions:
        state = "accepted" if revision.accepted else f"discarded: {revision.reason}"
        what = f"[{revision.choice}] round {revision.round}, {revision.method}, {', '.join(revision.principles)}"
        yield f"revision {what}: {state}"
        if revision.critique:
            yield from indented(revision.critique)
    if entry.sent != entry.reply:
        yield "\nwhat was sent:"
        yield from indented(entry.sent or f"({NOTHING})")
    yield f"\ndecision     {entry.decision}{f' ({entry.reason})' if entry.reason else ''}"
    yield f"outcome      {entry.outcome}, status {entry.status}, {_time(entry.time)}"
    yield f"unknown placeholders {entry.unknown_placeholders}"
    yield f"tokens       {_pairs(entry.usage)}"
    yield f"milliseconds {_pairs(entry.timings_ms)}"


def _score(verdict: Verdict) -> str:
    reason = f"  {verdict.reason}" if verdict.reason else ""
    return f"{verdict.principle:<32} {verdict.score:5.3f}  {verdict.state}{reason}"


def _spans(title: str, spans: tuple[FoundSpan, ...]) -> Iterator[str]:
    if spans:
        yield f"\n{title}:"
    for span in spans:
        yield f"  {span.field:<32} {span.entity:<16} {span.operator:<12} {span.score:4.2f}  {span.recognizer}"


def verify(
    reader: Reader,
    public_key: Path | None,
    checkpoint: Path | None,
    stamps: Iterable[Stamp | str] = (),
    processes: int = 1,
) -> tuple[list[str], bool]:
    """Check a log; gives what to print, and whether it is sound. Raises ConfigError, AuditError.

    `stamps` are time-stamps over it, or the names of files that hold none; `processes` check the signatures.
    """
    key = PublicKey.parse(read_text(public_key)) if public_key else reader.public_key
    given = [*stamps]
    sound = [stamp for stamp in given if isinstance(stamp, Stamp)]
    trusted = read_text(checkpoint) if checkpoint else None
    report = reader.verify(key, trusted=trusted, stamps=sound, processes=processes)
    lines = [f"{finding.kind} {finding.at}: {finding.message}" for finding in report.findings]
    damaged = [stamp for stamp in given if isinstance(stamp, str)]
    lines += [f"time-stamp {name}: was altered, or is not by this authority, or not of this log" for name in damaged]
    if sound:
        lines.append(_stamped(len(sound), report))
    if report.changes:
        times = "once" if report.changes == 1 else f"{report.changes} times"
        lines.append(f"The signing key was changed {times}; the newest is {report.signer}.")
    if report.sealed:
        lines.append(_sealed(report))
    problems = report.problems + len(damaged)
    lines.append(
        f"{report.entries} entries under {report.checkpoints} checkpoints, {report.unfinished} exchanges unfinished: "
        + (f"NOT sound, {problems} problems" if problems else "sound")
    )
    return lines, not problems


def stamps_of(
    reader: Reader, config: Config, public_key: Path | None, certificates: Path | None, tokens: Path | None
) -> tuple[Stamp | str, ...]:
    """The time-stamps in the folder `tokens`, or in the one beside the log; none where `certificates` is not given.

    Raises ConfigError, AuditError.
    """
    if certificates is None:
        if tokens is not None:
            raise ConfigError("--tokens needs --timestamps: the certificates of the authority that made them.")
        return ()
    key = PublicKey.parse(read_text(public_key)) if public_key else reader.public_key
    found = tuple(load(tokens or config.data / STAMPS, Authority.load(certificates), reader.keys(key)))
    if not found:
        raise ConfigError("there is no time-stamp. 'audit.publish' names the authority, 'guard audit publish' asks it.")
    return found


def _sealed(report: Report) -> str:
    shown = "their seals are right" if report.seals else "only who has the signing key can check their seals"
    said = f"The last {report.sealed} entries are sealed and not signed yet, which takes guard a moment; {shown}."
    return said if report.ok or not report.seals else said.partition(";")[0] + "."


def _stamped(number: int, report: Report) -> str:
    return (
        f"{number} time-stamps: none of the first {report.stamped} entries was made more than "
        f"{timedelta(milliseconds=report.latest_ms)} hours after the time that it bears; "
        f"{report.entries - report.stamped} are newer than the last time-stamp"
    )


def read_text(path: Path) -> str:
    """A text file that a person named. Raises ConfigError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read. Check the path and its rights.") from error


def _shown(line: str) -> str:
    """`line` as it may be shown, with the blank line before it if there is one."""
    return f"\n{shown(line[1:])}" if line.startswith("\n") else shown(line)


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "-"


def _time(seconds: float) -> str:
    return f"{moment(seconds)} UTC"
