"""Whether what a model takes for a name is one, given what else speaks for it.

Models that were trained on news take every capital in a technical text for a company, and one that was trained on
forms takes tools for first names. Their mistakes differ, so that one is believed where the other, the word itself or
its surroundings agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from guard.mask.lexicon import COMPANY_ENDS, COUNTRIES, EPONYMS, HEADLINES, STARTS, TECHNOLOGY
from guard.mask.names import refine

_Part: TypeAlias = tuple[int, int, str]  # start, end and text of a word

SURE, LIKELY, SOME = 0.8, 0.5, 0.1
"""From these supports on a model's word is enough for small letters, for one everyday word, for a second opinion."""

_WORD = re.compile(r"[^\s,;:|/()\[\]{}<>\"“”!?]+")
_TITLE = re.compile(r"(?i)(?:(?<![a-z])(?:mr|mrs|ms|miss|mx|dr|prof|professor|herr|frau|sir)\.? |@)$")
_TOLD = re.compile(
    r"(?i)(?:(?<![a-z])(?:my name is|name is|name ?[:=?]|i am|i'm|this is|named|called|dear|hi|hello|hey|from:|to:|cc:"
    r"|attn:?"
    r"|sincerely,?|regards,?|follow up with|speak (?:to|with)|talk to|meet(?:ing)? with|contact|behalf of|call me"
    r"|starring"
    r"|married to|daughter|son|wife|husband|mother|father|sister|brother|colleague|boss) )$"
)
_ASKED = re.compile(r"(?i)(?<![a-z])(?:call|ask|tell|met|meet|invite|invited|thank|thanks|told|asked|called|and) $")
_IN = re.compile(r"(?<![a-z])(?:in|from|to|near) $")
_EPONYM = re.compile(r"(?:['’]s|['’])?[ -]([A-Za-z]+)(?: ([A-Za-z]+))?")
_CODE_BEFORE = re.compile(r"(?:[\w)\]]\.|[$@#`\\_/({\[<=]|::|->|--?|[\w]['\"]?=['\"]?)$")
_CODE_AFTER = re.compile(r"(?:[(\[{=`_\\/<>]|::|->|\.[a-z_]\w*\(|[.][a-z]{2,4}(?![a-z ]))")
_INNER_CAPITAL = re.compile(r"[A-Z]?[a-z]+[A-Z]|[A-Z]{2,}[a-z]")
_MC = re.compile(r"(?:Mc|Mac|O['’]|De|Di|La|Le|Van|Fitz)[A-Z]")
_MIXED = re.compile(r"[가-힣ぁ-ヿ一-鿿][^A-Za-z]*[A-Za-z]")  # Latin words with Korean or Japanese between them
_SIGNS = re.compile(r"[_={}\[\]@#]|\w\(")  # of code
_CELLS = re.compile(r"\w[,;|\t]\w")  # of a table
_CITED = re.compile(r"Europe/|America/|Asia/|Africa/|Pacific/|Australia/|Atlantic/")  # names of time zones


@dataclass(frozen=True, slots=True)
class Candidate:
    """What models took for a name: characters `start` to `end`.

    `support` is the highest score that the model of forms gives one of its words. `rare` says that it holds a word
    that everyday English does not. `grammar` says that the model of sentences named it.
    """

    start: int
    end: int
    entity: str
    support: float
    rare: bool
    grammar: bool


def believed(text: str, candidate: Candidate) -> tuple[int, int] | None:
    """The part of the candidate that is taken for a name, or None."""
    if _MIXED.search(text, candidate.start, candidate.end):
        return None
    told = _told(text, candidate.start)
    small = _small(text, candidate, told=told)
    extent = refine(text, candidate.start, candidate.end, candidate.entity, small=small)
    if extent is None:
        return None
    start, end = extent
    words = [(match.start(), match.end(), match.group()) for match in _WORD.finditer(text, start, end)]
    words = _without_edges(text, words, candidate)
    if not words:
        return None
    told = told or _told(text, words[0][0])
    start, end = words[0][0], max(end, words[-1][1]) if words[-1][1] >= end - 1 else words[-1][1]
    if in_code(text, start, end) or _eponym(text, start, end) or _SIGNS.search(text, start, end):
        return None
    if candidate.grammar and _CELLS.search(text, start, end):
        return None
    names = [word for _, _, word in words]
    match candidate.entity:
        case "PERSON":
            fine = _person(names, candidate, told=told, asked=small)
        case "LOCATION":
            fine = _place(names, candidate) or (small and not _technical(names))
        case _:
            fine = _organization(names, candidate)
    return (start, end) if fine else None


def _small(text: str, candidate: Candidate, *, told: bool) -> bool:
    """Whether one word in small letters may be the name."""
    if told and candidate.support >= LIKELY:
        return True
    asked = _ASKED if candidate.entity == "PERSON" else _IN
    return bool(candidate.support >= SURE and asked.search(text, max(0, candidate.start - 12), candidate.start))


