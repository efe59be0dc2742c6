"""policies/*.yaml: what may leave, for whom, and how replies are reviewed.

For one exchange the policies are asked in order of precedence; the first that applies gives the plan. Where none
applies, the exchange is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from guard.documents import Strict, read
from guard.errors import ConfigError, PolicyError
from guard.types import Operator, Principal

Profile = Literal["full", "patterns", "none"]
# full      patterns and the models for names
# patterns  patterns alone: no model is loaded
# none      nothing is recognized, so nothing is masked; the log says so and keeps no content

StreamMode = Literal["window", "hold", "observe"]
# window   the reply is told sentence by sentence, each once it and all before it have passed their review; tool calls
#          whole. What has been told stands; from the first violation on the rest is held, and mended or withheld
# hold     the whole reply is held until its review allows it
# observe  the reply streams on at once; it is judged and recorded, never changed

Content = Literal["masked", "none"]
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


class Extra(Strict):
    """A Presidio recognizer of the user's own, by its class path."""

    class_path: str = Field(alias="class", pattern=r"^[A-Za-z_][\w.]*\.[A-Za-z_]\w*$")
    options: dict[str, Any] = Field(default_factory=dict)


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


class Masking(Strict):
    """What is done with each entity; `default` is for those not named."""

    default: Operator = "placeholder"
    entities: dict[str, Operator] = Field(default_factory=dict)

    def operator(self, entity: str) -> Operator:
        """What is done with an entity."""
        return self.entities.get(entity, self.default)


class Route(Strict):
    """Where an exchange goes in which something was found whose operator is `route`.

    `to` names an upstream that is marked `trusted`, `model` the model to ask there; without one, the caller's own
    choice is asked for. What is not to be routed is masked as ever.
    """

    to: str
    model: str | None = None


class ReviewRules(Strict):
    """How prompts and replies are reviewed. Without a constitution they are not, and the log says so."""

    constitution: str | tuple[str, ...] | None = "workplace"
    stream: StreamMode = "window"
    on_failure: Literal["block", "allow"] = "block"
    on_unsure: Literal["allow", "block"] = "allow"
    rounds: int = Field(2, ge=0, le=2)

    @property
    def constitutions(self) -> tuple[str, ...]:
        """The names of all that may be in force; which of them are is for their scopes to say."""
        named = self.constitution
        return named if isinstance(named, tuple) else (named,) if named else ()


class LogRules(Strict):
    """What of the content the audit log keeps."""

    content: Content = "masked"


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
