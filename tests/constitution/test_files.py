from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.constitution import Constitution, Principle, load, load_folder
from guard.errors import ConfigError
from guard.types import Dialogue

CONSTITUTIONS = Path(__file__).parents[2] / "guard" / "defaults" / "constitutions"


def examples(word: str, count: int = 2) -> list[dict[str, str]]:
    return [{"prompt": f"Question {n}?", "reply": f"The {word} answer {n}."} for n in range(count)]


def document(**changes: Any) -> dict[str, Any]:
    principle = {
        "id": "be-kind",
        "statement": "The assistant is kind.",
        "question": "Is the reply unkind?",
        "applies_to": "reply",
        "severity": "high",
        "on_violation": "revise",
        "violates": examples("unkind"),
        "complies": examples("kind"),
    }
    return {"constitution": "small", "version": 1, "principles": [principle | changes]}


def written(folder: Path, data: Any, name: str = "small.yaml", **layout: Any) -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data, **layout), encoding="utf-8")
    return path


def refusal(folder: Path, data: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, data))
    return caught.value.message


def test_a_file_becomes_frozen_values(tmp_path: Path) -> None:
    constitution = load(written(tmp_path, document(template="Be kind.", check="reveals_unknown_data")))
    assert (constitution.name, constitution.version) == ("small", 1)
    (principle,) = constitution.principles
    assert principle == Principle(
        id="be-kind",
        statement="The assistant is kind.",
        question="Is the reply unkind?",
        applies_to="reply",
        severity="high",
        on_violation="revise",
        template="Be kind.",
        check="reveals_unknown_data",
        violates=(Dialogue("Question 0?", "The unkind answer 0."), Dialogue("Question 1?", "The unkind answer 1.")),
        complies=(Dialogue("Question 0?", "The kind answer 0."), Dialogue("Question 1?", "The kind answer 1.")),
        home="small",
    )
    with pytest.raises(AttributeError):
        principle.id = "other"  # type: ignore[misc]


def test_template_and_check_may_be_left_out(tmp_path: Path) -> None:
    (principle,) = load(written(tmp_path, document())).principles
    assert principle.template is None
    assert principle.check is None


def test_the_digest_ignores_layout_and_the_order_of_keys(tmp_path: Path) -> None:
    data = document()
    backwards = dict(reversed([*data.items()]))
    backwards["principles"] = [dict(reversed([*one.items()])) for one in data["principles"]]
    texts = [
        yaml.safe_dump(data),
        yaml.safe_dump(backwards, sort_keys=False),
        yaml.safe_dump(data, default_flow_style=True, width=40),
        "# a comment\n" + yaml.safe_dump(data, indent=6),
    ]
    assert len(set(texts)) == 4
    assert len({load(written(tmp_path, text)).digest for text in texts}) == 1


CHANGES: tuple[dict[str, Any], ...] = (
    {"id": "be-kinder"},
    {"statement": "The assistant is very kind."},
    {"question": "Is the reply rude?"},
    {"applies_to": "exchange"},
    {"severity": "low"},
    {"on_violation": "block"},
    {"template": "x"},
    {"check": "reveals_unknown_data"},
    {"violates": examples("rude")},
    {"complies": [*examples("kind"), {"prompt": "And?", "reply": "So."}]},
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_every_word_changes_the_digest(tmp_path: Path, change: dict[str, Any]) -> None:
    before, after = load(written(tmp_path, document())), load(written(tmp_path, document(**change)))
    assert before.digest != after.digest
    assert re.fullmatch(r"[0-9a-f]{64}", after.digest)


def test_name_and_version_change_the_digest(tmp_path: Path) -> None:
    digests = {
        load(written(tmp_path, document() | change)).digest
        for change in ({}, {"version": 2}, {"constitution": "other"})
    }
    assert len(digests) == 3


@settings(max_examples=50)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(str.strip))
def test_any_text_is_kept_to_the_word(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    (principle,) = load(written(folder, document(statement=text), allow_unicode=False)).principles
    assert principle.statement == text.strip()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"statement": "  "}, ("principles.0.statement",)),
        ({"question": ""}, ("principles.0.question",)),
        ({"template": ""}, ("principles.0.template",)),
        ({"id": "Be Kind"}, ("principles.0.id",)),
        ({"applies_to": "answer"}, ("principles.0.applies_to", "'prompt', 'reply' or 'exchange'")),
        ({"on_violation": "shout"}, ("principles.0.on_violation",)),
        ({"check": "everything"}, ("principles.0.check", "reveals_unknown_data")),
        ({"code": ["everything"]}, ("principles.0.code.0", "'injection', 'written_secret'")),
        ({"code": ["injection"], "check": "reveals_unknown_data"}, ("has both 'check' and 'code'", "drop one")),
        ({"violates": examples("unkind", 1)}, ("principles.0.violates", "has 1 of at least 2", "write more")),
        ({"complies": []}, ("principles.0.complies", "has 0 of at least 2")),
        ({"violates": [*examples("unkind"), {"prompt": "", "reply": "x"}]}, ("principles.0.violates.2.prompt",)),
        ({"violates": [*examples("unkind"), {"prompt": "x"}]}, ("principles.0.violates.2.reply", "missing")),
        ({"severty": "high"}, ("severty", "severity")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_principle_is_refused_with_line_and_key(
    tmp_path: Path, change: dict[str, Any], words: tuple[str, ...]
) -> None:
    message = refusal(tmp_path, document(**change))
    assert re.search(r"small\.yaml, line \d+", message)
    for word in words:
        assert word in message


def test_an_example_on_both_sides_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, document(violates=examples("same"), complies=examples("same")))
    assert "'be-kind' has the same example twice" in message


