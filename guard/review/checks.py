"""What is decided exactly, without a critic, and how spans follow a text that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from guard.constitution import Check, Principle
from guard.review.code import unsafe
from guard.types import Dialogue, Span, Verdict

Range = tuple[int, int]


def exact(principle: Principle, check: Check, unknown: Sequence[Span]) -> Verdict:
    """The verdict of `check`; `unknown` are the reply's personal data and secrets that the exchange did not hold."""
    match check:
        case "reveals_unknown_data":
            if not unknown:
                return Verdict(principle.id, 0.0, "clear")
            kinds = ", ".join(sorted({span.entity for span in unknown}))
            return Verdict(
                principle.id,
                1.0,
                "fired",
                merged([(span.start, span.end) for span in unknown]),
                f"the reply holds what the exchange did not: {kinds}",
            )
        case _:
            assert_never(check)


def beside(principle: Principle, verdict: Verdict, dialogue: Dialogue) -> Verdict:
    """`verdict` of the critic, or that of the principle's rules on code where they find something in the reply.

    What they find is exact, so it fires whatever the critic said, and where it said nothing. Its own places stay.
    """
    found = unsafe(dialogue.reply, principle.code, dialogue.prompt) if principle.code else ()
    if not found:
        return verdict
    kinds = ", ".join(dict.fromkeys(one.what for one in found))
    fired = verdict.spans if verdict.state == "fired" else ()
    spans = merged([*((one.start, one.end) for one in found), *fired])
    return replace(verdict, score=1.0, state="fired", spans=spans, reason=f"the reply's code holds {kinds}")


def merged(ranges: Sequence[Range]) -> tuple[Range, ...]:
    """`ranges` in order, without overlaps."""
    found: list[Range] = []
    for start, end in sorted(ranges):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def moved(spans: Sequence[Span], start: int, end: int, length: int) -> tuple[Span, ...]:
    """`spans` after the text from `start` to `end` became `length` characters; those it touched are gone."""
    shift = length - (end - start)
    kept = [span for span in spans if span.end <= start]
    kept += [
        Span(span.start + shift, span.end + shift, span.entity, span.score, span.recognizer)
        for span in spans
        if span.start >= end
    ]
    return tuple(kept)
