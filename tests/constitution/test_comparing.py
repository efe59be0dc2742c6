from __future__ import annotations

from pathlib import Path

from guard.constitution.comparing import differences
from tests.constitution.folder import made, principle


def test_equal_documents_have_no_differences(tmp_path: Path) -> None:
    assert differences(made(tmp_path, "a", principle("x")), made(tmp_path, "a", principle("x"))) == ()


def test_each_principle_is_told_apart(tmp_path: Path) -> None:
    before = made(tmp_path, "a", principle("gone"), principle("kept"), principle("changed"), owner="Board")
    changed = principle("changed", severity="low", scope={"teams": ["t"]}, references=[{"law": "GDPR"}])
    changed["violates"] = [changed["violates"][0], {"prompt": "New?", "reply": "New."}]
    after = made(tmp_path, "a", principle("kept"), changed, principle("new"), version=2, review_by="2030-01-01")
    assert differences(before, after) == (
        f"a version 1 {before.digest}",
        f"a version 2 {after.digest}",
        "  version: 1 → 2",
        "  owner: Board → –",
        "  review_by: – → 2030-01-01",
        "- gone: The assistant keeps gone.",
        "+ new: The assistant keeps new.",
        "~ changed",
        "    severity: high → low",
        "    scope: – → teams t",
        "    references: – → GDPR",
        "    violates - wrong changed 1? ⟶ The wrong answer 1 on changed.",
        "    violates + New? ⟶ New.",
    )


def test_another_order_is_a_difference(tmp_path: Path) -> None:
    one, other = principle("x"), principle("y")
    before, after = made(tmp_path, "a", one, other), made(tmp_path, "a", other, one)
    assert differences(before, after)[2:] == ("~ the order of the principles",)
    turned = {**one, "violates": one["violates"][::-1]}
    assert differences(before, made(tmp_path, "a", turned, other))[2:] == ("~ x", "    violates: another order")


def test_marks_and_removals_are_told(tmp_path: Path) -> None:
    made(tmp_path, "company", principle("x"), principle("y"))
    before = made(tmp_path, "a", extends="company")
    after = made(tmp_path, "a", extends="company", removes=[{"id": "y", "reason": "Not ours."}])
    assert "  removed: – → id y, reason Not ours." in differences(before, after)
    strict = made(tmp_path, "b", principle("x", tests={"recall": 0.5}))
    told = differences(made(tmp_path, "b", principle("x")), strict)
    assert told[-1] == (
        "    marks: precision 0.5, recall 0.0, missed 0.5, margin 0.0 → precision 0.5, recall 0.5, missed 0.5, margin 0.0"
    )
