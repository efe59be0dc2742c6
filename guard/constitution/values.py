"""What a constitution is: principles, whom they are for, and what they must show on their examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import Literal

from guard.types import Dialogue, Principal

AppliesTo = Literal["prompt", "reply", "exchange"]
# prompt    what is sent: the user's words, results of tools, documents; judged before it leaves
# reply     what the assistant wrote, whatever was asked
# exchange  the reply in the light of the prompt

Severity = Literal["low", "medium", "high"]

OnViolation = Literal["annotate", "revise", "block", "escalate"]
# annotate  the reply goes out as it is; the log and the decision name the principle
# revise    the offending passage is rewritten, or replaced by the principle's template; not for prompts
# block     nothing of the reply goes out; a prompt does not leave
# escalate  nothing goes out until a person has decided

Check = Literal["reveals_unknown_data"]
# reveals_unknown_data  the reply holds personal data or a secret that the exchange did not contain; decided exactly,
#                       by the recognizers, and never put to a critic

CodeRule = Literal["injection", "written_secret", "weak_crypto", "checks_off", "open_rights", "foreign_licence"]
# injection        input that becomes code: eval, shells, SQL or HTML put together from strings, objects that are read
# written_secret   a password, a key or a token in code, settings or an address
# weak_crypto      fast hashes of passwords, old ciphers and protocols, values that can be guessed
# checks_off       certificates, host keys, signatures, hooks and safeguards that are switched off
# open_rights      files, roles, ports and storage that are open to all
# foreign_licence  code with a notice of the GPL family or another's copyright, where the prompt is not about licences

Language = Literal["en", "ko", "ja", "zh", "other"]
# en     Latin script; guard does not tell English from German
# ko     Hangul
# ja     kana
# zh     Chinese characters, of which Japanese has many too
# other  any other script


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom and what a document or a principle is for; an empty list is for all.

    Users, teams, applications and surfaces are shell patterns (`*`, `?`), any of which may match.
    """

    users: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()
    languages: tuple[Language, ...] = ()

    def covers(self, principal: Principal, surface: str) -> bool:
        """Whether it is for this caller on this surface, whatever the language."""
        pairs = (
            (self.users, principal.user),
            (self.teams, principal.team),
            (self.applications, principal.application),
            (self.surfaces, surface),
        )
        return all(not patterns or any(fnmatchcase(value, one) for one in patterns) for patterns, value in pairs)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a rule comes from: a law, or the number of a policy of the company's."""

    law: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """What a critic must reach on a principle's examples before the principle may be in force.

    `precision` is the share of what fired that violates, `recall` the share of the violating examples that fired,
    `missed` the largest share of these that may be clear (the others are unsure), `margin` the mean score of the
    violating examples less that of the complying ones.

    The defaults are those of a coin: a critic that is no better has not understood the principle, and one that never
    fires does not apply it.
    """

    precision: float = 0.5
    recall: float = 0.0
    missed: float = 0.5
    margin: float = 0.0


@dataclass(frozen=True, slots=True)
class Principle:
    """One rule of a constitution; a `guard.types.Rule`. `template` replaces an offending passage.

    `code` are kinds of unsafe code that violate it wherever the reply holds them, whatever the critic says of the rest.
    `home` is the document that it was written in.
    """

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
    scope: Scope = field(default_factory=Scope)
    references: tuple[Reference, ...] = ()
    marks: Marks = field(default_factory=Marks)
    home: str = ""
    code: tuple[CodeRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """A principle that a document does not take over from those it extends, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Constitution:
    """A named, versioned set of principles, with all that it extends.

    `digest` is the SHA-256, in hexadecimal, of its canonical form: layout does not change it, every word does. Of
    several in force at once the one with the higher `precedence` counts where two hold a principle of one id.
    """

    name: str
    version: int
    principles: tuple[Principle, ...]
    digest: str
    precedence: int = 0
    scope: Scope = field(default_factory=Scope)
    owner: str = ""
    review_by: date | None = None
    references: tuple[Reference, ...] = ()
    extends: tuple[str, ...] = ()
    removed: tuple[Removal, ...] = ()
