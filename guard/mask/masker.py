"""Replace what was found in a text by what the policy says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from guard.mask.placeholders import BENT, LITERAL, looks_like_one
from guard.mask.restore import escape, restore
from guard.mask.text import Text
from guard.mask.vault import Vault
from guard.types import FoundSpan, Operator, Span


@dataclass(frozen=True, slots=True)
class Masked:
    """A text after masking, what was found in it for the log, and where, in characters of the original."""

    text: str
    found: tuple[FoundSpan, ...]
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class _Find:
    start: int
    end: int
    span: Span
    value: str
    number: bool = False
    bare: bool = False


class Masker:
    """Masks the texts of one exchange into one vault, with the operators of its plan."""

    def __init__(self, vault: Vault, operators: Mapping[str, Operator], default: Operator = "placeholder") -> None:
        self._vault = vault
        self._operators = operators
        self._default = default

    def operator(self, entity: str) -> Operator:
        """What the plan does with an entity. Look-alikes of placeholders always become placeholders."""
        if entity == LITERAL:
            return "placeholder"
        return self._operators.get(entity, self._default)

    def mask(self, text: Text, spans: Sequence[tuple[Span, ...]], field: str) -> Masked:
        """Mask `text`, given the spans of each reading of its leaves, in order.

        `field` says for the log where the text stands. What the policy blocks becomes a placeholder too, since the
        log keeps the masked text; the caller sees the operator in what was found and refuses the exchange.
        """
        finds = self._finds(text, iter(spans))
        if not finds:
            return Masked(text.raw, ())
        pieces, last = [], 0
        for find in finds:
            pieces += [text.raw[last : find.start], self._replacement(find, text)]
            last = find.end
        pieces.append(text.raw[last:])
        masked = self._checked("".join(pieces), text, finds)
        real = [find for find in finds if find.span.entity != LITERAL]
        where = tuple(replace(find.span, start=find.start, end=find.end) for find in real)
        return Masked(masked, tuple(self._entry(find, field) for find in real), where)

    def _finds(self, text: Text, spans: Iterator[tuple[Span, ...]]) -> list[_Find]:
        if text.inner is None:
            return self._leaf(text, text.placed(span for _ in text.readings for span in next(spans)))
        finds: list[_Find] = []
        for item in text.inner:
            inner = self._finds(item.text, spans)
            for find in inner[:1] if item.number else inner:
                start, end = item.outer(find.start, find.end)
                value = item.text.raw if item.number else find.value
                finds.append(_Find(start, end, find.span, value, find.number or item.number, find.bare))
        return finds

    def _leaf(self, text: Text, spans: list[Span]) -> list[_Find]:
        raw = text.raw
        acting = [span for span in spans if self.operator(span.entity) != "keep"]
        acting = _with_look_alikes(raw, acting)
        if text.kind == "name" and acting:
            surest = max(acting, key=lambda span: span.score)
            whole = Span(0, len(raw), surest.entity, surest.score, surest.recognizer)
            return [_Find(0, len(raw), whole, raw, bare=True)]
        return [_Find(span.start, span.end, span, raw[span.start : span.end]) for span in acting]

    def _replacement(self, find: _Find, text: Text) -> str:
        entity = find.span.entity
        match self.operator(entity):
            case "redact":
                replacement = f"[{entity}]"
            case "hash":
                replacement = f"[{entity} {self._vault.coder.value_hash(entity, find.value)}]"
            case _:
                escaped = None
                if text.inner is not None and not find.number:
                    written = text.raw[find.start : find.end]
                    escaped = written if written != escape(find.value) else None
                name = self._vault.name(entity, find.value, escaped)
                replacement = name if find.bare else f"<{name}>"
        return f'"{replacement}"' if find.number else replacement

    def _checked(self, masked: str, text: Text, finds: list[_Find]) -> str:
        """`masked`, or, should it not restore to the text byte for byte, one placeholder for the whole of it."""
        if any(find.number or self.operator(find.span.entity) != "placeholder" for find in finds):
            return masked
        if restore(masked, self._vault, depth=int(text.inner is not None)) == text.raw:
            return masked
        return f"<{self._vault.name(LITERAL, text.raw)}>"

    def _entry(self, find: _Find, field: str) -> FoundSpan:
        span = find.span
        value_hash = self._vault.coder.value_hash(span.entity, find.value)
        return FoundSpan(field, span.entity, span.recognizer, span.score, self.operator(span.entity), value_hash)

    def mask_reply(self, text: str, spans: Sequence[Span], field: str) -> tuple[Masked, tuple[tuple[Span, str], ...]]:
        """Mask what a model wrote of its own accord; its placeholders stay as they are.

        Returns the masked text and, for each value replaced, where its placeholder stands and the value.
        """
        names = BENT.finditer(text) if "_" in text else ()
        taken = [match.span() for match in names if self._vault.find(match["name"] or match["bare"])]
        pieces: list[str] = []
        found: list[FoundSpan] = []
        moved: list[tuple[Span, str]] = []
        last = length = 0
        for span in spans:
            inside = any(span.start < end and start < span.end for start, end in taken)
            if inside or span.start < last or self.operator(span.entity) == "keep":
                continue
            value = text[span.start : span.end]
            pieces += [text[last : span.start], f"<{self._vault.name(span.entity, value)}>"]
            start = length + span.start - last
            length = start + len(pieces[-1])
            moved.append((Span(start, length, span.entity, span.score, span.recognizer), value))
            found.append(self._entry(_Find(span.start, span.end, span, value), field))
            last = span.end
        return Masked("".join([*pieces, text[last:]]), tuple(found)), tuple(moved)


def _with_look_alikes(raw: str, spans: list[Span]) -> list[Span]:
    """`spans` and whatever restore could take for a placeholder, merged where they touch the same characters."""
    if "_" not in raw:
        return spans
    alike = [
        Span(match.start(), match.end(), LITERAL, 0.0, "look-alike")
        for match in BENT.finditer(raw)
        if looks_like_one(match["name"] or match["bare"])
    ]
    if not alike:
        return spans
    merged: list[Span] = []
    for span in sorted([*spans, *alike], key=lambda s: (s.start, -s.end)):
        last = merged[-1] if merged else None
        if last is None or span.start >= last.end:
            merged.append(span)
            continue
        surer = max(last, span, key=lambda s: s.score)
        merged[-1] = Span(last.start, max(last.end, span.end), surer.entity, surer.score, surer.recognizer)
    return merged
