"""A policy as a whole, and whom it is for."""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from guard.documents import Strict
from guard.policy.masking import Masking, Route
from guard.policy.recognition import Recognition
from guard.policy.reviewing import ReviewRules
from guard.types import ContentMode, Principal

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
