from __future__ import annotations

from pathlib import Path

from guard.constitution.showing import as_markdown
from tests.constitution.folder import made, principle


def test_a_lawyer_reads_the_whole_document(tmp_path: Path) -> None:
    made(tmp_path, "company", principle("a", template="No.", on_violation="revise"), principle("b"))
    lab = made(
        tmp_path, "lab", principle("c", applies_to="prompt", scope={"languages": ["ko"]}, references=[{"law": "GDPR"}]),
        extends="company", removes=[{"id": "b", "reason": "Not ours."}], owner="Counsel", review_by="2030-01-01",
        scope={"teams": ["lab"]}, precedence=2, references=[{"policy": "P-7"}],
    )  # fmt: skip
    text = as_markdown(lab)
    assert text.startswith(
        "# lab, version 1\n\n"
        f"- Digest: {lab.digest}\n"
        "- Owner: Counsel\n"
        "- To be reviewed by: 2030-01-01\n"
        "- For: teams lab\n"
        "- Precedence: 2\n"
        "- Based on: policy P-7\n"
        "- Extends: company\n"
        "- Not taken over: b, because: Not ours.\n"
        "\n## a\n\n"
        "The assistant keeps a.\n\n"
        "- Asked: Does the reply break a?\n"
        "- Judged: what the assistant answers\n"
        "- Severity: high\n"
        "- Where it is violated: the passage is rewritten or replaced\n"
        "- Said in its place: No.\n"
        "- From: company\n\n"
        "Violates it:\n\n"
        "1. wrong a 0?\n"
        "   → The wrong answer 0 on a.\n"
    )
    own = text.split("\n## c\n")[1]
    assert "- Judged: what is sent, before it leaves\n" in own
    assert "- For: languages ko\n- Based on: GDPR\n- From: lab\n" in own
    assert own.endswith("Keeps it:\n\n1. right c 0?\n2. right c 1?")


def test_a_document_for_all_says_so(tmp_path: Path) -> None:
    text = as_markdown(made(tmp_path, "a", principle("x", check="reveals_unknown_data")))
    assert "- For: everyone\n" in text
    assert "what the assistant answers, exactly, by the recognizers" in text


def test_rules_on_code_are_said(tmp_path: Path) -> None:
    text = as_markdown(made(tmp_path, "a", principle("x", code=["injection", "checks_off"]), principle("y")))
    assert text.count("- Violated in any case by code with: injection, checks_off\n") == 1
