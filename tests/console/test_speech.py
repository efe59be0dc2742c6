"""Every string in three languages, none missing, none left over."""

import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from guard import types
from guard.audit.verify import Kind as FindingKind
from guard.config import Role
from guard.console import candidates
from guard.console.language import LANGUAGES
from guard.console.pages import MENU
from guard.console.speech import speech
from guard.constitution.values import AppliesTo, OnViolation, Severity
from guard.policy import LogRules, Opaque, Profile, StreamMode, ValidatorRule

CONSOLE = Path(types.__file__).parent / "console"
CLOSED = {
    "decision": types.Decision, "outcome": types.Outcome, "state": types.State, "operator": types.Operator,
    "surface": types.SurfaceName, "action": types.Action, "role": Role, "why": candidates.Why,
    "applies_to": AppliesTo, "on_violation": OnViolation, "severity": Severity, "content": LogRules.model_fields["content"].annotation, "opaque": Opaque,
    "profile": Profile, "stream": StreamMode, "finding": FindingKind,
    "on_fail": ValidatorRule.model_fields["on_fail"].annotation,
}  # fmt: skip
# Words of closed sets that types do not name.
OPEN = {
    "outcome.unfinished", "outcome.held", "decision.escalate", "finding.late", "finding.content", "content.encrypted",
    "role.guard",
    *(f"method.{word}" for word in ("redaction", "template", "rewrite")),
    *(f"ending.{word}" for word in ("allow", "block")), *(f"held.{word}" for word in ("approved", "rejected")),
    *(f"kind.{word}" for word in ("critic", "recognizer", "upstream", "reader")),
}  # fmt: skip


def used() -> Iterator[str]:
    """Every key that a template or a module names, as far as it stands there."""
    for file in (*CONSOLE.glob("templates/*.html"), *CONSOLE.glob("*.py")):
        text = file.read_text(encoding="utf-8")
        yield from re.findall(r"""\bsay\(\s*["']([\w.]+)["']\s*[,)]""", text)
        yield from re.findall(r"""["']((?:label|error|overview|principle)\.\w+(?:\.text)?)["']""", text)


def fields(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language):
    english, other = speech("en").messages, speech(language).messages
    assert set(other) == set(english)
    assert [key for key, message in other.items() if not message.strip()] == []
    assert {key: fields(message) for key, message in other.items()} == {key: fields(m) for key, m in english.items()}


@pytest.mark.parametrize(("language", "script"), [("ko", r"[가-힣]"), ("ja", r"[ぁ-んァ-ヶ一-龯]")])
def test_what_is_not_a_name_is_translated(language, script):
    names = {
        "field.surface",
        "base.signed_in",
        "role.guard",
        *(k for k in speech("en").messages if k.startswith("surface.")),
    }
    names |= {"scope.surfaces", "constitutions.title"} if language == "ko" else {"scope.surfaces"}
    alike = [k for k, m in speech(language).messages.items() if not re.search(script, m) and k not in names]
    assert alike == []


@pytest.mark.parametrize("kind", CLOSED)
def test_every_word_of_a_closed_set_has_a_name(kind):
    assert [w for w in get_args(CLOSED[kind]) if f"{kind}.{w}" not in speech("en").messages] == []


def test_every_key_that_pages_name_is_there_and_none_is_left_over():
    known = set(speech("en").messages)
    named = {key for key in used() if not key.endswith(".html")}
    assert named - known == set()
    built = {f"{kind}.{word}" for kind, words in CLOSED.items() for word in get_args(words)} | OPEN
    built |= {f"menu.{key}" for key, _, _ in MENU}
    open_ended = ("field.", "scope.", "total.", "stage.", "usage.")
    assert {key for key in known - named - built if not key.startswith(open_ended)} == set()


def test_every_stage_that_is_timed_has_a_name():
    package = Path(types.__file__).parent
    timed = {
        one for file in package.rglob("*.py") for one in re.findall(r"""\.took\(["'](\w+)["']""", file.read_text())
    }
    assert {"upstream", "validate"} < timed
    named = {key.removeprefix("stage.") for key in speech("en").messages if key.startswith("stage.")}
    assert named == timed | {"guard", "whole"}


def test_a_newer_word_is_shown_as_it_is():
    assert speech("ko").word("decision", "ponder") == "ponder"
