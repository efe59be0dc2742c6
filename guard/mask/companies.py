"""Companies that their form or the words around them announce: "Example Widgets Ltd.", "works at Example"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from guard.mask.evidence import ordinary, technical
from guard.mask.lexicon import COMPANY_ENDS, TECHNOLOGY
from guard.mask.rows import LETTERS, UPPER, by_letter

_CAP = rf"[{UPPER}][{LETTERS}0-9'’&.-]{{0,30}}(?<![.'’-])"
_SEQUENCE = rf"{_CAP}(?: (?:{_CAP}|(?:And|and|of|for|&) {_CAP})){{0,4}}"
_END = r"(?![0-9A-Za-z])"
# A legal form is enough whatever stands before it.
_FORMED = re.compile(
    rf"(?<!\w)(?P<name>{_SEQUENCE},? (?:Incorporated|Inc|Limited|Ltd|LLC|LLP|PLC|Plc|plc|Corp|Corporation|GmbH|KGaA"
    rf"|S\.A\.|SARL|S\.r\.l"
    rf"|B\.V|N\.V|Pty|Pte|Holdings?){_END}\.?)"
)
_BODY = (
    "Institute|Ministry|Department|University|Court|Museum|Society|Council|Embassy|College|Faculty|Academy|Agency"
    "|Bureau"
    "|Chamber|Federation|Association"
)
_KIND = (
    "School|College|University|Hospital|Clinic|Council|Authority|Foundation|Trust|Church|Museum|Airways|Airlines"
    "|Logistics"
    "|Textiles|Partners|Systems|Capital|Technologies|Solutions|Industries|Pharmaceuticals|Insurance|Bank|Group|Holdings"
    "|Ventures|Consulting|Labs|Foods|Motors|Energy|Associates|Media|Software"
)
# A public body by its form, and a company by the word that its name ends in.
_BODIES = (
    re.compile(rf"(?<!\w)(?P<name>(?:[Tt]he )?(?:{_BODY}) (?:of|for)(?: (?:the|of|for|and|{_CAP})){{0,5}} {_CAP})"),
    re.compile(
        rf"(?<!\w)(?P<name>(?:[Tt]he )?{_CAP}(?: (?:{_CAP}|of|for|and|&)){{0,3}} (?:{_KIND}|& Sons|and Sons)){_END}"
    ),
)
_SMALL = frozenset({"the", "The", "of", "for", "and", "&", *_BODY.split("|")})
# Here a name of everyday words is one too, if it has two of them.
_PLACED = (
    re.compile(
        rf"(?i:(?<![a-z])(?:work(?:s|ed|ing)?|year|years|job|career|intern(?:ed|ship)?|employ(?:ed|ment"
        rf"|ee)) at) (?P<name>{_SEQUENCE})"
    ),
    re.compile(
        rf"(?i:(?<![a-z])(?:the|address of|offices? of)) (?P<name>{_SEQUENCE})(?= (?i:(?:offices?|headquarters) (?:is"
        rf"|are)|is located)"
        rf"(?![a-z])| is [0-9])"
    ),
)
_KINDS = re.compile(
    r"(?i)(?<![a-z])(?:manufacturers|companies|firms|banks|vendors|suppliers|customers|clients"
    r"|brands)(?![a-z])[^:\n]{0,120}: "
)
_ITEMS = re.compile(rf"(?P<name>{_CAP}(?: (?:{_CAP}|& {_CAP})){{0,4}})(?P<more>,? (?:and |& )?|$)?")
_WORKS = by_letter(
    *("work(?:s|ed|ing)?", "year", "years", "job", "career", "intern(?:ed|ship)?", "employ(?:ed|ment|ee)", "position"),
    *("consultant", "engineer", "manager", "analyst", "director", "colleague", "role", "account", "clients?"),
)
_DEALS = by_letter(
    *("employed by", "hired by", "joined", "founded by", "acquired by", "acquired", "merged with", "ceo of", "cto of"),
    *("cfo of", "founder of", "owner of", "president of", "chairman of", "on behalf of", "invoice from"),
    *("contract with", "supplier", "vendor", "our client", "our customer", "later became"),
)
_FRAMES = tuple(
    re.compile(frame)
    for frame in (
        # where somebody works, studies or has an account
        rf"(?:(?<![A-Za-z])(?:{_WORKS}) (?i:at|for|with)|{_DEALS}) (?P<name>{_SEQUENCE})",
        # what is said of a company only
        rf"(?<!\w)(?P<name>{_SEQUENCE}),? (?:is|was) (?:an?|the) (?:[{LETTERS}-]{{1,20}} ){{0,6}}(?:company|bank|firm"
        rf"|nonprofit|non-profit"
        rf"|startup|start-up|corporation|organi[sz]ation|agency|subsidiary|manufacturer|insurer|retailer|airline"
        rf"|brainchild"
        rf"|501\(c\)\(?3\)?)(?![a-z])",
        rf"(?i:(?<![a-z])(?:the|address of|offices? of|employees of|shares of|headquarters of)) (?P<name>{_SEQUENCE})"
        rf"(?= (?i:offices?|headquarters|orchestra|is located|is at)(?![a-z])| is [0-9])",
        rf"(?i:(?<![a-z])(?:my|his|her|their|our)) (?P<name>{_SEQUENCE}) (?=(?i:resignation|contract|invoice|salary"
        rf"|badge|paycheck))",
        rf"(?i:recorded|made|built|written|designed) for (?P<name>{_SEQUENCE}) (?=[a-z])",
    )
)
_AFTER_PERSON = re.compile(rf"(?:,)? (?:is |was )?(?:from|at|of|with) (?P<name>{_SEQUENCE})")
_ROLE = re.compile(rf"(?P<name>{_SEQUENCE}) [a-z]{{2,20}}(?:er|or|ist|ian|ant|ent|ive|man|eo) $")
_ROLE_REACH = 120
_QUOTE = r"[>?|\s]{0,6}"
_NAMELIKE = re.compile(rf"{_QUOTE}(?P<name>{_CAP}(?:,? (?:{_CAP}|and|of|&|the)){{0,6}}\.?)[ \t]{{0,4}}")
_NAMELIKE_SMALL = re.compile(rf"{_QUOTE}(?P<name>[a-z][a-z'’&-]{{1,24}}(?:,? [a-z'’&-]{{1,24}}){{0,4}})[ \t]{{0,4}}")
_QUOTES = "> ?\t|"  # what mail programs put before quoted lines
_BELOW = 4  # lines of a signature or an envelope


class Name(Protocol):
    """A name that was found."""

    @property
    def start(self) -> int:
        """Its first character."""
        ...

    @property
    def end(self) -> int:
        """The character after its last."""
        ...

    @property
    def entity(self) -> str:
        """PERSON, LOCATION or ORGANIZATION."""
        ...


def companies(text: str, found: Sequence[Name]) -> Iterator[tuple[int, int]]:
    """Where companies stand in `text`, by their form, the words around them and the names `found`."""
    yield from _by_form(text)
    yield from _by_frame(text)
    for kind in _KINDS.finditer(text):
        yield from _listed(text, kind.end())
    for name in found:
        if name.entity == "PERSON":
            yield from _beside_a_person(text, name)
    yield from _in_blocks(text, found)


def _by_form(text: str) -> Iterator[tuple[int, int]]:
    """What says by its own words that it is a company or a public body."""
    yield from (match.span("name") for match in _FORMED.finditer(text))
    for body in _BODIES:
        for match in body.finditer(text):
            words = [word for word in match["name"].split() if word not in _SMALL and word not in _KIND.split("|")]
            if not all(map(ordinary, words)):
                yield match.span("name")


def _by_frame(text: str) -> Iterator[tuple[int, int]]:
    """What stands where a company's name does."""
    for frame in _FRAMES:
        for match in frame.finditer(text):
            yield from _kept(text, *match.span("name"))
    for frame in _PLACED:
        for match in frame.finditer(text):
            if " " in match["name"] and not technical(match["name"]):
                yield match.span("name")


