"""Policies: which one applies, and what a file may say."""

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from guard.config import DEFAULTS
from guard.constitution import load_folder as load_constitutions
from guard.errors import ConfigError, PolicyError
from guard.policy import AppliesTo, Extra, Policy, choose, load_folder
from guard.types import Principal

ANN = Principal("ann", "legal", "mailer")


def write(folder: Path, *rules: dict[str, Any]) -> Path:
    for number, rule in enumerate(rules):
        (folder / f"{number}.yaml").write_text(yaml.safe_dump(rule))
    return folder


# --- which one applies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lists", "applies"),
    [
        ({}, True),
        ({"users": ("ann",)}, True),
        ({"users": ("Ann",)}, False),  # names are told apart by case
        ({"users": ("an",)}, False),
        ({"users": ("bob", "a*")}, True),
        ({"users": ("an?",)}, True),
        ({"teams": ("legal",), "applications": ("mail*",)}, True),
        ({"teams": ("legal",), "applications": ("chat",)}, False),
        ({"models": ("gpt-*",)}, True),
        ({"models": ("gpt-4",)}, False),
        ({"surfaces": ("chat",)}, True),
        ({"surfaces": ("messages",)}, False),
        ({"users": ("legal",), "teams": ("ann",)}, False),
    ],
)
def test_every_list_that_is_not_empty_has_a_pattern_for_the_caller(
    lists: dict[str, tuple[str, ...]], applies: bool
) -> None:
    assert AppliesTo(**lists).matches(ANN, "gpt-4o", "chat") is applies


def test_who_has_no_team_matches_no_team_but_any() -> None:
    nobody = Principal("anonymous")
    assert not AppliesTo(teams=("?*",)).matches(nobody, "m", "chat")
    assert AppliesTo(teams=("*",)).matches(nobody, "m", "chat")


@settings(max_examples=25, deadline=None)
@given(st.permutations(["a", "b", "c", "d"]), st.lists(st.integers(-2, 2), min_size=4, max_size=4))
def test_the_highest_precedence_is_asked_first_and_then_the_name(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], precedences: list[int]
) -> None:
    rules = [{"policy": name, "precedence": at} for name, at in zip(names, precedences, strict=True)]
    loaded = load_folder(write(tmp_path_factory.mktemp("rules"), *rules))
    assert [(-policy.precedence, policy.policy) for policy in loaded] == sorted(
        (-at, name) for name, at in zip(names, precedences, strict=True)
    )
    assert choose(loaded, ANN, "m", "chat") is loaded[0]


def test_the_first_that_applies_is_chosen_and_without_one_nothing_passes() -> None:
    strict, mild = Policy(policy="strict", applies_to=AppliesTo(teams=("tax",))), Policy(policy="mild")
    assert choose([strict, mild], ANN, "m", "chat") is mild
    for policies in ([strict], []):
        with pytest.raises(PolicyError, match="No policy applies"):
            choose(policies, ANN, "m", "chat")


