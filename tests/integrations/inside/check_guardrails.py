"""guard's validators inside guardrails-ai, and that guardrails-ai talks to nobody."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from guardrails import Guard as Rails
from guardrails.errors import ValidationError
from guardrails.hub_telemetry.hub_tracing import HubTelemetry
from guardrails.settings import settings

from guard.integrations.guardrails import GuardConstitution, GuardMask
from guard.library import Guard
from tests.house import CARD, MAIL, REVIEWED, Scripted, policy, start

TEXT = f"Write to {MAIL}, card {CARD}."
STRICT = policy("strict", precedence=1, mask={"entities": {"SECRET": "block"}}, review={"constitution": "test"})


@pytest.fixture
def guard(tmp_path: Path, discretion: list[Path]) -> Iterator[Guard]:
    discretion.append(tmp_path)
    with Guard(start(tmp_path, "http://127.0.0.1:9", [REVIEWED, STRICT], critic=Scripted())) as made:
        yield made


def test_masking_fails_what_the_policy_replaces_and_fixes_it(guard: Guard) -> None:
    with pytest.raises(ValidationError, match="The text holds CREDIT_CARD, EMAIL_ADDRESS") as caught:
        Rails().use(GuardMask(guard)).validate(TEXT)
    assert MAIL not in str(caught.value)
    fixed = Rails().use(GuardMask(guard, on_fail="fix")).validate(TEXT).validated_output
    assert fixed == guard.mask(TEXT)
    assert guard.restore(fixed) == TEXT
    assert Rails().use(GuardMask(guard)).validate("Hello.").validation_passed


def test_what_may_not_leave_has_no_fix(guard: Guard) -> None:
    secret = "ghp_" + "x7Kq" * 9
    outcome = Rails().use(GuardMask(guard, on_fail="fix")).validate(f"Use {secret} here")
    assert outcome.validated_output is None


def test_masking_says_where(guard: Guard) -> None:
    result = GuardMask(guard, on_fail="noop").validate(TEXT, {})
    assert [(TEXT[span.start : span.end], span.reason) for span in result.error_spans] == [
        (MAIL, "EMAIL_ADDRESS"),
        (CARD, "CREDIT_CARD"),
    ]


def test_the_constitution_lets_through_mends_and_withholds(guard: Guard) -> None:
    rails = Rails().use(GuardConstitution(guard, on_fail="fix"))
    assert rails.validate("All good.").validated_output == "All good."
    assert rails.validate("Pay now, or else.").validated_output == "Pay now, [removed: no-threats]."
    assert rails.validate("Buy a rifle.").validated_output is None
    with pytest.raises(ValidationError, match="no-weapons"):
        Rails().use(GuardConstitution(guard)).validate("Buy a rifle.")


def test_a_critic_that_fails_does_not_pass(guard: Guard) -> None:
    with pytest.raises(ValidationError, match="could not be judged"):
        Rails().use(GuardConstitution(guard)).validate("CRASH")


def test_the_prompt_is_read_with_the_reply(guard: Guard) -> None:
    rails = Rails().use(GuardConstitution(guard))
    assert rails.validate(MAIL, metadata={"prompt": f"Say {MAIL}"}).validation_passed
    with pytest.raises(ValidationError, match="no-new-data"):
        rails.validate(MAIL)


def test_a_stream_is_read_whole(guard: Guard) -> None:
    pieces = ["Write to alice.", "meyer@example", ".com. Pay now. ", "Or not."]

    def model(*, messages: Any = None, **_: Any) -> Iterator[str]:
        yield from pieces

    rails = Rails().use(GuardMask(guard, on_fail="fix"))
    outcomes = list(rails(model, messages=[{"role": "user", "content": "Hi"}], stream=True))
    told = "".join(outcome.validated_output or "" for outcome in outcomes)
    assert MAIL not in told
    assert guard.restore(told) == "".join(pieces)


def test_guardrails_talks_to_nobody(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    Rails().use(GuardMask(guard, on_fail="fix")).use(GuardConstitution(guard, on_fail="fix")).validate(TEXT)
    assert settings.rc.enable_metrics is False
    assert settings.rc.use_remote_inferencing is False
    assert HubTelemetry()._enabled is False


def test_the_example_runs(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    rules = "policy: light\nrecognize: {profile: patterns}\nreview: {constitution: null}\n"
    (tmp_path / "policies" / "light.yaml").write_text(rules)
    program = Path(__file__).parents[3] / "examples" / "integrations" / "guardrails_validators.py"
    environ = {**os.environ, "GUARD_POLICIES": str(tmp_path / "policies")}
    done = subprocess.run(
        [sys.executable, program], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    sees, reads = done.stdout.splitlines()
    assert "<EMAIL_ADDRESS_" in sees
    assert reads == f"the reader sees Done: Write to {MAIL}."
    assert "traces" not in done.stderr
