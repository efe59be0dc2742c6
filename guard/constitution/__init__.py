"""Constitutions: what the assistant shall do, in words that a lawyer can read and a test can run.

A constitution is content-addressed: its digest is the SHA-256 of its canonical form, with all that it extends, so the
layout of the files does not matter and every word does. The examples of a principle are what a critic is fitted to and
tested on.
"""

from guard.constitution.applying import applicable, in_force, languages_of
from guard.constitution.resolving import load, load_folder
from guard.constitution.values import (
    AppliesTo,
    Check,
    CodeRule,
    Constitution,
    Language,
    Marks,
    OnViolation,
    Principle,
    Reference,
    Removal,
    Scope,
    Severity,
)

__all__ = [
    "AppliesTo",
    "Check",
    "CodeRule",
    "Constitution",
    "Language",
    "Marks",
    "OnViolation",
    "Principle",
    "Reference",
    "Removal",
    "Scope",
    "Severity",
    "applicable",
    "in_force",
    "languages_of",
    "load",
    "load_folder",
]
