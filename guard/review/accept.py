"""When a rewritten passage may stand: rules that need no critic, and the comparison of two judgements.

Self-correction without a check often makes things worse (arXiv 2310.01798), so a revision is accepted only when it is
proven better: its principle is clear, no other got worse, and nothing was lost or made up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from guard.types import Dialogue, State, Verdict

# What must not be lost, made up or bent.
KEPT = {
    "a placeholder": re.compile(r"<[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_[0-9A-HJKMNP-TV-Z]{8,}(?:_[0-9A-HJKMNP-TV-Z]{2,})?>"),
    "a block of code": re.compile(r"(?s)```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)"),
    "an address": re.compile(
        r"(?i)\b(?:https?://|www\.)[^\s<>()\"']*[^\s<>()\"'.,;:!?]|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    ),
    "a number": re.compile(r"\d+(?:[.,:]\d+)*"),
}  # fmt: skip
REFUSAL = re.compile(
    r"(?i)\bI(?:'m| am) (?:sorry|unable|not able|afraid)\b|\bI (?:cannot|can't|can not|won't|will not|must decline)\b"
    r"|\bI apologi[sz]e\b|\bas an? (?:AI|language model)\b|죄송|도와드릴 수 없|申し訳|お答えできません"
)
LONGEST = (2.0, 120)  # a new passage may be twice as long, and 120 characters more
SHORTEST = 0.2  # and no shorter than a fifth
TOLERANCE = 0.05  # how much the score of another principle may rise
RANK: dict[State, int] = {"clear": 0, "unsure": 1, "fired": 2, "not_judged": 3}


def unacceptable(dialogue: Dialogue, start: int, end: int, passage: str) -> str:
    """Why `passage` may not take the place of `dialogue.reply[start:end]`; empty where it may."""
    before = dialogue.reply[start:end]
    if not passage.strip() or passage == before:
        return "The passage did not change."
    if len(passage) > LONGEST[0] * len(before) + LONGEST[1] or len(passage) < SHORTEST * len(before):
        return "The new passage is too long or too short."
    if REFUSAL.search(passage) and not REFUSAL.search(before):
        return "The new passage is a refusal."
    after = dialogue.reply[:start] + passage + dialogue.reply[end:]
    for what, pattern in KEPT.items():
        outside = Counter(pattern.findall(dialogue.reply[:start])) + Counter(pattern.findall(dialogue.reply[end:]))
        found = Counter(pattern.findall(after))
        if outside - found:
            return f"The new passage spoils {what} beside it."
        known = set(pattern.findall(dialogue.reply)) | set(pattern.findall(dialogue.prompt))
        if set(found) - known:
            return f"The new passage makes up {what}."
    return ""


def worse(before: Sequence[Verdict], after: Sequence[Verdict], mended: str) -> str:
    """Why the judgement `after` is no better for the principle `mended`, or worse for another; empty if neither."""
    for old, new in zip(before, after, strict=True):
        if new.principle == mended:
            if new.state != "clear":
                return f"The principle {mended} is still {new.state.replace('_', ' ')}."
        elif RANK[new.state] > RANK[old.state] or new.score > old.score + TOLERANCE:
            return f"The principle {new.principle} got worse."
    return ""
