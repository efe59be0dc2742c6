"""How strict a review is: what the policy says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from guard.review.prompts import Prompts

OnFailure = Literal["block", "allow"]
# block  a reply with a principle that could not be judged does not go out
# allow  it goes out; the log says what was not judged

OnUnsure = Literal["allow", "block"]
# allow  a reply with a principle that the critic abstains from goes out
# block  it does not


@dataclass(frozen=True, slots=True)
class Settings:
    """`rounds` is how often a rewrite is tried; `writes` whether the critic writes critiques and revisions."""

    on_failure: OnFailure = "block"
    on_unsure: OnUnsure = "allow"
    rounds: int = 2
    writes: bool = False
    prompts: Prompts = field(default_factory=Prompts)
