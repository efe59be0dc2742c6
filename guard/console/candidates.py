"""Which verdicts a person should look at first: where the critic was unsure, what was withheld, what was changed.

After these comes a sample of everything else, without which nobody would learn what the critic overlooks. The sample is
random and yet always the same: those exchanges whose names have the smallest hashes.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from guard.types import Closing, Decision, Opening, State, Verdict

Why = Literal["unsure", "held", "blocked", "revised", "noted", "sample"]
# unsure   the critic abstained
# held     the principle fired, and the reply waits for a person
# blocked  the principle fired, and nothing of the reply went out
# revised  the principle fired, and the reply was changed
# noted    the principle fired, and the reply went out as it was
# sample   the principle did not fire: a random sample

ORDER: Final[tuple[Why, ...]] = get_args(Why)
ENDS: Final[Mapping[str, Why]] = {"escalate": "held", "block": "blocked", "revise": "revised", "allow": "noted"}
MOST: Final = 1000  # of each kind, the newest
SAMPLE: Final = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """One verdict to be labelled, and why it is shown. `time` is that of the entry, in Unix seconds."""

    exchange: str
    time: float
    principle: str
    state: State
    score: float
    why: Why


class Candidates:
    """The verdicts of the entries that were counted, as many as a person could ever label."""

    def __init__(self) -> None:
        self._of: dict[Why, deque[Candidate]] = {why: deque(maxlen=MOST) for why in ORDER}
        self._sample: list[tuple[str, Candidate]] = []

    def opened(self, entry: Opening) -> None:
        """Take the verdicts on a prompt. One that fired was blocked, or noted where the exchange went on."""
        for verdict in entry.verdicts:
            self._take(entry.exchange, entry.time, verdict, "allow")

    def closed(self, entry: Closing) -> None:
        """Take the first verdicts on a reply."""
        seen: set[str] = set()
        for _, verdict in entry.verdicts:
            if verdict.principle not in seen:
                seen.add(verdict.principle)
                self._take(entry.exchange, entry.time, verdict, entry.decision)

    def waiting(self, spoken_on: Callable[[str, str], bool]) -> Iterator[Candidate]:
        """Those on which nobody has spoken yet, the most useful first; of one kind the newest first."""
        for why in ORDER:
            found = [one for _, one in self._sample] if why == "sample" else list(self._of[why])[::-1]
            yield from (one for one in found if not spoken_on(one.exchange, one.principle))

    def _take(self, exchange: str, at: float, verdict: Verdict, decision: Decision) -> None:
        why = _why(verdict.state, decision)
        if why is None:
            return
        candidate = Candidate(exchange, at, verdict.principle, verdict.state, verdict.score, why)
        if why != "sample":
            self._of[why].append(candidate)
            return
        rank = hashlib.sha256(f"{exchange} {verdict.principle}".encode()).hexdigest()
        if len(self._sample) < SAMPLE or rank < self._sample[-1][0]:
            self._sample.append((rank, candidate))
            self._sample.sort(key=lambda ranked: ranked[0])
            del self._sample[SAMPLE:]


def _why(state: State, decision: Decision) -> Why | None:
    match state:
        case "unsure":
            return "unsure"
        case "fired":
            return ENDS.get(decision, "noted")
        case "clear":
            return "sample"
        case "not_judged":  # nothing was said that could be right or wrong
            return None
