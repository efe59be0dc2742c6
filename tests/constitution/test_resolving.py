from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from guard.constitution import Marks, Reference, Removal, Scope, load, load_folder
from guard.constitution.resolving import SHIPPED
from guard.errors import ConfigError
from tests.constitution.folder import made, principle, write


def ids(path: Path) -> list[str]:
    return [one.id for one in load(path).principles]


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value.message


def test_what_a_document_says_of_itself_is_kept(tmp_path: Path) -> None:
    keys: dict[str, Any] = {
        "precedence": 3,
        "scope": {"teams": ["legal"], "languages": ["ko", "en"]},
        "owner": "General Counsel",
        "review_by": date(2027, 1, 31),
        "references": [{"law": "GDPR Art. 22"}, {"policy": "P-7"}],
    }
    own = principle("a", scope={"surfaces": ["chat"]}, references=[{"law": "AI Act Art. 5"}])
    constitution = made(tmp_path, "house", own, **keys)
    assert (constitution.precedence, constitution.owner, constitution.review_by) == (
        3,
        "General Counsel",
        date(2027, 1, 31),
    )
    assert constitution.scope == Scope(teams=("legal",), languages=("ko", "en"))
    assert constitution.references == (Reference(law="GDPR Art. 22"), Reference(policy="P-7"))
    assert constitution.principles[0].scope == Scope(surfaces=("chat",))
    assert constitution.principles[0].references == (Reference(law="AI Act Art. 5"),)


def test_a_date_in_quotation_marks_is_the_same_date(tmp_path: Path) -> None:
    dates = [date(2027, 1, 31), "2027-01-31"]
    assert len({made(tmp_path, "house", principle("a"), review_by=one).digest for one in dates}) == 1


def test_marks_of_a_principle_go_before_those_of_its_document(tmp_path: Path) -> None:
    own = principle("a", tests={"recall": 0.7}), principle("b")
    first, second = made(tmp_path, "house", *own, tests={"recall": 0.4, "precision": 0.9}).principles
    assert first.marks == Marks(precision=0.9, recall=0.7)
    assert second.marks == Marks(precision=0.9, recall=0.4)


def test_a_department_extends_the_company(tmp_path: Path) -> None:
    write(tmp_path, "company", principle("a"), principle("b"), principle("c"), owner="Board")
    stricter = principle("b", override=True, on_violation="annotate")
    removed = [{"id": "c", "reason": "Does not concern research."}]
    path = write(tmp_path, "lab", principle("d"), stricter, extends="company", removes=removed)
    lab = load(path)
    assert [(one.id, one.home) for one in lab.principles] == [("a", "company"), ("b", "lab"), ("d", "lab")]
    assert lab.principles[1].on_violation == "annotate"
    assert (lab.extends, lab.removed, lab.owner) == (("company",), (Removal("c", "Does not concern research."),), "")
    assert load_folder(tmp_path)["lab"] == lab


def test_a_document_may_add_nothing_and_extend_what_extends(tmp_path: Path) -> None:
    write(tmp_path, "company", principle("a"))
    write(tmp_path, "division", principle("b"), extends="company")
    assert ids(write(tmp_path, "team", extends="division", scope={"teams": ["t"]})) == ["a", "b"]


def test_several_are_included_and_one_on_two_ways_is_one(tmp_path: Path) -> None:
    write(tmp_path, "company", principle("a"))
    write(tmp_path, "legal", principle("b"), extends="company")
    write(tmp_path, "tax", principle("c"), extends="company")
    assert ids(write(tmp_path, "both", extends=["legal", "tax"])) == ["a", "b", "c"]


def test_what_comes_with_guard_can_be_extended(tmp_path: Path) -> None:
    found = ids(write(tmp_path, "ours", principle("a"), extends="workplace"))
    assert found == [*ids(SHIPPED / "workplace.yaml"), "a"]


def test_a_document_of_the_folder_goes_before_one_that_comes_with_guard(tmp_path: Path) -> None:
    write(tmp_path, "workplace", principle("own"))
    assert ids(write(tmp_path, "ours", extends="workplace")) == ["own"]


def test_every_word_of_what_is_extended_changes_the_digest(tmp_path: Path) -> None:
    write(tmp_path, "company", principle("a"))
    path = write(tmp_path, "lab", principle("b"), extends="company")
    before = load(path).digest
    write(tmp_path, "company", principle("a", statement="The assistant keeps a, always."))
    assert load(path).digest != before


@pytest.mark.parametrize(
    "change",
    [{"precedence": 1}, {"scope": {"teams": ["x"]}}, {"scope": {"languages": ["ko"]}}, {"owner": "x"},
     {"review_by": "2030-01-01"}, {"references": [{"law": "x"}]}, {"tests": {"recall": 0.5}}],
    ids=str,
)  # fmt: skip
def test_what_a_document_says_of_itself_changes_the_digest(tmp_path: Path, change: dict[str, Any]) -> None:
    assert made(tmp_path, "house", principle("a")).digest != made(tmp_path, "house", principle("a"), **change).digest


