"""A log with something of everything, for pages to show: made of entries as guard writes them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

from guard.audit.store import SqliteStore
from guard.types import Closing, Entry, FoundSpan, Opening, Principal, Revision, Verdict
from tests.audit.samples import CLOSING, OPENING

PERSON, MAIL = "<PERSON_K7Q2M4XD>", "<EMAIL_ADDRESS_BSG30DC4>"
REQUEST = (
    '{"model":"gpt-4o","messages":[{"role":"system","content":"Be kind. <b>No threats.</b>"},'
    f'{{"role":"user","content":"Write to {PERSON} at {MAIL}.\\n{PERSON}께 결제를 요청해 주세요. 山田様へ。"}}]}}'
)
REPLY = f"Dear {PERSON},\nplease pay today, or else.\nBest regards"
SENT = f"Dear {PERSON},\nplease pay today.\nBest regards"
SPANS = (
    FoundSpan("messages[1].content", "PERSON", "spacy", 0.85, "placeholder", "5f2c"),
    FoundSpan("messages[1].content", "EMAIL_ADDRESS", "patterns", 0.95, "placeholder", "77aa"),
)
FIRED = Verdict("no-threats", 0.91, "fired", ((31, 39),), "a threat", (("embedded", 0.8), ("large", 0.91)))
CLEAR = Verdict("no-weapons", 0.04, "clear")
UNSURE = Verdict("no-weapons", 0.48, "unsure", (), "near the line")
TEAMS = ("legal", "sales", "", "support", "research", "finance", "hr")
TIMINGS = {"recognize": 12.0, "mask": 1.25, "review": 30.5, "upstream": 420.0}


def exchange(number: int, at: float) -> tuple[Opening, Closing | None]:
    """The exchange `number`, begun at `at`: every fourth revised, some blocked, unsure, unfinished."""
    name = f"{number:03d}-sample"
    opening = dataclasses.replace(
        OPENING, exchange=name, time=at, model="gpt-4o", request=REQUEST, spans=SPANS, verdicts=(), routed=(),
        not_scanned=("messages[0].content[1]",) if number % 3 == 0 else (), timings_ms={"recognize": 12.0},
        principal=Principal(f"user{number % 5}", TEAMS[number % len(TEAMS)], "mailer"), fallbacks=(),
        constitution="test", constitution_digest="c" * 64, policy_digest="d" * 64,
    )  # fmt: skip
    base = dataclasses.replace(
        CLOSING, exchange=name, time=at + 0.6, model="gpt-4o-2026", failed=(), verdicts=((0, CLEAR),), revisions=(),
        decision="allow", reason="", reply=SENT, sent=SENT, upstream="openai", timings_ms=TIMINGS,
        usage={"prompt_tokens": 120 + number, "completion_tokens": 40, "total_tokens": 160 + number},
    )  # fmt: skip
    match number % 8:
        case 0 | 4:
            again = dataclasses.replace(FIRED, score=0.05, state="clear", spans=(), reason="", scores=())
            revision = Revision(0, 1, ("no-threats",), "rewrite", "QUOTE: or else. It threatens.", True, "")
            verdicts = ((0, FIRED), (0, CLEAR), (0, again), (0, CLEAR))
            return opening, dataclasses.replace(
                base, decision="revise", reason="revised for no-threats", reply=REPLY, verdicts=verdicts,
                revisions=(revision,),
            )  # fmt: skip
        case 1:
            return opening, dataclasses.replace(
                base, outcome="blocked", decision="block", reason="no-threats", status=403, sent="", reply=REPLY,
                verdicts=((0, FIRED), (0, CLEAR)),
            )  # fmt: skip
        case 2:
            return opening, dataclasses.replace(base, verdicts=((0, UNSURE),), not_judged=("no-threats",))
        case 3:
            return opening, None
    return opening, base


def entries(count: int, now: float) -> Iterator[Entry]:
    """`count` exchanges, spread over the week before `now`."""
    for number in range(count):
        opening, closing = exchange(number, now - (count - number) * 7 * 86400 / count)
        yield opening
        if closing is not None:
            yield closing


def fill(store: SqliteStore, count: int = 24) -> None:
    """Append `count` exchanges, each pair in a commit of its own time."""
    store.append(list(entries(count, time.time())))
