"""Replace what was found in a text by what the policy says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from guard.mask.finds import Find, find_at, fitted, in_json, look_alikes, spelling, whole_text, with_backslashes
from guard.mask.nesting import Nesting
from guard.mask.placeholders import BENT, LITERAL
from guard.mask.restore import restore
from guard.mask.text import Inner, Text
from guard.mask.vault import Vault
from guard.types import FoundSpan, Operator, Span


@dataclass(frozen=True, slots=True)
class Masked:
    """A text after masking, what was found in it for the log, and where, in characters of the original.

    `kept` is for the log too: what was found, and stands in the text as before, each value once.
    """

    text: str
    found: tuple[FoundSpan, ...]
    spans: tuple[Span, ...] = ()
    kept: tuple[FoundSpan, ...] = ()


# Of operators that act on the same characters, the one that lets less through goes first.
_GRAVITY: tuple[Operator, ...] = ("placeholder", "hash", "redact", "route", "block")

_RESTORED: frozenset[Operator] = frozenset({"placeholder", "route"})

_LEAST = 4  # characters: what is left of a find beside a placeholder and shorter, a particle or a sign, is no value


class Masker:
    """Masks the texts of one exchange into one vault, with the operators of its plan."""

    def __init__(self, vault: Vault, operators: Mapping[str, Operator], default: Operator = "placeholder") -> None:
        self._vault = vault
        self._operators = {**operators, LITERAL: "placeholder"}  # else nobody could tell it from a placeholder
        self._default = default
        self._keeps = "keep" in {default, *operators.values()}

    def operator(self, entity: str) -> Operator:
        """What the plan does with an entity. Look-alikes of placeholders always become placeholders."""
        return self._operators.get(entity, self._default)

    def mask(self, text: Text, spans: Sequence[tuple[Span, ...]], field: str, *, seams: Sequence[Span] = ()) -> Masked:
        """Mask `text`, given the spans of each reading of its leaves, in order.

        `seams` are spans of the text itself, for what began in the text before it or goes on in the next.
        `field` says for the log where the text stands. What the policy blocks becomes a placeholder too, since the
        log keeps the masked text; the caller sees the operator in what was found and refuses the exchange.
        """
        finds = self._finds(text, iter(spans))
        kept = self.kept(text, spans, field, seams=seams)
        if seams:
            finds = self._merged([*finds, *self._leaf(text, seams)], text.raw)
        if not finds:
            return Masked(text.raw, (), kept=kept)
        finds = list(with_backslashes(finds, text.raw))
        pieces, last, nesting = [], 0, Nesting()
        encoded = any(find.value != text.raw[find.start : find.end] for find in finds)
        for find in finds:
            before = text.raw[last : find.start]
            if encoded:
                nesting.feed(before)
            pieces += [before, self._replacement(find, text.raw[find.start : find.end], nesting.depth)]
            last = find.end
        pieces.append(text.raw[last:])
        masked = self._checked("".join(pieces), text, finds)
        real = [find for find in finds if find.span.entity != LITERAL]
        where = tuple(find.placed for find in real)
        return Masked(masked, tuple(self._entry(find, field) for find in real), where, kept)

    def kept(
        self, text: Text, spans: Sequence[tuple[Span, ...]], field: str, *, seams: Sequence[Span] = ()
    ) -> tuple[FoundSpan, ...]:
        """For the log what was found in the readings of `text` and stays in it, each value of a `field` once."""
        if not self._keeps:
            return ()
        given = iter(spans)
        placed = [
            (leaf.raw, span)
            for leaf in text.leaves()
            for span in leaf.placed(span for _ in leaf.readings for span in next(given))
        ]
        values: dict[tuple[str, str], Find] = {}
        for raw, span in (*placed, *((text.raw, span) for span in seams)):
            if self.operator(span.entity) == "keep":
                find = find_at(raw, span.start, span.end, span)
                values.setdefault((span.entity, find.value), find)
        return tuple(self._entry(find, field) for find in values.values())

    def _finds(self, text: Text, spans: Iterator[tuple[Span, ...]]) -> list[Find]:
        finds: list[Find] = []
        if text.inner is not None:
            for item in text.inner:
                inner = self._finds(item.text, spans)
                finds += (in_json(item, find) for find in (inner[:1] if item.form == "number" else inner))
            return finds
        if text.plain:
            finds = self._leaf(text, text.placed(span for _ in text.readings for span in next(spans)))
        for item in text.hidden:
            hidden = self._hidden(text, item, self._finds(item.text, spans))
            finds = [*(fitted(find, item, hidden, text.raw) for find in finds), *hidden]
        return self._merged(finds, text.raw) if text.hidden else finds

    def _hidden(self, text: Text, item: Inner, finds: list[Find]) -> list[Find]:
        """What was found in `item`, as it is written in `text`."""
        if item.form == "blob":
            # What looks like a placeholder in there is out of the reach of whoever restores.
            finds = [find for find in finds if find.span.entity != LITERAL]
            finds = [max(finds, key=self._gravity)] if finds else []
        if text.kind == "name":
            return [whole_text(text.raw, max(finds, key=self._gravity).span)] if finds else []
        places = [(item.outer(find.start, find.end), find) for find in finds]
        blob = item.form == "blob"
        return [Find(*place, find.span, find.value, blob=blob or find.blob) for place, find in places]

    def _leaf(self, text: Text, spans: Iterable[Span]) -> list[Find]:
        raw = text.raw
        acting = [span for span in spans if self.operator(span.entity) != "keep"]
        alike = look_alikes(raw) if "_" in raw else []
        finds = [find_at(raw, span.start, span.end, span) for span in (*acting, *alike)]
        if text.kind == "name" and finds:
            return [whole_text(raw, max(finds, key=self._gravity).span)]
        return self._merged(finds, raw) if alike else finds

    def _merged(self, finds: list[Find], raw: str) -> list[Find]:
        """The finds in order, those that share characters made one."""
        merged: list[Find] = []
        for find in sorted(finds, key=lambda f: (f.start, -f.end)):
            last = merged[-1] if merged else None
            if last is None or find.start >= last.end:
                merged.append(find)
                continue
            start, end = last.start, max(last.end, find.end)
            gravest = max(last, find, key=self._gravity)
            if (gravest.start, gravest.end) != (start, end):
                gravest = replace(find_at(raw, start, end, gravest.span), bare=gravest.bare)
            merged[-1] = gravest
        return merged

    def _gravity(self, find: Find) -> tuple[int, float]:
        return _GRAVITY.index(self.operator(find.span.entity)), find.span.score

    def _replacement(self, find: Find, written: str, depth: int) -> str:
        entity = find.span.entity
        match self.operator(entity):
            case "redact":
                replacement = f"[{entity}]"
            case "hash":
                replacement = f"[{entity} {self._vault.coder.value_hash(entity, find.value)}]"
            case _:
                # A blob holds the value and more, so it is no spelling of it.
                value = None if find.blob else find.value
                name = self._vault.name(entity, *spelling(find, written, depth), value=value)
                replacement = name if find.bare else f"<{name}>"
        return f'"{replacement}"' if find.number else replacement

    def _checked(self, masked: str, text: Text, finds: list[Find]) -> str:
        """`masked`, or, should it not restore to the text byte for byte, one placeholder for the whole of it."""
        entities = {find.span.entity for find in finds}
        if any(find.number for find in finds) or not _RESTORED.issuperset(map(self.operator, entities)):
            return masked
        if restore(masked, self._vault) == text.raw:
            return masked
        return f"<{self._vault.name(LITERAL, text.raw)}>"

    def _entry(self, find: Find, field: str) -> FoundSpan:
        span = find.span
        value_hash = self._vault.coder.value_hash(span.entity, find.value)
        return FoundSpan(field, span.entity, span.recognizer, span.score, self.operator(span.entity), value_hash)

    def located(self, text: Text, spans: Sequence[tuple[Span, ...]]) -> tuple[tuple[Span, str], ...]:
        """What was found in the readings of `text`, as spans of the text itself, each with the value it stands for."""
        return tuple(
            (find.placed, find.value) for find in self._finds(text, iter(spans)) if find.span.entity != LITERAL
        )

    def mask_reply(
        self, text: str, located: Sequence[tuple[Span, str]], field: str, kept: tuple[FoundSpan, ...] = ()
    ) -> tuple[Masked, tuple[tuple[Span, str], ...]]:
        """Mask what a model wrote of its own accord; its placeholders stay as they are, and so does what is `kept`.

        Returns the masked text and, for each value replaced, where its placeholder stands and the value.
        """
        names = BENT.finditer(text) if "_" in text else ()
        taken = [match.span() for match in names if self._vault.find(match["name"] or match["bare"])]
        pieces: list[str] = []
        found: list[FoundSpan] = []
        moved: list[tuple[Span, str]] = []
        last = length = 0
        for span, value in _outside(located, taken, text):
            if span.start < last or self.operator(span.entity) == "keep":
                continue
            pieces += [text[last : span.start], f"<{self._vault.name(span.entity, value)}>"]
            start = length + span.start - last
            length = start + len(pieces[-1])
            moved.append((Span(start, length, span.entity, span.score, span.recognizer), value))
            found.append(self._entry(Find(span.start, span.end, span, value), field))
            last = span.end
        return Masked("".join([*pieces, text[last:]]), tuple(found), kept=kept), tuple(moved)


def _outside(
    located: Iterable[tuple[Span, str]], taken: Sequence[tuple[int, int]], text: str
) -> Iterator[tuple[Span, str]]:
    """What was found, less the places that are `taken`: in order, and disjoint."""
    for span, value in located:
        within = [place for place in taken if place[0] < span.end and span.start < place[1]]
        edges = [span.start, *(edge for place in within for edge in place), span.end]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            whole = (start, end) == (span.start, span.end)
            if whole or end - start >= _LEAST:
                yield replace(span, start=start, end=end), value if whole else text[start:end]