def _without_edges(text: str, words: list[_Part], candidate: Candidate) -> list[_Part]:
    """The words less those at the ends that the models glue to names."""
    if candidate.entity == "PERSON" and candidate.grammar and words and not _told(text, words[0][0]):
        while words and _ordinary(words[0][2]):
            words = words[1:]
        while words and _ordinary(words[-1][2]):
            words = words[:-1]
    if any(word[:1].isupper() for _, _, word in words):
        while words[-1][2].isalpha() and words[-1][2].islower():
            words = words[:-1]
    elif candidate.grammar and words and words[0][2].lower() in STARTS and _begins(text, words[0][0]):
        words = words[1:]
    return words


def _told(text: str, start: int) -> bool:
    """Whether the words before `start` say that a name follows."""
    return bool(_TITLE.search(text, max(0, start - 12), start) or _TOLD.search(text, max(0, start - 24), start))


def _begins(text: str, start: int) -> bool:
    """Whether a sentence begins at `start`, so that a capital there says nothing."""
    before = text[:start].rstrip(" \t\"'“‘([*_>#-")
    return not before or before[-1] in ".!?:\n。！？"


def ordinary(word: str) -> bool:
    """Whether the word is one of technology or of headlines, which alone names nobody."""
    return _ordinary(word)


def _technical(words: list[str]) -> bool:
    return all(word.strip(".'’-").lower() in TECHNOLOGY for word in words)


def technical(words: str) -> bool:
    """Whether all the words are of technology."""
    return _technical(words.split())


def _ordinary(word: str) -> bool:
    bare = word.strip(".'’-").lower()
    return not any(c.isalpha() for c in bare) or _listed(bare) or (bare.endswith("s") and _listed(bare[:-1]))


def _listed(bare: str) -> bool:
    return bare in TECHNOLOGY or bare in HEADLINES


def _is_end(word: str) -> bool:
    return word.strip(".").lower() in COMPANY_ENDS


def _person(words: list[str], candidate: Candidate, *, told: bool, asked: bool) -> bool:
    if told and (candidate.grammar or candidate.support >= LIKELY):
        return not _technical(words)
    if asked and words[0].islower():
        return not all(_ordinary(word) for word in words)
    if all(_ordinary(word) for word in words):
        return False
    if not any(word[:1].isupper() for word in words):
        return len(words) > 1 and candidate.support >= SURE
    if candidate.support < SOME:
        return _foreign(words) or (len(words) > 1 and candidate.rare and not any(map(_odd, words)))
    if len(words) == 1:
        if _odd(words[0]):
            return False
        return candidate.support >= LIKELY or candidate.grammar or candidate.rare
    return not all(_odd(word) for word in words)


def _place(words: list[str], candidate: Candidate) -> bool:
    if all(_ordinary(word) for word in words):
        return " ".join(words).lower() in COUNTRIES
    if all(word.lower() == word for word in words):
        spelled = [word for word in words if word.isalpha() and len(word) > 2 and not _ordinary(word)]
        return candidate.support >= SURE and len(words) > 1 and bool(spelled)
    if not any(word[:1].isupper() and len(word) > 2 and not _odd(word) and not _ordinary(word) for word in words):
        return False
    if candidate.support >= LIKELY:
        return True
    if not candidate.grammar or any(_odd(word) for word in words):
        return False
    known = " ".join(words).lower() in COUNTRIES or any(word.strip(".").lower() in COUNTRIES for word in words)
    return known or _foreign(words) or candidate.support >= SOME or (len(words) > 1 and candidate.rare)


def _organization(words: list[str], candidate: Candidate) -> bool:
    if all(_ordinary(word) for word in words):
        return False
    if len(words) > 1 and _is_end(words[-1]) and words[0][:1].isupper():
        return True
    shouted = all(word.isupper() for word in words) and candidate.support < LIKELY
    if shouted or any(_odd(word) for word in words) or not words[0][:1].isupper():
        return False
    return _foreign(words) or (candidate.rare and len(words) > 1) or candidate.support >= LIKELY


def _foreign(words: list[str]) -> bool:
    """Whether a capitalised word has letters that English has not: "Ström" is no heading."""
    return any(word[:1].isupper() and not word.isascii() and word.strip(".'’").isalpha() for word in words)


def _odd(word: str) -> bool:
    """Whether a word is spelled as names of people and places are not: camelCase, RabbitMQ, MCP."""
    if _MC.match(word):
        return False
    return bool(_INNER_CAPITAL.match(word)) or any(c.isdigit() for c in word) or (len(word) < 4 and word.isupper())


def in_code(text: str, start: int, end: int) -> bool:
    """Whether the candidate is part of a program, a path or an address."""
    if _CITED.search(text, max(0, start - 12), start) and text[start - 1] == "/":
        return True
    return bool(_CODE_BEFORE.search(text, max(0, start - 4), start) or _CODE_AFTER.match(text, end))


def _eponym(text: str, start: int, end: int) -> bool:
    after = _EPONYM.match(text, end)
    if after and any(word and word.lower() in EPONYMS for word in after.groups()):
        return True
    last = text[start:end].rsplit(maxsplit=1)[-1].lower()
    return last in EPONYMS
