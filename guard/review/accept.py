"""When a revision is better than what it replaces. Without proof it is not (arXiv 2310.01798)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guard.types import Verdict

# How much worse another principle's score may get.
TOLERANCE = 0.1

_KEPT = re.compile(
    r"(?P<placeholder><[A-Z][A-Z0-9_]*_[0-9A-Z]{8,}(?:_[0-9A-Z]{4,7})?>)"
    r"|(?P<url>https?://[^\s<>\"')\]]+)"
    r"|(?P<code>`[^`\n]+`)"
    r"|(?P<number>\d[\d.,]*)"
)
_REFUSAL = re.compile(
    r"\b(?:I(?:'m| am) (?:sorry|unable|not able)"
    r"|I (?:can(?:not|'t)|won't|will not) (?:help|assist|answer|comply|provide)|as an AI)\b|죄송|도와드릴 수 없|申し訳|お手伝いできません",
    re.IGNORECASE,
)


def objection_to_text(passage: str, rewritten: str, reply: str) -> str:
    """Why `rewritten` may not take the place of `passage` in `reply`; empty where it may."""
    if not rewritten.strip():
        return "it is empty"
    if rewritten.strip() == passage.strip():
        return "it changes nothing"
    if len(rewritten) > 2 * len(passage) + 200:
        return "it is much longer than the passage"
    if "```" in passage and passage.count("```") != rewritten.count("```"):
        return "it breaks a block of code"
    if _REFUSAL.search(rewritten) and not _REFUSAL.search(passage):
        return "it is a refusal"
    known = {match.group() for match in _KEPT.finditer(reply)}
    for match in _KEPT.finditer(rewritten):
        if match.group() not in known:
            return f"it brings in a {match.lastgroup} that the reply did not have"
    lost = {match.group() for match in _KEPT.finditer(passage) if match["placeholder"]} - {
        match.group() for match in _KEPT.finditer(rewritten)
    }
    return "it loses a placeholder" if lost else ""


def objection_to_verdicts(mended: Sequence[str], before: Sequence[Verdict], after: Sequence[Verdict]) -> str:
    """Why the judgement after a change is not better; empty where it is. `mended` are the principles it was for."""
    earlier = {verdict.principle: verdict for verdict in before}
    for verdict in after:
        old = earlier[verdict.principle]
        if verdict.state == "not_judged" and old.state != "not_judged":
            return f"{verdict.principle} could not be judged again"
        if verdict.principle in mended:
            if verdict.state == "fired":
                return f"{verdict.principle} is still violated"
        elif verdict.state == "fired" and (old.state != "fired" or verdict.score > old.score + TOLERANCE):
            return f"{verdict.principle} gets worse"
    return ""
