"""How a policy has prompts and replies reviewed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from guard.documents import Strict

StreamMode = Literal["window", "hold", "observe"]
# window   the reply is told sentence by sentence, each once it and all before it have passed their review; tool calls
#          whole. What has been told stands; from the first violation on the rest is held, and mended or withheld
# hold     the whole reply is held until its review allows it
# observe  the reply streams on at once; it is judged and recorded, never changed

Validated = Literal["prompt", "reply"]


class ValidatorRule(Strict):
    """A validator of guardrails-ai, by its class path: what it validates, and what happens where that fails."""

    of_class: str = Field(alias="class", pattern=r"^[A-Za-z_][\w.]*\.[A-Za-z_]\w*$")
    on: Validated
    options: dict[str, Any] = Field(default_factory=dict)
    on_fail: Literal["block", "annotate"] = "block"

    @model_validator(mode="before")
    @classmethod
    def _takes_on_for_a_word(cls, data: Any) -> Any:
        """In YAML 1.1 an `on` without quotes is true."""
        return {"on" if key is True else key: value for key, value in data.items()} if isinstance(data, dict) else data

    @property
    def class_path(self) -> str:
        """The class that is the validator."""
        return self.of_class


class ReviewRules(Strict):
    """How prompts and replies are reviewed. Without a constitution they are not, and the log says so."""

    constitution: str | tuple[str, ...] | None = "workplace"
    stream: StreamMode = "window"
    on_failure: Literal["block", "allow"] = "block"
    on_unsure: Literal["allow", "block"] = "allow"
    rounds: int = Field(2, ge=0, le=2)
    validators: tuple[ValidatorRule, ...] = ()

    @model_validator(mode="after")
    def _validates_whole_replies(self) -> ReviewRules:
        if self.stream != "hold" and any(rule.on == "reply" for rule in self.validators):
            raise ValueError("validators read whole replies: a policy with one 'on: reply' needs 'stream: hold'")
        return self

    def validators_on(self, on: Validated) -> dict[str, ValidatorRule]:
        """The validators for prompts or for replies, by the names that their verdicts have in the log."""
        named: dict[str, ValidatorRule] = {}
        for rule in self.validators:
            if rule.on == on:
                name = f"guardrails/{rule.class_path.rpartition('.')[2]}"
                again = sum(one.class_path.rpartition(".")[2] == name.partition("/")[2] for one in named.values())
                named[f"{name}-{again + 1}" if again else name] = rule
        return named

    @property
    def constitutions(self) -> tuple[str, ...]:
        """The names of all that may be in force; which of them are is for their scopes to say."""
        named = self.constitution
        return named if isinstance(named, tuple) else (named,) if named else ()
