"""policies/*.yaml: what may leave, for whom, and how replies are reviewed.

For one exchange the policies are asked in order of precedence; the first that applies gives the plan. Where none
applies, the exchange is refused.
"""

from guard.policy.choosing import choose, load_folder
from guard.policy.masking import KEEPS_NOTHING, Kept, Masking, Route
from guard.policy.recognition import (
    MODELLED,
    CodeRules,
    Entity,
    Extra,
    Gliner,
    HuggingFace,
    Language,
    Profile,
    Recognition,
    RemoteAnalyzer,
    Terms,
)
from guard.policy.reviewing import ReviewRules, StreamMode, Validated, ValidatorRule
from guard.policy.whole import AppliesTo, LogRules, Opaque, Policy

__all__ = [
    "KEEPS_NOTHING",
    "MODELLED",
    "AppliesTo",
    "CodeRules",
    "Entity",
    "Extra",
    "Gliner",
    "HuggingFace",
    "Kept",
    "Language",
    "LogRules",
    "Masking",
    "Opaque",
    "Policy",
    "Profile",
    "Recognition",
    "RemoteAnalyzer",
    "ReviewRules",
    "Route",
    "StreamMode",
    "Terms",
    "Validated",
    "ValidatorRule",
    "choose",
    "load_folder",
]
