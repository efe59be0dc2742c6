from dataclasses import replace

from guard.review.prompts import Prompts


def test_a_prompt_with_other_words_has_another_digest() -> None:
    prompts = Prompts()
    assert len(prompts.digest) == 64
    assert prompts.digest == Prompts().digest
    assert replace(prompts, critique="x").digest != prompts.digest
    assert replace(prompts, revise="x").digest != prompts.digest


def test_braces_in_what_is_filled_in_stay_as_they_are() -> None:
    filled = Prompts().critique.format(statement="{prompt}", prompt="{reply}", reply="{x} {0}")
    assert "Rule: {prompt}\nUser: {reply}\nReply: {x} {0}" in filled
