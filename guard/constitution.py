"""Read constitutions: what the assistant shall do, in words that a lawyer can read and a test can run.

A constitution is content-addressed: its digest is the SHA-256 of its canonical form, so the layout of the file does
not matter and every word does. The examples of a principle are what a critic is fitted to and tested on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from guard.documents import Strict, read
from guard.errors import ConfigError
from guard.types import Dialogue

AppliesTo = Literal["prompt", "reply", "exchange"]
# prompt    what the user wrote
# reply     what the assistant wrote, whatever was asked
# exchange  the reply in the light of the prompt

Severity = Literal["low", "medium", "high"]

OnViolation = Literal["annotate", "revise", "block", "escalate"]
# annotate  the reply goes out as it is; the log and the decision name the principle
# revise    the offending passage is rewritten, or replaced by the principle's template
# block     nothing of the reply goes out
# escalate  nothing goes out until a person has decided

Check = Literal["reveals_unknown_data"]
# reveals_unknown_data  the reply holds personal data or a secret that the exchange did not contain; decided exactly,
#                       by the recognizers, and never put to a critic

LEAST_EXAMPLES = 2


@dataclass(frozen=True, slots=True)
class Principle:
    """One rule of a constitution; a `guard.types.Rule`. `template` replaces an offending passage."""

    id: str
    statement: str
    question: str
    applies_to: AppliesTo
    severity: Severity
    on_violation: OnViolation
    template: str | None
    check: Check | None
    violates: tuple[Dialogue, ...]
    complies: tuple[Dialogue, ...]


@dataclass(frozen=True, slots=True)
class Constitution:
    """A named, versioned set of principles; `digest` is the SHA-256 of its canonical form, in hexadecimal."""

    name: str
    version: int
    principles: tuple[Principle, ...]
    digest: str


def load(path: Path) -> Constitution:
    """Read one constitution. Raises ConfigError."""
    return _constitution(read(path, _ConstitutionFile))


def load_folder(path: Path) -> dict[str, Constitution]:
    """Read every `.yaml` and `.yml` file of the folder `path`, by constitution name. Raises ConfigError."""
    if not path.is_dir():
        raise ConfigError(f"{path}: is not a folder. Name the folder that holds the constitutions.")
    files = sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml") and file.is_file())
    if not files:
        raise ConfigError(f"{path}: holds no constitution. Put a .yaml file there.")
    found: dict[str, Constitution] = {}
    first: dict[str, Path] = {}
    for file in files:
        constitution = load(file)
        if constitution.name in found:
            other = first[constitution.name]
            raise ConfigError(
                f"{file}: key 'constitution': {other} has the same name '{constitution.name}'. Rename one of them."
            )
        found[constitution.name] = constitution
        first[constitution.name] = file
    return found


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]


class _Example(Strict):
    prompt: Text
    reply: Text


class _PrincipleFile(Strict):
    id: Name
    statement: Text
    question: Text
    applies_to: AppliesTo
    severity: Severity
    on_violation: OnViolation
    template: Text | None = None
    check: Check | None = None
    violates: list[_Example]
    complies: list[_Example]

    @field_validator("violates", "complies")
    @classmethod
    def _enough(cls, examples: list[_Example]) -> list[_Example]:
        if len(examples) < LEAST_EXAMPLES:
            raise ValueError(f"has {len(examples)} of at least {LEAST_EXAMPLES} examples; write more")
        return examples

    @model_validator(mode="after")
    def _all_differ(self) -> _PrincipleFile:
        """A repeated example would be fitted to on one side of the test that leaves it out on the other."""
        examples = [*self.violates, *self.complies]
        if len({(example.prompt, example.reply) for example in examples}) < len(examples):
            raise ValueError(f"principle '{self.id}' has the same example twice; keep one of them")
        return self


class _ConstitutionFile(Strict):
    constitution: Name
    version: int = Field(strict=True, ge=1)
    principles: list[_PrincipleFile]

    @field_validator("principles")
    @classmethod
    def _unique(cls, principles: list[_PrincipleFile]) -> list[_PrincipleFile]:
        if not principles:
            raise ValueError("is empty; write at least one principle")
        ids = [principle.id for principle in principles]
        repeated = sorted({one for one in ids if ids.count(one) > 1})
        if repeated:
            raise ValueError(f"the id '{repeated[0]}' stands twice; rename one of them")
        return principles


def _constitution(file: _ConstitutionFile) -> Constitution:
    canonical = json.dumps(file.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Constitution(
        name=file.constitution,
        version=file.version,
        principles=tuple(_principle(principle) for principle in file.principles),
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def _principle(file: _PrincipleFile) -> Principle:
    return Principle(
        id=file.id,
        statement=file.statement,
        question=file.question,
        applies_to=file.applies_to,
        severity=file.severity,
        on_violation=file.on_violation,
        template=file.template,
        check=file.check,
        violates=tuple(Dialogue(prompt=one.prompt, reply=one.reply) for one in file.violates),
        complies=tuple(Dialogue(prompt=one.prompt, reply=one.reply) for one in file.complies),
    )
