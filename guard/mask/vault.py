"""The vault of one exchange: which placeholder stands for which value, in memory, both ways."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from guard.mask.placeholders import (
    CODE_LENGTH,
    FORM_LENGTH,
    Coder,
    key_of,
)
from guard.types import Spelling


@dataclass(slots=True)
class Value:
    """A normalised value with its code and every spelling met so far, by form ("" is the usual one)."""

    entity: str
    normal: str
    code: str
    spellings: dict[str, Spelling]


class Vault:
    """Gives each value its placeholder and finds the value of a placeholder again.

    The same values give the same placeholders in any order, on any machine that has the tenant's key, as long as no
    two of them share a code; where two do, the later one's code is longer.
    """

    def __init__(self, coder: Coder) -> None:
        self.coder = coder
        self._values: dict[tuple[str, str], Value] = {}
        self._by_code: dict[str, Value] = {}
        self._by_name: dict[str, Spelling] = {}
        self._names: dict[tuple[str, str, str, str | None], str] = {}
        self._learned: dict[str, Spelling] = {}
        self._learned_codes: frozenset[str] = frozenset()
        self._refused: set[tuple[str, str, str]] = set()  # codes, each with the value that must not have it
        self._refused_forms: set[tuple[str, str, Spelling]] = set()
        self._longest = 0

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def values(self) -> Mapping[str, Value]:
        """Every value by its code."""
        return self._by_code

    @property
    def codes(self) -> frozenset[str]:
        """Every code of this vault, learned ones too."""
        return frozenset(self._by_code) | self._learned_codes

    def name(self, entity: str, spelling: str, escaped: str | None = None, *, value: str | None = None) -> str:
        """The placeholder of a spelling, without brackets: `PERSON_K7Q2M4XD`.

        `value` is what an encoded spelling stands for, so that `a%40b.com` has the code of `a@b.com`.
        """
        normal = self.coder.normalised(entity, spelling if value is None else value)
        return self._name(entity, normal, spelling, escaped)

    def _name(self, entity: str, normal: str, spelling: str, escaped: str | None) -> str:
        known = self._names.get((entity, normal, spelling, escaped))
        if known is not None:
            return known
        value = self._values.get((entity, normal))
        if value is None:
            value = Value(entity, normal, self._free_code(entity, normal), {})
            self._values[entity, normal] = value
            self._by_code[value.code] = value
        form = self._form(value, Spelling(spelling, escaped))
        name = f"{entity}_{value.code}_{form}" if form else f"{entity}_{value.code}"
        key = key_of(name)
        self._by_name[key] = value.spellings[form]
        self._longest = max(self._longest, len(name))
        self._names[entity, normal, spelling, escaped] = name
        return name

    def find(self, name: str) -> Spelling | None:
        """The spelling that a placeholder, bent or not, stands for; None when it is not one of this vault's."""
        return self._by_name.get(key_of(name))

    def may_become(self, beginning: str) -> bool:
        """Whether some placeholder of this vault begins with `beginning`, bent or not."""
        key = key_of(beginning)
        return len(key) <= self._longest and any(name.startswith(key) for name in self._by_name)

    def learn(self, entity: str, code: str, spellings: Mapping[str, Spelling]) -> None:
        """Add what a tenant vault knows of `code`, so that its placeholders can be restored."""
        self._learned_codes |= {code}
        for form, spelling in spellings.items():
            name = f"{entity}_{code}_{form}" if form else f"{entity}_{code}"
            self._learned.setdefault(key_of(name), spelling)
            self._by_name.setdefault(key_of(name), spelling)
            self._longest = max(self._longest, len(name))

    @property
    def names(self) -> Mapping[str, Spelling]:
        """What every placeholder stands for, learned ones too: to be given to `learn_names` later."""
        return self._by_name

    def learn_names(self, names: Mapping[str, Spelling]) -> None:
        """Add the `names` of another vault, so that its placeholders can be restored."""
        self._learned.update(names)
        self._by_name.update(names)
        self._longest = max(map(len, self._by_name), default=0)

    def avoid(self, taken: Collection[str]) -> None:
        """Let no value keep a code, and no spelling a form (`CODE_FORM`), that the tenant knows as another's.

        Every name is given anew: one that was longer only because of such a value may be the usual one again.
        """
        for name in taken:
            code, _, form = name.partition("_")
            value = self._by_code[code]
            if form:
                self._refused_forms.add((code, form, value.spellings[form]))
            else:
                self._refused.add((code, value.entity, value.normal))
        values = tuple(self._values.values())
        self._values.clear()
        self._by_code.clear()
        self._by_name = dict(self._learned)
        self._names.clear()
        for value in values:
            for spelling in value.spellings.values():
                self._name(value.entity, value.normal, spelling.text, spelling.escaped)

    def _free_code(self, entity: str, normal: str) -> str:
        length = CODE_LENGTH
        code = self.coder.code(entity, normal, length)
        while code in self._by_code or (code, entity, normal) in self._refused:
            length += 2
            code = self.coder.code(entity, normal, length)
        return code

    def _form(self, value: Value, spelling: Spelling) -> str:
        if spelling.escaped is None and spelling.text == self.coder.usual(value.entity, value.normal):
            value.spellings[""] = spelling
            return ""
        identity = spelling.text if spelling.escaped is None else f"{spelling.text}\0{spelling.escaped}"
        length = FORM_LENGTH
        form = self.coder.form(value.entity, value.normal, identity, length)
        while value.spellings.get(form, spelling) != spelling or (value.code, form, spelling) in self._refused_forms:
            length += 1
            form = self.coder.form(value.entity, value.normal, identity, length)
        value.spellings[form] = spelling
        return form
