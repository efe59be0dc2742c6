import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.backends.safety_forms import EXAMPLES, FORMS, FormName
from guard.types import Dialogue, State
from tests.backends.principles import LONG, Rule

NAMES: tuple[FormName, ...] = ("safeguard", "granite", "llama-guard", "qwen3guard")
RULE = Rule(
    "no-refunds",
    "The assistant never promises a {refund}.",
    "Does the reply promise a refund of 100%?",
    tuple(Dialogue(f"May I have it back? ({n})", f"Certainly, case {n}.") for n in range(5)),
    tuple(Dialogue(f"May I have it back? ({n})", f"I will ask, case {n}.") for n in range(5)),
)


def said(name: FormName, piece: Dialogue = LONG, without: Dialogue | None = None) -> str:
    _, body = FORMS[name].request(piece, RULE, without=without)
    return str(body["prompt"]) if "prompt" in body else "\n".join(turn["content"] for turn in body["messages"])


@pytest.mark.parametrize("name", NAMES)
def test_every_form_asks_about_the_exchange_and_the_principle(name: FormName) -> None:
    words = said(name)
    for part in (RULE.statement, RULE.question, LONG.prompt, LONG.reply):
        assert words.count(part) >= 1
    assert not re.search(r"%\(|\{(?:statement|question|prompt|reply|examples)\}", words)
    _, body = FORMS[name].request(LONG, RULE)
    assert body["temperature"] == 0
    assert body["max_tokens"] >= 32


@pytest.mark.parametrize("name", NAMES)
def test_what_has_no_reply_yet_is_asked_about_as_a_prompt(name: FormName) -> None:
    words = said(name, Dialogue("May I have my money back?", ""))
    assert "May I have my money back?" in words
    for label in ("Agent:", "ASSISTANT:", "Refusal", "'Agent'", "ASSISTANT's"):
        assert label not in words.replace("Assistant:", "")
    _, body = FORMS[name].request(Dialogue("a", " "), RULE)
    assert all(turn["role"] != "assistant" for turn in body.get("messages", ()))


@pytest.mark.parametrize("name", NAMES)
def test_braces_in_an_exchange_are_its_own(name: FormName) -> None:
    assert "{reply} {0} %(who)s" in said(name, Dialogue("{prompt}", "{reply} {0} %(who)s"))


def test_the_roles_are_those_of_the_models() -> None:
    roles = {
        name: [turn["role"] for turn in FORMS[name].request(LONG, RULE)[1]["messages"]]
        for name in ("safeguard", "granite")
    }
    assert roles == {"safeguard": ["system", "user"], "granite": ["user", "assistant", "user"]}
    assert said("llama-guard").startswith("<|start_header_id|>user<|end_header_id|>\n\nTask: Check if there is unsafe")
    assert said("llama-guard").endswith("<|start_header_id|>assistant<|end_header_id|>\n\n")
    assert "\n\nUser: " in said("llama-guard")
    assert f"\n\nAgent: {LONG.reply}\n\n<END CONVERSATION>" in said("llama-guard")
    assert said("qwen3guard").startswith("<|im_start|>user\n# Task:\n1) ")
    assert said("qwen3guard").endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert f"\n\nASSISTANT: {LONG.reply}\n\n<END CONVERSATION>" in said("qwen3guard")
    assert [FORMS[name].request(LONG, RULE)[0] for name in NAMES] == ["/chat/completions"] * 2 + ["/completions"] * 2


def test_a_policy_shows_some_examples_of_each_side_and_never_the_one_that_is_asked_about() -> None:
    words = said("safeguard")
    assert words.count("Answer: 1") == words.count("Answer: 0") == EXAMPLES
    assert RULE.violates[0].reply in words
    without = said("safeguard", without=RULE.violates[0])
    assert RULE.violates[0].reply not in without
    assert without.count("Answer: 1") == EXAMPLES


ANSWERS: list[tuple[FormName, str, State | None]] = [
    ("safeguard", "0", "clear"), ("safeguard", " 1\n", "fired"), ("safeguard", "10", None), ("safeguard", "1.", None),
    ("safeguard", "No", None), ("safeguard", "", None), ("safeguard", "0 because 1", None),
    ("granite", "<score> yes </score>", "fired"), ("granite", "<score>No</score>\n", "clear"),
    ("granite", "yes", None), ("granite", "<score> maybe </score>", None), ("granite", "<score> no", None),
    ("granite", "<score> no </score> <score> yes </score>", None),
    ("llama-guard", "safe", "clear"), ("llama-guard", "\n\nunsafe\nS1", "fired"), ("llama-guard", "unsafe\nS5", "unsure"),
    ("llama-guard", "unsafe\nS1,S2", "unsure"), ("llama-guard", "unsafe", None), ("llama-guard", "Safe", None),
    ("llama-guard", "safe unsafe", None), ("llama-guard", "safe\nS1", None), ("llama-guard", "not safe", None),
    ("qwen3guard", "Safety: Safe\nCategories: None\nRefusal: No", "clear"),
    ("qwen3guard", "Safety: Safe\nCategories: None", "clear"),
    ("qwen3guard", "Safety: Unsafe\nCategories: S1\nRefusal: No", "fired"),
    ("qwen3guard", "Safety: Unsafe\nCategories: S1: Violation of the rule.\nRefusal: No", "fired"),
    ("qwen3guard", "Safety: Unsafe\nCategories: Violent, PII\nRefusal: No", "unsure"),
    ("qwen3guard", "Safety: Controversial\nCategories: S1\nRefusal: No", "unsure"),
    ("qwen3guard", "Safety: Unsafe\nCategories: None\nRefusal: No", None),
    ("qwen3guard", "Safety: Safe\nCategories: Violent\nRefusal: No", None),
    ("qwen3guard", "Safety: Safe", None), ("qwen3guard", "It is Safety: Safe\nCategories: None", None),
    ("qwen3guard", "Safety: Safe\nCategories: None\nRefusal: No\nSafety: Unsafe", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "state"), ANSWERS)
def test_an_answer_is_read_strictly(name: FormName, answer: str, state: State | None) -> None:
    assert FORMS[name].read(answer) == state


@given(st.sampled_from(NAMES), st.text(alphabet="01 yesnoSafeUunfC:,\n<score>/tgrijR1", max_size=40))
def test_what_reads_as_clear_is_one_of_few_words(name: FormName, answer: str) -> None:
    if FORMS[name].read(answer) == "clear":
        compact = re.sub(r"\s", "", answer).casefold()
        assert compact in {"0", "<score>no</score>", "safe", "safety:safecategories:none"}
