"""What the names that were found say of the words beside them: further people, companies and places.

A list of people goes on with people, a signature's second line is a company, whoever says "from" after a name says
where that person works. Rules over the text and the names in it, after the models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from guard.mask.companies import companies
from guard.mask.evidence import ordinary, technical
from guard.mask.lexicon import CITIES, COMPANY_ENDS, COUNTRIES, STARTS
from guard.mask.rows import LETTERS, UPPER, by_letter

_CAP = rf"[{UPPER}][{LETTERS}0-9'’&.-]{{0,30}}(?<![.'’-])"
_LIST = re.compile(
    rf"(?<!\w)(?!(?:The|A|An|In|At|From|For|And|But|Our|My|By"
    rf"|With) )(?P<items>{_CAP}(?: {_CAP}){{0,3}}(?:, {_CAP}(?: {_CAP}){{0,3}}){{1,12}}),? (?:and|or"
    rf"|&) (?P<last>{_CAP}(?: {_CAP}){{0,3}})"
)
_ITEM = re.compile(r"[^,]+")
_FIRM_BEFORE = re.compile(r"(?i)(?:(?<![a-z])(?:at|from|by|for|with|of|the|client|join(?:ed)?) |^|\n[>\s]{0,4})$")
_AT = re.compile(r"(?i)(?<![a-z])(?:at|joined) $")
_FIRM_AFTER = re.compile(
    r"(?:['’]s)?(?: (?i:office|orchestra|llp|llc|inc|ltd|group|account|partners)(?![a-z])|\s*(?:\n|$))"
)
_SPEAKER = re.compile(
    rf"(?:^|\n)[ \t]{{0,4}}(?P<name>[{UPPER}][{LETTERS}'’-]{{1,24}}(?: [{UPPER}][{LETTERS}'’.-]{{0,24}}){{0,2}}): "
)
_CALLED = re.compile(
    rf"(?:^|\n|[.!?] )(?P<name>[{UPPER}][{LETTERS}'’-]{{2,24}}), (?=(?:can|could|would|will|may|did|have|are"
    rf"|do) (?:you|i|we|he|she)(?![a-z])"
    r"|please |thank )",
    re.IGNORECASE,
)
_INITIALS = re.compile(
    rf"(?<![\w.])(?<!\n)(?<=\S )(?:[{UPPER}]\.[ -]?){{1,3}}(?<=[ -])"
    rf"(?P<surname>[{UPPER}][{LETTERS}'’-]{{2,24}})(?![\w(])"
)
_INITIAL_BEFORE = re.compile(rf"(?<![\w.])(?:[{UPPER}]\.[ -]?){{1,3}}$")
_INITIAL_AFTER = re.compile(rf" [{UPPER}]\.(?= ?[^\w\s]| [a-z]|\n|$)")
_LISTED_BEFORE = re.compile(r"(?:, | and | or | & )$")
_LISTED_AFTER = re.compile(r",? (?:and|or|&) |, [A-Z]")
_MAILBOX = re.compile(r"(?<![\w.+-])([A-Za-z][A-Za-z.+_-]{3,60})[0-9]{0,4}@")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_MOVES = by_letter(
    *("originally", "moved", "moving", "travell?ed", "flew", "flying", "come", "comes", "coming", "back", "arrived"),
    *("born", "raised", "grew up", "living", "lives?", "lived", "based", "stay(?:ed|ing)?", "resid(?:es|ing)"),
    *("headquartered", "offices?", "year"),
)
_HOMES = by_letter(
    *("i am in", "i'm in", "home (?:city|town)", "hometown", "city of", "town of", "village of"),
)
_FROM = re.compile(
    rf"(?<![A-Za-z])(?:(?:{_MOVES}) (?i:(?:here )?(?:from|to|in|at))|{_HOMES})"
    rf" (?P<place>[{UPPER}][{LETTERS}'’]{{2,30}}(?:[ -](?:o['’] |de |la |upon "
    rf"|on )?[{UPPER}][{LETTERS}'’.]{{0,30}}|[ ][0-9]{{1,2}}(?=,)| \([{UPPER}][{LETTERS}]{{1,20}}\)){{0,3}})"
)
_COUNTRY = re.compile(
    r"(?<![^\W_])(?<!/)(?!Turkey|Jordan|Chad|Georgia|Guinea|Mali|Chile|Cuba|Niger|Oman|Togo|Dominica|Guyana|Monaco"
    r"|Palau"
    r"|Korea|Malta)"
    r"(?:(?:United|New|South|North|Saudi|Costa|Puerto|Sri|Czech|Dominican|Hong|San|Los|Las|Da|Buenos|Kuala|Tel|Rio"
    r"|Cape|Ho|Addis|Abu|Mexico|Kansas|Salt) )?[A-Z][a-z]{3,12}(?![^\W_])"
)  # without countries that are first names, birds or beans as well; the models tell those
_FROM_SMALL = re.compile(r"(?<![a-z])(?:from|in|to|of) (?P<place>[a-z]{4,20})(?![a-z])")
_MOST_WORDS = 3_000  # of one text that are compared with mailboxes


@dataclass(frozen=True, slots=True)
class Named:
    """A name that was found: characters `start` to `end` and its entity."""

    start: int
    end: int
    entity: str


def beside(text: str, found: Sequence[Named]) -> Iterator[Named]:
    """What follows from `found` for the rest of `text`; overlaps with it are allowed."""
    people = [name for name in found if name.entity == "PERSON"]
    yield from _lists(text, found)
    yield from _mailboxes(text)
    yield from _places(text)
    yield from _called(text)
    yield from _initials(text, people)
    if people:
        yield from _reversed(text, people)
        yield from _speakers(text, people)
    yield from (Named(start, end, "ORGANIZATION") for start, end in companies(text, found))


def _lists(text: str, found: Sequence[Named]) -> Iterator[Named]:
    """Of a list of capitalised words of which two are names of one kind, the others; of a firm's partners, the firm."""
    for match in _LIST.finditer(text):
        begin, _ = match.span("items")
        items = [(begin + m.start() + (m.group()[0] == " "), begin + m.end()) for m in _ITEM.finditer(match["items"])]
        items.append(_last(text, *match.span("last")))
        kinds = [_kind(found, *item) for item in items]
        known = [kind for kind in kinds if kind]
        strange = [kind or not ordinary(text[slice(*item)]) for item, kind in zip(items, kinds, strict=True)]
        if not known or (not all(strange) and len(known) < 2) or any(technical(text[slice(*item)]) for item in items):
            continue
        single = all(" " not in text[start:end] for start, end in items)
        if len(items) == 3 and single and len(known) >= 2 and _firm(text, begin, items[-1][1]):
            yield Named(begin, items[-1][1], "ORGANIZATION")
        elif len(known) >= 2 or "ORGANIZATION" in known:
            kind = "ORGANIZATION" if "ORGANIZATION" in known else known[0]
            yield from (Named(*item, kind) for item, one in zip(items, kinds, strict=True) if not one)