# --- what a file may say -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1", "line 1: key 'policy' is missing. Add it."),
        ("policy: ''", "line 1: key 'policy': String should have at least 1 character."),
        ("policy: p\nmask:\n  entities:\n    PERSON: mask",
         "line 4: key 'mask.entities.PERSON': Input should be 'placeholder', 'redact', "),
        ("policy: p\nrecognize:\n  threshold: 40", "line 3: key 'recognize.threshold': Input should be less than or equal to 1."),
        ("policy: p\nrecognize:\n  languages: [ko, zh]",
         "line 3: key 'recognize.languages.1': Input should be 'en', 'ko' or 'ja'."),
        ("policy: p\nrecognize:\n  languages: []", "line 3: key 'recognize.languages': Tuple should have at least 1 item"),
        ("policy: p\nrecognize:\n  recognizers:\n  - clas: a.B",
         "line 4: unknown key 'recognize.recognizers.0.clas'. Did you mean 'class'?"),
        ("policy: p\nreview:\n  rounds: 3", "line 3: key 'review.rounds': Input should be less than or equal to 2."),
        ("policy: p\nmask: {default: route}",
         "line 1: Value error, the operator 'route' needs a place: add 'route: {to: NAME}' with a trusted upstream."),
        ("policy: p\nrecognize:\n  profile: none",
         "line 1: Value error, recognize.profile 'none' masks nothing: set log.content to 'none' as well."),
        ("policy: p\nrecognize:\n  lists: [{entity: CODE_NAME}]",
         "line 3: key 'recognize.lists.0': Value error, a list needs 'file' or 'terms': name a file with one term a line"),
        ("policy: p\nrecognize:\n  lists: [{entity: Code name, file: a.txt}]",
         "line 3: key 'recognize.lists.0.entity': String should match pattern"),
        ("policy: p\nlog: {content: none}\nrecognize:\n  profile: none\n  code: {source_code: true}",
         "line 3: key 'recognize': Value error, profile 'none' recognizes nothing: choose 'patterns', or drop 'lists', "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "rule.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_folder(tmp_path)
    told = caught.value.message.splitlines()
    assert any(line.startswith(f"{tmp_path / 'rule.yaml'}, {message}") for line in told)


@pytest.mark.parametrize("path", ["Words", "a b.C", "a.", ".B", "os.system('x')", "a.1B"])
def test_a_recognizer_is_named_by_a_class_path(path: str) -> None:
    with pytest.raises(ValidationError, match="class"):
        Extra.model_validate({"class": path})
    assert Extra.model_validate({"class": "pack_age.mod.Class_1"}).class_path == "pack_age.mod.Class_1"


@pytest.mark.parametrize(
    ("item", "path", "options"),
    [
        ({"huggingface": {"model": "a/b", "entities": {"PER": "PERSON", "MISC": None}, "threshold": 0.3}},
         "guard.backends.token_classifier.TokenClassifier",
         {"model": "a/b", "entities": {"PER": "PERSON", "MISC": None}, "threshold": 0.3, "window": 512,
          "device": "auto", "download": False}),
        ({"gliner": {"model": "a/b", "labels": {"person": "PERSON"}}},
         "guard.backends.gliner_names.GlinerNames",
         {"model": "a/b", "labels": {"person": "PERSON"}, "threshold": 0.4, "words": 256, "device": "cpu",
          "download": False}),
        ({"presidio": {"url": "http://presidio.internal:5002", "timeout": 3}},
         "guard.backends.remote_presidio.RemotePresidio",
         {"url": "http://presidio.internal:5002", "language": "en", "entities": (), "threshold": 0.0, "timeout": 3.0,
          "key_env": None}),
        ({"class": "a.B", "options": {"word": "x"}}, "a.B", {"word": "x"}),
    ],
)  # fmt: skip
def test_a_recognizer_has_a_short_name_or_a_class(item: dict[str, Any], path: str, options: dict[str, Any]) -> None:
    extra = Extra.model_validate(item)
    assert (extra.class_path, extra.options) == (path, options)
    module, _, name = path.rpartition(".")
    if module != "a":  # every option is one that the class takes
        parameters = inspect.signature(getattr(import_module(module), name)).parameters
        assert set(options) == set(parameters)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            "{}",
            "line 3: key 'recognize.recognizers.0': Value error, a recognizer is one of 'class', 'huggingface', 'gliner' and 'presidio'",
        ),
        ("{class: a.B, gliner: {model: m, labels: {a: A}}}", "a recognizer is one of"),
        ("{presidio: {url: 'http://a'}, options: {a: 1}}", "'options' goes with 'class'"),
        ("{huggingface: {modle: m}}", "unknown key 'recognize.recognizers.0.huggingface.modle'. Did you mean 'model'?"),
        ("{huggingface: {}}", "key 'recognize.recognizers.0.huggingface.model' is missing"),
        ("{huggingface: {model: m, entities: {PER: person}}}", "String should match pattern"),
        ("{gliner: {model: m, labels: {}}}", "should have at least 1 item"),
        ("{presidio: {url: ftp://a}}", "String should match pattern"),
    ],
)
def test_a_recognizer_that_is_wrong_is_told(tmp_path: Path, item: str, message: str) -> None:
    (tmp_path / "rule.yaml").write_text(f"policy: p\nrecognize:\n  recognizers: [{item}]\n")
    with pytest.raises(ConfigError) as caught:
        load_folder(tmp_path)
    assert message in caught.value.message


def test_a_folder_holds_policies_of_different_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no policy\. Add one, such as default\.yaml\."):
        load_folder(tmp_path)
    with pytest.raises(ConfigError, match="holds no policy"):
        load_folder(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"two policies are named 'p'\. Rename one\."):
        load_folder(write(tmp_path, {"policy": "p"}, {"policy": "q"}, {"policy": "p", "version": 2}))


# --- its digest --------------------------------------------------------------------------------------------------

RULE: dict[str, Any] = {
    "policy": "p",
    "precedence": 1,
    "applies_to": {"teams": ["a", "b"]},
    "recognize": {"profile": "patterns", "recognizers": [{"class": "a.B", "options": {"x": 1, "y": 2}}]},
    "mask": {"entities": {"SECRET": "block", "URL": "keep"}},
    "review": {"stream": "observe"},
}


@given(st.data())
def test_the_digest_is_that_of_the_meaning(data: st.DataObject) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shuffled(value[key]) for key in data.draw(st.permutations(list(value)))}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    other = Policy.model_validate({**shuffled(RULE), "version": 1})  # what is the default may be said
    assert other.digest == Policy.model_validate(RULE).digest


@pytest.mark.parametrize(
    "change",
    [
        {"policy": "q"},
        {"version": 2},
        {"precedence": 2},
        {"applies_to": {"teams": ["a"]}},
        {"recognize": {"profile": "patterns", "recognizers": [{"class": "a.B", "options": {"x": 1, "y": 3}}]}},
        {"mask": {"entities": {"SECRET": "block"}}},
        {"recognize": {**RULE["recognize"], "lists": [{"entity": "CODE_NAME", "terms": ["Falcon"]}]}},
        {"recognize": {**RULE["recognize"], "fingerprints": ["plans.fingerprints"]}},
        {"recognize": {**RULE["recognize"], "code": {"source_code": True}}},
        {"review": {"stream": "hold"}},
        {"opaque": "allow"},
        {"log": {"content": "none"}},
    ],
)
def test_what_changes_the_meaning_changes_the_digest(change: dict[str, Any]) -> None:
    digest = Policy.model_validate({**RULE, **change}).digest
    assert digest != Policy.model_validate(RULE).digest
    assert len(digest) == 64


def test_the_policy_that_comes_with_guard_is_for_everybody_and_lets_little_out() -> None:
    policy = choose(load_folder(DEFAULTS / "policies"), Principal("anonymous"), "any", "chat")
    assert (policy.recognize.profile, policy.mask.default, policy.opaque) == ("full", "placeholder", "block")
    assert (policy.review.stream, policy.review.on_failure) == ("window", "block")
    assert policy.review.constitution in load_constitutions(DEFAULTS / "constitutions")
