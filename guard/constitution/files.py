"""The file form of a constitution: what may stand in it, checked, and its JSON Schema for editors."""

from __future__ import annotations

import json
from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated, Any, get_args

from pydantic import Field, StringConstraints, TypeAdapter, ValidationInfo, field_validator, model_validator

from guard.constitution.values import AppliesTo, Check, CodeRule, Language, OnViolation, Severity
from guard.documents import Strict
from guard.types import SurfaceName

LEAST_EXAMPLES = 2
SCHEMA_ID = "constitution.schema.json"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Share = Annotated[float, Field(ge=0, le=1)]


class ExampleFile(Strict):
    """A prompt and the reply to it, near the line. The examples of a principle for prompts have no reply."""

    prompt: Text
    reply: Text | None = None


class _Answered(Strict):
    prompt: Text
    reply: Text


_ANSWERED = TypeAdapter(list[_Answered])


class ScopeFile(Strict):
    """Whom and what it is for; a list that is left out is for all. `*` and `?` stand for any characters."""

    users: tuple[Text, ...] = ()
    teams: tuple[Text, ...] = ()
    applications: tuple[Text, ...] = ()
    surfaces: tuple[Text, ...] = ()
    languages: tuple[Language, ...] = ()

    @field_validator("surfaces")
    @classmethod
    def _known(cls, surfaces: tuple[str, ...]) -> tuple[str, ...]:
        """A name with a slip would be for nothing, and nobody would notice."""
        known = get_args(SurfaceName)
        for pattern in surfaces:
            if not any(fnmatchcase(name, pattern) for name in known):
                raise ValueError(f"'{pattern}' is no surface; known are {', '.join(known)}")
        return surfaces


class ReferenceFile(Strict):
    """A law, or the number of a policy of the company's."""

    law: Text | None = None
    policy: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> ReferenceFile:
        if (self.law is None) == (self.policy is None):
            raise ValueError("a reference names either a 'law' or a 'policy'; give one of them")
        return self


class MarksFile(Strict):
    """What the critic must reach on the examples, in `guard constitution test` and before guard serves."""

    precision: Share | None = None
    recall: Share | None = None
    missed: Share | None = None
    margin: float | None = Field(None, ge=-1, le=1)


class RemovalFile(Strict):
    """A principle that is not taken over from what the document extends, and why."""

    id: Name
    reason: Text


class PrincipleFile(Strict):
    """One rule. With `override` it takes the place of the principle of its id in what the document extends."""

    id: Name
    override: bool = False
    statement: Text
    question: Text
    applies_to: AppliesTo
    severity: Severity
    on_violation: OnViolation
    template: Text | None = None
    check: Check | None = None
    code: tuple[CodeRule, ...] = ()
    scope: ScopeFile = Field(default_factory=ScopeFile)
    references: tuple[ReferenceFile, ...] = ()
    tests: MarksFile = Field(default_factory=MarksFile)
    violates: list[ExampleFile]
    complies: list[ExampleFile]

    @field_validator("violates", "complies", mode="before")
    @classmethod
    def _of_its_kind(cls, examples: Any, info: ValidationInfo) -> Any:
        """Unless the principle is for prompts, each example has a reply."""
        if info.data.get("applies_to") != "prompt":
            _ANSWERED.validate_python(examples)
        return examples

    @field_validator("violates", "complies")
    @classmethod
    def _enough(cls, examples: list[ExampleFile]) -> list[ExampleFile]:
        if len(examples) < LEAST_EXAMPLES:
            raise ValueError(f"has {len(examples)} of at least {LEAST_EXAMPLES} examples; write more")
        return examples

    @model_validator(mode="after")
    def _all_differ(self) -> PrincipleFile:
        """A repeated example would be fitted to on one side of the test that leaves it out on the other."""
        examples = [*self.violates, *self.complies]
        if len({(example.prompt, example.reply) for example in examples}) < len(examples):
            raise ValueError(f"principle '{self.id}' has the same example twice; keep one of them")
        return self

    @model_validator(mode="after")
    def _what_a_prompt_can_have(self) -> PrincipleFile:
        if self.applies_to != "prompt":
            return self
        if self.on_violation == "revise":
            raise ValueError(
                f"principle '{self.id}' is for prompts, which guard does not rewrite: "
                "set 'on_violation' to annotate, block or escalate"
            )
        if any(one.reply is not None for one in (*self.violates, *self.complies)):
            raise ValueError(f"principle '{self.id}' is for prompts: leave out 'reply' in its examples")
        if self.template is not None or self.check is not None or self.code:
            raise ValueError(
                f"principle '{self.id}' is for prompts: drop 'template', 'check' and 'code', for replies alone"
            )
        return self

    @model_validator(mode="after")
    def _code_once(self) -> PrincipleFile:
        """A check decides alone, so there is nothing for rules on code to stand beside."""
        if self.check is not None and self.code:
            raise ValueError(f"principle '{self.id}' has both 'check' and 'code': drop one of them")
        return self


class ConstitutionFile(Strict):
    """One document. What it extends is named by `constitution` and lies in the same folder, or comes with guard."""

    constitution: Name
    version: int = Field(strict=True, ge=1)
    extends: Name | tuple[Name, ...] = ()
    precedence: int = Field(0, strict=True)
    scope: ScopeFile = Field(default_factory=ScopeFile)
    owner: Text | None = None
    review_by: date | None = None
    references: tuple[ReferenceFile, ...] = ()
    tests: MarksFile = Field(default_factory=MarksFile)
    removes: tuple[RemovalFile, ...] = ()
    principles: list[PrincipleFile] = Field(default_factory=list)

    @property
    def parents(self) -> tuple[str, ...]:
        """The names of what it extends."""
        return (self.extends,) if isinstance(self.extends, str) else self.extends

    @field_validator("principles")
    @classmethod
    def _unique(cls, principles: list[PrincipleFile]) -> list[PrincipleFile]:
        ids = [principle.id for principle in principles]
        repeated = sorted({one for one in ids if ids.count(one) > 1})
        if repeated:
            raise ValueError(f"the id '{repeated[0]}' stands twice; rename one of them")
        return principles

    @model_validator(mode="after")
    def _holds_principles(self) -> ConstitutionFile:
        if not self.parents and not self.principles:
            raise ValueError("key 'principles' is empty; write at least one principle, or name what it extends")
        if not self.parents and self.removes:
            raise ValueError("key 'removes': there is nothing to remove from; name what it extends, or drop the key")
        return self


def json_schema() -> str:
    """The JSON Schema (draft 2020-12) of a constitution, as the text of a file."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **ConstitutionFile.model_json_schema(),
        "title": "A constitution of guard",
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
