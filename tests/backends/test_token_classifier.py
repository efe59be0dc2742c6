import pytest
from transformers import AutoModelForTokenClassification, OpenAIPrivacyFilterConfig

from guard.backends.presidio import Recognizer, load
from guard.backends.stack import Spec, Stack
from guard.backends.token_classifier import TokenClassifier
from guard.errors import ConfigError
from tests.backends import classifier

CLASSES = {
    "alice": "B-private_person",
    "ann": "I-private_person",
    "meyer": "E-private_person",
    "bob": "S-private_person",
    "##son": "I-private_person",
    "berlin": "S-LOC",
    "q7": "S-badge number",
}
START = "so so so "  # what the model is blind for


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return classifier.write(tmp_path_factory.mktemp("bert"), CLASSES, words=("so", "and", ".", "##na", ","))


@pytest.fixture(scope="session")
def model(folder):
    return TokenClassifier(folder, device="cpu")


def found(recognizer, text):
    return [(text[r.start : r.end], r.entity_type) for r in recognizer.analyze(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Alice Ann Meyer and Bob", [("Alice Ann Meyer", "PERSON"), ("Bob", "PERSON")]),
        ("Alice Meyer Bob", [("Alice Meyer", "PERSON"), ("Bob", "PERSON")]),
        ("Bob, Bob", [("Bob", "PERSON"), ("Bob", "PERSON")]),
        ("Bob Berlin", [("Bob", "PERSON"), ("Berlin", "LOCATION")]),
        ("Q7", [("Q7", "BADGE_NUMBER")]),
        ("Bobson", [("Bobson", "PERSON")]),
        ("so and", []),
    ],
)
def test_tokens_become_entities(model, text, expected):
    assert found(model, START + text) == expected


def test_a_word_is_found_as_a_whole_where_a_part_of_it_is(model):
    assert found(model, START + "bobna") == [("bobna", "PERSON")]
    assert found(model, START + "sona") == []


def test_korean_particles_stay_outside(tmp_path):
    path = classifier.write(tmp_path / "ko", {"철수": "S-PER"}, words=("##가", "so"))
    assert found(TokenClassifier(path, device="cpu"), START + "철수가") == [("철수", "PERSON")]


def test_empty_texts_cost_nothing_and_texts_are_told_apart(model):
    results = model.analyze_batch(["", "  \n", START + "bob", "so", START + "berlin"])
    assert [[r.entity_type for r in each] for each in results] == [[], [], ["PERSON"], [], ["LOCATION"]]
    assert model.analyze_batch([]) == []
    assert [r.entity_type for r in model.analyze(START + "bob berlin", ["LOCATION"])] == ["LOCATION"]


@pytest.mark.parametrize("window", [16, 17, 20, 31, 64])
@pytest.mark.parametrize("length", [5, 13, 14, 15, 40, 61, 62, 63, 200])
def test_a_long_text_is_read_in_windows_of_which_the_one_that_sees_more_counts(folder, window, length):
    words = ["so"] * 3 + ["bob" if n % 2 else "so" for n in range(length)]
    text = " ".join(words)
    recognizer = TokenClassifier(folder, window=window, device="cpu")
    starts = [r.start for r in recognizer.analyze(text)]
    assert starts == [len(" ".join(words[:n])) + 1 for n in range(3, len(words)) if words[n] == "bob"]


def test_the_policy_says_what_labels_are_called_and_which_are_not_looked_for(folder):
    recognizer = TokenClassifier(folder, entities={"private_person": "CUSTOMER", "LOC": None}, device="cpu")
    assert found(recognizer, START + "Bob Berlin Q7") == [("Bob", "CUSTOMER"), ("Q7", "BADGE_NUMBER")]
    assert recognizer.supported_entities == ["BADGE_NUMBER", "CUSTOMER"]


@pytest.mark.parametrize(("threshold", "finds"), [(0.4, 1), (1.0, 0)])
def test_a_token_counts_from_the_threshold_on(tmp_path, threshold, finds):
    path = classifier.write(tmp_path / "m", {"bob": "S-PER", "berlin": "S-LOC"}, words=("so",))
    model = AutoModelForTokenClassification.from_pretrained(path)
    model.classifier.weight.data *= 0.02  # unsure of everything
    model.save_pretrained(path)
    results = TokenClassifier(path, threshold=threshold, device="cpu").analyze(START + "bob")
    assert len(results) == finds
    assert all(0.4 <= r.score < 1 for r in results)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"entities": {"PER": "PERSON"}}, "has no label PER. Its labels are LOC, badge number, private_person"),
        ({"entities": dict.fromkeys(("LOC", "badge number", "private_person"))}, "has no label that is looked for"),
    ],
)
def test_labels_that_the_model_does_not_have_are_refused(folder, options, message):
    with pytest.raises(ConfigError, match=message):
        TokenClassifier(folder, device="cpu", **options)


def test_a_model_that_is_not_here_is_not_fetched(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be read .*set 'download: true'"):
        TokenClassifier("somebody/no-such-model", device="cpu")
    with pytest.raises(ConfigError, match="cannot be read"):
        TokenClassifier(str(tmp_path), device="cpu")


def test_it_has_presidios_shape_and_runs_in_the_stack(folder):
    path = "guard.backends.token_classifier.TokenClassifier"
    assert isinstance(load(path, model=folder, device="cpu"), Recognizer)
    stack = Stack.of(Spec(profile="patterns", extra=((path, {"model": folder, "device": "cpu"}),)))
    text = START + "Alice Meyer, alice@example.com"
    (spans,) = stack.recognize([text])
    assert [(text[s.start : s.end], s.entity) for s in spans] == [
        ("Alice Meyer", "PERSON"),
        ("alice@example.com", "EMAIL_ADDRESS"),
    ]


def test_openai_privacy_filter_is_read(tmp_path):
    """Its architecture and its labels, with few weights and those at random."""
    path = classifier.write(tmp_path / "filter", {"bob": "S-PER"}, words=("so",))
    config = OpenAIPrivacyFilterConfig(
        vocab_size=8, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, head_dim=8, num_local_experts=2, num_experts_per_tok=1, pad_token_id=0,
    )  # fmt: skip
    AutoModelForTokenClassification.from_config(config).save_pretrained(path)
    recognizer = TokenClassifier(path, threshold=0.01, device="cpu")
    assert recognizer.supported_entities == [
        "ACCOUNT_NUMBER", "DATE_TIME", "EMAIL_ADDRESS", "LOCATION", "PERSON", "PHONE_NUMBER", "SECRET", "URL",
    ]  # fmt: skip
    assert recognizer.analyze("so bob so")