def test_an_id_stands_once(tmp_path: Path) -> None:
    data = document()
    data["principles"] *= 2
    message = refusal(tmp_path, yaml.safe_dump(data, default_flow_style=True))
    assert "the id 'be-kind' stands twice; rename one" in message


@pytest.mark.parametrize("version", ["one", "1", 0, 1.5, True])
def test_a_version_is_a_whole_number(tmp_path: Path, version: Any) -> None:
    assert "version" in refusal(tmp_path, document() | {"version": version})


def test_no_principles_are_no_constitution(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"constitution": "small", "version": 1, "principles": []})
    assert "write at least one principle" in message


def test_a_message_never_quotes_an_example(tmp_path: Path) -> None:
    secret = "the-secret-of-alice"
    message = refusal(tmp_path, document(violates=[{"prompt": secret, "reply": secret, "extra": secret}]))
    assert secret not in message


def test_a_folder_is_read_by_name(tmp_path: Path) -> None:
    written(tmp_path, document(), "a.yaml")
    written(tmp_path, document() | {"constitution": "other"}, "b.yml")
    written(tmp_path, "not one: [", "notes.txt")
    (tmp_path / "folder.yaml").mkdir()
    found = load_folder(tmp_path)
    assert sorted(found) == ["other", "small"]
    assert all(isinstance(one, Constitution) and one.name == name for name, one in found.items())


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    written(tmp_path, document(), "a.yaml")
    written(tmp_path, document(), "b.yaml")
    with pytest.raises(ConfigError, match=r"b\.yaml.*a\.yaml has the same name 'small'\. Rename"):
        load_folder(tmp_path)


def test_a_folder_must_be_there_and_hold_something(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no constitution"):
        load_folder(tmp_path)
    with pytest.raises(ConfigError, match="is not a folder"):
        load_folder(tmp_path / "nowhere")


class TestWorkplace:
    constitution = load_folder(CONSTITUTIONS)["workplace"]

    def test_it_has_enough_principles_and_examples(self) -> None:
        assert 8 <= len(self.constitution.principles) <= 12
        for principle in self.constitution.principles:
            assert len(principle.violates) >= 12, principle.id
            assert len(principle.complies) >= 12, principle.id

    def test_the_two_sides_speak_of_the_same_matters(self) -> None:
        for principle in self.constitution.principles:
            asked = {example.prompt for example in principle.complies}
            shared = [example for example in principle.violates if example.prompt in asked]
            assert len(shared) >= 6, principle.id

    def test_what_is_revised_has_a_template(self) -> None:
        for principle in self.constitution.principles:
            assert principle.template or principle.on_violation != "revise", principle.id

    def test_questions_can_be_answered_with_yes_or_no(self) -> None:
        for principle in self.constitution.principles:
            assert principle.question.startswith("Does the reply "), principle.id
            assert principle.question.endswith("?"), principle.id
            assert principle.statement.startswith("The assistant "), principle.id

    def test_only_unknown_data_is_decided_by_a_check(self) -> None:
        checked = [one.id for one in self.constitution.principles if one.check]
        assert checked == ["no-undisclosed-data"]

    def test_placeholders_have_the_form_that_masking_gives_them(self) -> None:
        texts = [
            text
            for principle in self.constitution.principles
            for example in (*principle.violates, *principle.complies)
            for text in (example.prompt, example.reply)
        ]
        found = [one for text in texts for one in re.findall(r"<[A-Z][^<>\s]*_[^<>\s]*>", text)]
        assert len(found) >= 20
        for one in found:
            assert re.fullmatch(r"<[A-Z]+(_[A-Z]+)*_[0-9A-HJKMNP-TV-Z]{8}>", one), one