def _last(text: str, start: int, end: int) -> tuple[int, int]:
    """The last item of a list, without the word that says what the whole of it is: "Williamson Orchestra"."""
    word, _, rest = text[start:end].partition(" ")
    return (
        (start, start + len(word))
        if rest and all(one.lower() in COMPANY_ENDS for one in rest.split())
        else (start, end)
    )


def _kind(found: Sequence[Named], start: int, end: int) -> str:
    return next((name.entity for name in found if name.start < end and start < name.end), "")


def _firm(text: str, start: int, end: int) -> bool:
    if _AT.search(text, max(0, start - 12), start):
        return True
    return bool(_FIRM_BEFORE.search(text, max(0, start - 12), start) and _FIRM_AFTER.match(text, end))


def _speakers(text: str, people: Sequence[Named]) -> Iterator[Named]:
    """In a dialogue of which one speaker is a person, the others."""
    labels = [match.span("name") for match in _SPEAKER.finditer(text)]
    if any(_kind(people, *label) for label in labels):
        yield from (Named(*label, "PERSON") for label in labels if not ordinary(text[slice(*label)]))


def _initials(text: str, people: Sequence[Named]) -> Iterator[Named]:
    """The initials before a surname, and those after one."""
    for match in _INITIALS.finditer(text):
        if not ordinary(match["surname"]):
            yield Named(*match.span(), "PERSON")
    for name in people:
        before = _INITIAL_BEFORE.search(text, max(0, name.start - 12), name.start)
        after = _INITIAL_AFTER.match(text, name.end)
        if before or after:
            yield Named(before.start() if before else name.start, after.end() if after else name.end, "PERSON")


def _reversed(text: str, people: Sequence[Named]) -> Iterator[Named]:
    """Surname and first name with a comma between them, where that is no list."""
    ordered = sorted({(name.start, name.end) for name in people})
    for (start, middle), (again, end) in pairwise(ordered):
        one = text[middle:again] == ", " and " " not in text[start:middle]
        if one and not _LISTED_BEFORE.search(text, max(0, start - 6), start) and not _LISTED_AFTER.match(text, end):
            yield Named(start, end, "PERSON")


def _called(text: str) -> Iterator[Named]:
    """Who is spoken to: "Vide, can I …"."""
    for match in _CALLED.finditer(text):
        if not ordinary(match["name"]) and not match["name"].endswith("ly") and match["name"].lower() not in STARTS:
            yield Named(*match.span("name"), "PERSON")


def _mailboxes(text: str) -> Iterator[Named]:
    """Where the name in front of an `@` stands in the text as words."""
    boxes = dict.fromkeys(match[1] for match in _MAILBOX.finditer(text))
    if not boxes:
        return
    joined = {re.sub(r"[^a-z]", "", box.lower()) for box in boxes}
    words = [word for word in _WORD.finditer(text) if "@" not in text[word.start() : word.end() + 1]]
    for index, word in enumerate(words[:_MOST_WORDS]):
        for run in (words[index : index + 3], words[index : index + 2]):
            if len(run) > 1 and "".join(one.group().lower() for one in run if len(one.group()) > 1) in joined:
                yield Named(word.start(), run[-1].end(), "PERSON")
                break


def _places(text: str) -> Iterator[Named]:
    """Where somebody comes from, lives or goes to."""
    for match in _FROM.finditer(text):
        if not all(ordinary(word) for word in match["place"].split()):
            yield Named(*match.span("place"), "LOCATION")
    for match in _COUNTRY.finditer(text):
        if match.group().lower() in COUNTRIES or match.group().lower() in CITIES:
            yield Named(*match.span(), "LOCATION")
    for match in _FROM_SMALL.finditer(text):
        if match["place"] in COUNTRIES:
            yield Named(*match.span("place"), "LOCATION")
