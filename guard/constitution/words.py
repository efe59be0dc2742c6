"""Words that make a rule hard to keep and hard to judge: vague ones, and negations that undo each other."""

from __future__ import annotations

import re

# What two readers will understand differently. English words whole, Korean and Japanese ones anywhere.
VAGUE = (
    r"\b(?:appropriate(?:ly)?|inappropriate(?:ly)?|reasonabl[ey]|unreasonabl[ey]|adequate(?:ly)?|suitabl[ey]|proper(?:ly)?"
    r"|as (?:needed|necessary|required|far as possible)|(?:where|if) (?:possible|applicable|necessary)"
    r"|generally|normally|usually|typically|often|sometimes|some|various|several|significant(?:ly)?|substantial(?:ly)?"
    r"|excessive(?:ly)?|undue|unduly|relevant|sensitive|best practices?|good faith|etc\.?|and so on|and the like"
    r"|respectful(?:ly)?|professionally|ethical(?:ly)?|responsibl[ey]|harmful|offensive|bad|good|nice|fair(?:ly)?)\b",
    r"적절|적당|부적절|합리적|상당한|상당히|충분히|가능한 한|가급적|필요시|필요한 경우|일반적으로|보통|대체로|민감한"
    r"|성실히|지나치|과도|바람직|등등|기타",
    r"適切|適当|不適切|合理的|相当な|相当程度|十分に|可能な限り|できるだけ|できる限り|必要に応じて|一般的に|通常|原則として"
    r"|過度|著しく|望ましい|センシティブ|機微な|など|等々",
)
_VAGUE = tuple(re.compile(pattern, re.IGNORECASE) for pattern in VAGUE)

# Two negations in one clause, which a critic has to undo.
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|fails? to|refus\w+ to|except|unless)\b|n['’]t\b",
    re.IGNORECASE,
)
_UNDONE = re.compile(
    r"\bnot (?:un(?!der|til|less|i)[a-z]{3,}|(?:im(?:possib|prop|polit)|in(?:correct|accura|complet|frequent|approp)"
    r"|dis(?:hon|allow|respect)|il(?:legal|logic)|ir(?:regular|relev|respons))[a-z]*)"
    r"|(?:지|하지|되지) 않[은는을지으아았]*[^.?!]{0,12}(?:않|없|아니)|없지 않|아니지 않|않을 수 없|못하지 않"
    r"|なく(?:は|も)ない|ないわけではな|ないこと(?:は|も)な|ないとは(?:言え|限ら)な|ざるを得な|なくはあり|ずにはいられな"
)
_CLAUSE = re.compile(r"[.?!。？！;:]|,\s*(?:and|or|but|nor)\b", re.IGNORECASE)

# Words that say nothing about what a principle is about.
STOP = frozenset(
    """
    the and that this with from for are was were has have had does did not its it's they them their there then than
    what which who whom whose when where how will would shall should can could may might must been being into onto
    about also any all each either other another such same one ones own out over under only
    assistant reply replies user prompt exchange say says said state states give gives given make makes made asks ask
    person people someone somebody something anyone anybody anything
    """.split()  # noqa: SIM905 - sixty quoted words would be harder to read
)
LEAST_SHARED = 3
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]{3,}")
_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")


def vague(text: str) -> tuple[str, ...]:
    """The vague words of `text`, as they stand there, each once."""
    found = [match[0].lower() for pattern in _VAGUE for match in pattern.finditer(text)]
    return tuple(dict.fromkeys(found))


def double_negative(text: str) -> bool:
    """Whether a sentence of `text`, or one part of a coordination, negates twice."""
    return any(len(_NEGATION.findall(one)) > 1 or _UNDONE.search(one) for one in _CLAUSE.split(text))


def matter(text: str) -> frozenset[str]:
    """What `text` is about: the stems of its words; of Korean and Japanese, pairs of characters."""
    words = (match[0].lower() for match in _WORD.finditer(text))
    found = {_stem(word) for word in words if word not in STOP}
    found |= {run[at : at + 2] for run in _RUN.findall(text) for at in range(len(run) - 1)}
    return frozenset(found)


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """How much of the smaller matter is in the larger one, 0 to 1; 0 where they share a word or two."""
    shared = len(one & other)
    return shared / min(len(one), len(other)) if shared >= LEAST_SHARED else 0.0


def plain(text: str) -> str:
    """`text` without case, layout and the mark at its end, to compare; inside, marks mean something in code."""
    return " ".join(text.casefold().split()).rstrip(".!?。！？")


def _stem(word: str) -> str:
    """A word without its commonest endings; enough to see that two say the same."""
    if word.endswith("s") and not word.endswith("ss"):
        word = f"{word[:-3]}y" if word.endswith("ies") else word[:-1]
    for ending in ("ation", "ing", "ed", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
    return word.removesuffix("e")