def _beside_a_person(text: str, person: Name) -> Iterator[tuple[int, int]]:
    """The company after "from" or "at", or the one before a trade: "Bob from Example", "Example engineer Bob"."""
    after = _AFTER_PERSON.match(text, person.end)
    if after:
        yield from _kept(text, *after.span("name"))
    before = _ROLE.search(text, max(0, person.start - _ROLE_REACH), person.start)
    if before:
        yield from _kept(text, *before.span("name"))


def _listed(text: str, position: int) -> Iterator[tuple[int, int]]:
    """The items of a list of companies that begins at `position`."""
    item = _ITEMS.match(text, position)
    while item:
        yield from _kept(text, *item.span("name"))
        item = _ITEMS.match(text, item.end()) if item["more"] else None


def _kept(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The extent, unless every word is an everyday one: "at Python", "the Sales office"."""
    words = text[start:end].split()
    strange = [word for word in words if not ordinary(word)]
    ends_well = len(words) > 1 and words[-1].strip(".").lower() in COMPANY_ENDS
    if strange or (ends_well and not all(word.lower() in TECHNOLOGY for word in words[:-1])):
        yield start, end


def _in_blocks(text: str, found: Sequence[Name]) -> Iterator[tuple[int, int]]:
    """In a block of lines that a person's name begins, as a signature: the next lines that look like a name."""
    namelike = _NAMELIKE_SMALL if text == text.lower() else _NAMELIKE
    for name in found:
        end = _filled(text, name) if name.entity == "PERSON" else None
        for _ in range(_BELOW):
            if end is None or end >= len(text):
                break
            start, end = end + 1, _line_end(text, end + 1)
            match = namelike.fullmatch(text, start, end)
            if not text[start:end].strip(_QUOTES):
                continue
            if not match:
                break
            if len(match["name"]) > 2 and not all(ordinary(word) for word in re.split(r"[ ,]+", match["name"])):
                yield match.span("name")


def _filled(text: str, name: Name) -> int | None:
    """The end of the line that the name fills, or None."""
    start, end = text.rfind("\n", 0, name.start) + 1, _line_end(text, name.end)
    alone = not text[start : name.start].strip(_QUOTES) and not text[name.end : end].strip()
    return end if alone else None


def _line_end(text: str, position: int) -> int:
    found = text.find("\n", position)
    return len(text) if found < 0 else found