def test_rules_on_code_change_the_digest_of_a_document_that_has_them_and_no_other(tmp_path: Path) -> None:
    plain = made(tmp_path, "house", principle("a"))
    assert (
        plain.digest == "7df1525ad50e1a3781d0cc2dc0a93822542a8340e4170cb2fc17faf3a7731da6"
    )  # as before there were any
    ruled = made(tmp_path, "house", principle("a", code=["injection", "open_rights"]))
    assert ruled.digest not in {plain.digest, made(tmp_path, "house", principle("a", code=["injection"])).digest}
    assert ruled.principles[0].code == ("injection", "open_rights")


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "nobody": ({"extends": "nobody"}, r"line 3: key 'extends': there is no constitution 'nobody'\. Known are: company, "),
    "itself": ({"extends": "lab"}, r"line 3: key 'extends': lab extends lab: a circle\. Break it"),
    "not there": (
        {"extends": "company", "removes": [{"id": "z", "reason": "r"}]},
        r"line 5: key 'removes\.0\.id': 'z' is no principle",
    ),
    "no reason": ({"extends": "company", "removes": [{"id": "a"}]}, r"line 5: key 'removes\.0\.reason' is missing"),
    "nothing left": (
        {"extends": "company", "removes": [{"id": "a", "reason": "r"}]},
        r"line 4: key 'removes': no principle is left",
    ),
    "nothing to remove from": ({"removes": [{"id": "a", "reason": "r"}]}, r"there is nothing to remove|is empty"),
    "a circle": ({"extends": "round"}, r"lab extends round extends lab: a circle"),
    "unknown key": ({"extends": "company", "scope": {"team": ["x"]}}, r"line 5: unknown key 'scope\.team'\. Did you mean 'teams'"),
    "unknown language": ({"extends": "company", "scope": {"languages": ["korean"]}}, r"key 'scope\.languages\.0'"),
    "unknown surface": (
        {"extends": "company", "scope": {"surfaces": ["cha*", "chats"]}},
        r"line 5: key 'scope\.surfaces': Value error, 'chats' is no surface; known are chat, ",
    ),
    "law and policy": ({"extends": "company", "references": [{"law": "x", "policy": "y"}]}, r"either a 'law' or a 'policy'"),
    "no date": ({"extends": "company", "review_by": "soon"}, r"line 4: key 'review_by'"),
    "a share over one": ({"extends": "company", "tests": {"recall": 2}}, r"line 5: key 'tests\.recall'"),
}  # fmt: skip


@pytest.mark.parametrize(("keys", "message"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_told_with_file_line_key_and_remedy(
    tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    write(tmp_path, "company", principle("a"))
    write(tmp_path, "round", extends="lab")
    told = refusal(write(tmp_path, "lab", **keys))
    assert re.search(message, told)
    assert ".yaml, line " in told


def test_an_override_needs_something_to_override(tmp_path: Path) -> None:
    write(tmp_path, "company", principle("a"))
    told = refusal(write(tmp_path, "lab", principle("b", override=True), extends="company"))
    assert re.search(r"lab\.yaml, line 21: key 'principles\.0\.override': there is no 'b' to override", told)


def test_a_principle_is_not_replaced_by_accident(tmp_path: Path) -> None:
    write(tmp_path, "company", principle("a"))
    told = refusal(write(tmp_path, "lab", principle("a"), extends="company"))
    assert "key 'principles.0.id': 'company' has a principle 'a'. Say 'override: true'" in told


def test_two_that_are_extended_may_not_differ_about_a_principle(tmp_path: Path) -> None:
    write(tmp_path, "legal", principle("a"))
    write(tmp_path, "tax", principle("a", severity="low"))
    assert "'legal' and 'tax' both have a principle 'a'" in refusal(write(tmp_path, "both", extends=["legal", "tax"]))
    settled = principle("a", override=True, severity="medium")
    both = load(write(tmp_path, "both", settled, extends=["legal", "tax"]))
    assert [(one.severity, one.home) for one in both.principles] == [("medium", "both")]


PROMPT = {"applies_to": "prompt"}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"on_violation": "revise"}, "guard does not rewrite: set 'on_violation' to annotate, block or escalate"),
        ({"template": "No."}, "drop 'template', 'check' and 'code'"),
        ({"check": "reveals_unknown_data"}, "drop 'template', 'check' and 'code'"),
        ({"code": ["injection"]}, "drop 'template', 'check' and 'code'"),
        ({"violates": [{"prompt": "a", "reply": "b"}, {"prompt": "c"}]}, "leave out 'reply' in its examples"),
    ],
)
def test_a_principle_for_prompts_has_what_a_prompt_can_have(tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    told = refusal(write(tmp_path, "house", principle("a", **PROMPT, **keys)))
    assert message in told
    assert "line 4" in told


def test_a_principle_for_prompts_has_examples_without_replies(tmp_path: Path) -> None:
    (one,) = made(tmp_path, "house", principle("a", **PROMPT)).principles
    assert {example.reply for example in (*one.violates, *one.complies)} == {""}
