"""The way back: review what the upstream said, restore it, or hold it, and close the entry."""

from guard.inbound.closing import close, close_judged, keep_for_later
from guard.inbound.holding import blocked, hold
from guard.inbound.judging import (
    Found,
    Judged,
    Located,
    Told,
    decision_of,
    found_in,
    groundless,
    joined,
    judge_choices,
    masked_in,
    revised,
    texts_of,
)
from guard.inbound.restoring import restored

__all__ = [
    "Found",
    "Judged",
    "Located",
    "Told",
    "blocked",
    "close",
    "close_judged",
    "decision_of",
    "found_in",
    "groundless",
    "hold",
    "joined",
    "judge_choices",
    "keep_for_later",
    "masked_in",
    "restored",
    "revised",
    "texts_of",
]
