"""policies/*.yaml: what may leave, for whom, and how replies are reviewed.

For one exchange the policies are asked in order of precedence; the first that applies gives the plan. Where none
applies, the exchange is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from guard.documents import Strict, read
from guard.errors import ConfigError, PolicyError
from guard.types import ContentMode, Operator, Principal

Profile = Literal["full", "fast", "patterns", "none"]
# full      patterns and every model for names
# fast      patterns and the quicker models for names: of the two for English the one that knows forms
# patterns  patterns alone: no model is loaded
# none      nothing is recognized, so nothing is masked; the log says so and keeps no content

MODELLED: frozenset[Profile] = frozenset({"full", "fast"})  # the profiles that load models for names

Language = Literal["en", "ko", "ja"]
# which models for names run: English (and other Latin script), Korean, Japanese

StreamMode = Literal["window", "hold", "observe"]
# window   the reply is told sentence by sentence, each once it and all before it have passed their review; tool calls
#          whole. What has been told stands; from the first violation on the rest is held, and mended or withheld
# hold     the whole reply is held until its review allows it
# observe  the reply streams on at once; it is judged and recorded, never changed

Opaque = Literal["block", "allow", "extract"]
# block    an exchange with images, audio or files is refused
# allow    they leave as they are; the log names them as not scanned
# extract  the text of files is masked and takes their place, images leave with what was found blackened; what cannot
#          be read is refused


class AppliesTo(Strict):
    """Whom a policy is for: shell patterns (`*`, `?`), any of which may match; an empty list matches all."""

    users: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()

    def matches(self, principal: Principal, model: str, surface: str) -> bool:
        """Whether every list that is not empty has a pattern for this caller."""
        pairs = (
            (self.users, principal.user),
            (self.teams, principal.team),
            (self.applications, principal.application),
            (self.models, model),
            (self.surfaces, surface),
        )
        return all(not patterns or any(fnmatchcase(value, p) for p in patterns) for patterns, value in pairs)


Entity = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=60)]


class HuggingFace(Strict):
    """A token classifier: an id of the Hugging Face hub, or a folder. `entities` says what labels are called here."""

    model: str = Field(min_length=1)
    entities: dict[str, Entity | None] = Field(default_factory=dict)
    threshold: float = Field(0.4, gt=0, le=1)
    window: int = Field(512, ge=16)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    download: bool = False


class Gliner(Strict):
    """A GLiNER model: an id of the Hugging Face hub, or a folder. `labels` says which entity each of its labels is."""

    model: str = Field(min_length=1)
    labels: dict[str, Entity] = Field(min_length=1)
    threshold: float = Field(0.4, gt=0, le=1)
    words: int = Field(256, ge=16)
    device: str = "cpu"
    download: bool = False


class RemoteAnalyzer(Strict):
    """A Presidio analyzer that is asked over HTTP. `key_env` names the variable that holds its bearer token."""

    url: str = Field(pattern=r"^https?://[^\s/]+")
    language: str = "en"
    entities: tuple[Entity, ...] = ()
    threshold: float = Field(0.0, ge=0, le=1)
    timeout: float = Field(5.0, gt=0, le=600)
    key_env: str | None = None


_CLASSES = {
    "huggingface": "guard.backends.token_classifier.TokenClassifier",
    "gliner": "guard.backends.gliner_names.GlinerNames",
    "presidio": "guard.backends.remote_presidio.RemotePresidio",
}


class Extra(Strict):
    """A recognizer besides guard's own: a model by a short name, or any Presidio recognizer by its class path."""

    of_class: str | None = Field(None, alias="class", pattern=r"^[A-Za-z_][\w.]*\.[A-Za-z_]\w*$")
    with_options: dict[str, Any] = Field(default_factory=dict, alias="options")
    huggingface: HuggingFace | None = None
    gliner: Gliner | None = None
    presidio: RemoteAnalyzer | None = None

    @model_validator(mode="after")
    def _is_one_recognizer(self) -> Extra:
        named = [name for name in ("of_class", *_CLASSES) if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError("a recognizer is one of 'class', 'huggingface', 'gliner' and 'presidio': name one of them")
        if self.with_options and self.of_class is None:
            raise ValueError("'options' goes with 'class': write the options below the name of the recognizer")
        return self

    @property
    def class_path(self) -> str:
        """The class that is the recognizer."""
        return self.of_class or next(path for name, path in _CLASSES.items() if getattr(self, name) is not None)

    @property
    def options(self) -> dict[str, Any]:
        """What it is made with."""
        chosen = self.huggingface or self.gliner or self.presidio
        return chosen.model_dump() if chosen else self.with_options


class Terms(Strict):
    """A list of the company's own: terms that are one kind of entity, in a file (one a line), here, or both.

    A file is named from the folder of the policy.
    """

    entity: str = Field(pattern=r"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$", max_length=60)
    file: str | None = Field(None, min_length=1)
    terms: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _holds_terms(self) -> Terms:
        if self.file is None and not self.terms:
            raise ValueError("a list needs 'file' or 'terms': name a file with one term a line, or write terms")
        return self


class CodeRules(Strict):
    """What of the company's programs is found: blocks of source code, and names of hosts, packages and folders."""

    source_code: bool = False
    internal: tuple[str, ...] = ()


class Recognition(Strict):
    """Which recognizers run. `threshold` is the score from which a span counts, 0 to 1."""

    profile: Profile = "full"
    threshold: float = Field(0.4, ge=0, le=1)
    languages: tuple[Language, ...] = Field(("en", "ko", "ja"), min_length=1)
    recognizers: tuple[Extra, ...] = ()
    lists: tuple[Terms, ...] = ()
    fingerprints: tuple[str, ...] = ()
    code: CodeRules = Field(default_factory=CodeRules)

    @model_validator(mode="after")
    def _recognizes_what_it_names(self) -> Recognition:
        if self.profile == "none" and (self.lists or self.fingerprints or self.code != CodeRules()):
            raise ValueError(
                "profile 'none' recognizes nothing: choose 'patterns', or drop 'lists', 'fingerprints' and 'code'"
            )
        return self


@dataclass(frozen=True, slots=True)
class Kept:
    """The entities that a policy lets leave: those `named`, or with `others` all but those."""

    named: frozenset[str] = frozenset()
    others: bool = False

    def __contains__(self, entity: object) -> bool:
        return (entity in self.named) != self.others


KEEPS_NOTHING = Kept()


class Masking(Strict):
    """What is done with each entity; `default` is for those not named."""

    default: Operator = "placeholder"
    entities: dict[str, Operator] = Field(default_factory=dict)

    def operator(self, entity: str) -> Operator:
        """What is done with an entity."""
        return self.entities.get(entity, self.default)

    @property
    def kept(self) -> Kept:
        """The entities that leave as they are."""
        others = self.default == "keep"
        return Kept(frozenset(e for e, operator in self.entities.items() if (operator == "keep") != others), others)


class Route(Strict):
    """Where an exchange goes in which something was found whose operator is `route`.

    `to` names an upstream that is marked `trusted`, `model` the model to ask there; without one, the caller's own
    choice is asked for. What is not to be routed is masked as ever.
    """

    to: str
    model: str | None = None


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


class LogRules(Strict):
    """What of the content the audit log keeps, and for how many days; without a number the configuration says it."""

    content: ContentMode = "masked"
    retention_days: float | None = Field(None, gt=0)


class Policy(Strict):
    """One policy file. Its `digest` is that of its meaning: layout and order of keys do not change it."""

    policy: str = Field(min_length=1, max_length=100)
    version: int = Field(1, ge=1)
    precedence: int = 0
    applies_to: AppliesTo = Field(default_factory=AppliesTo)
    recognize: Recognition = Field(default_factory=Recognition)
    mask: Masking = Field(default_factory=Masking)
    route: Route | None = None
    opaque: Opaque = "block"
    review: ReviewRules = Field(default_factory=ReviewRules)
    log: LogRules = Field(default_factory=LogRules)

    @model_validator(mode="after")
    def _knows_where_to_route(self) -> Policy:
        if "route" in (self.mask.default, *self.mask.entities.values()) and self.route is None:
            raise ValueError("the operator 'route' needs a place: add 'route: {to: NAME}' with a trusted upstream")
        return self

    @model_validator(mode="after")
    def _keeps_no_raw_content(self) -> Policy:
        if self.recognize.profile == "none" and self.log.content != "none":
            raise ValueError("recognize.profile 'none' masks nothing: set log.content to 'none' as well")
        return self

    @cached_property
    def digest(self) -> str:
        """SHA-256, hexadecimal, of the canonical JSON of the policy."""
        text = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def load_folder(folder: Path) -> tuple[Policy, ...]:
    """Every policy of a folder, the one to ask first in front. Raises ConfigError."""
    files = sorted(file for file in folder.glob("*.y*ml") if file.suffix in {".yaml", ".yml"})
    if not files:
        raise ConfigError(f"{folder}: holds no policy. Add one, such as default.yaml.")
    policies = [read(file, Policy) for file in files]
    _refuse_repeated(folder, [policy.policy for policy in policies])
    return tuple(sorted(policies, key=lambda policy: (-policy.precedence, policy.policy)))


def choose(policies: Sequence[Policy], principal: Principal, model: str, surface: str) -> Policy:
    """The first policy that applies. Raises PolicyError where none does."""
    for policy in policies:
        if policy.applies_to.matches(principal, model, surface):
            return policy
    raise PolicyError("No policy applies to this caller, model and surface. Ask the administrator of guard for one.")


def _refuse_repeated(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{folder}: two policies are named '{name}'. Rename one.")
