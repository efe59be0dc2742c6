import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.backends.causal_model import CausalModel
from guard.backends.packing import Asker, Question, is_short_of_memory
from guard.backends.yes_no import Answered
from guard.errors import CriticError
from tests.backends.conftest import FAMILIES
from tests.backends.principles import LONG, RULES, SHORT

Tiny = Callable[[str], CausalModel]
ONLY_EAGER = ("gemma2", "gpt-oss")


def tokens(model: CausalModel, prompt: str, reply: str) -> tuple[list[int], list[list[int]]]:
    before, after = model.frame()
    return before + model.encode(prompt + " / " + reply), [model.encode(r.question) + after for r in RULES[:6]]


def assert_equal(one: Sequence[Answered], other: Sequence[Answered]) -> None:
    for a, b in zip(one, other, strict=True):
        assert a.score == pytest.approx(b.score, abs=1e-4)
        assert a.yes == pytest.approx(b.yes, abs=1e-3)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("dialogue", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("family", FAMILIES)
def test_packed_scores_equal_those_of_separate_prompts(family: str, dialogue: Any, attention: str, tiny: Tiny) -> None:
    model = tiny(family)
    model.model.set_attn_implementation("eager" if family in ONLY_EAGER else attention)
    asker = Asker(model)
    prefix, branches = tokens(model, dialogue.prompt, dialogue.reply)
    assert asker.packs
    packed = asker.packed(prefix, branches)
    assert_equal(packed, asker.separate(prefix, branches))
    assert len({round(answer.score, 4) for answer in packed}) > 3  # the questions matter, so equality says something


def test_packed_scores_equal_those_of_separate_prompts_on_real_weights(smollm: CausalModel) -> None:
    asker = Asker(smollm)
    prefix, branches = tokens(smollm, LONG.prompt, LONG.reply)
    assert asker.packs
    assert_equal(asker.packed(prefix, branches), asker.separate(prefix, branches))


def test_a_model_with_logits_of_its_own_scale_is_read_as_it_means_them(smollm: CausalModel) -> None:
    import transformers

    config = transformers.CohereConfig(
        vocab_size=49152, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        logit_scale=0.25, bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    built = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    model = CausalModel("cohere", "", built, smollm.tokenizer)
    asker = Asker(model)
    prefix, branches = tokens(model, SHORT.prompt, SHORT.reply)
    assert asker.packs
    assert_equal(asker.packed(prefix, branches), asker.separate(prefix, branches))


def test_a_model_that_ignores_positions_is_asked_one_prompt_each(tiny: Tiny) -> None:
    model = tiny("bloom")
    asker = Asker(model)
    prefix, branches = tokens(model, SHORT.prompt, SHORT.reply)
    assert not asker.packs
    assert asker.ask(prefix, branches) == asker.separate(prefix, branches)


def test_a_model_whose_packed_pass_differs_is_asked_one_prompt_each(tiny: Tiny) -> None:
    model = tiny("llama")
    config = model.model.config
    config.logit_scale = 3.0  # a field of another family, which this one does not heed
    try:
        assert not Asker(model).packs
    finally:
        del config.logit_scale


def test_a_model_with_layers_of_an_unknown_kind_is_asked_one_prompt_each(tiny: Tiny) -> None:
    config = tiny("llama").model.config
    config.layer_types = ["linear_attention"] * 4
    try:
        assert not Asker(tiny("llama")).packs
    finally:
        del config.layer_types


def test_half_precision_packs_too(smollm: CausalModel) -> None:
    from tests.backends.conftest import tiny_model

    half = CausalModel("half", "", tiny_model("gemma3-narrow").to(torch.bfloat16), smollm.tokenizer)
    asker = Asker(half)
    prefix, branches = tokens(half, LONG.prompt, LONG.reply)
    assert asker.packs
    assert all(0 <= answer.score <= 1 and answer.mass <= 1.01 for answer in asker.ask(prefix, branches))


def test_a_score_that_is_not_a_number_is_a_failure(smollm: CausalModel) -> None:
    from tests.backends.conftest import tiny_model

    model = CausalModel("broken", "", tiny_model("llama"), smollm.tokenizer)
    asker = Asker(model)
    model.model.model.norm.weight.fill_(float("nan"))
    with pytest.raises(CriticError, match="not a number"):
        asker.ask([5, 6], [[7]])


def test_a_model_that_fails_is_a_failure_of_the_critic(tiny: Tiny) -> None:
    with pytest.raises(CriticError, match="model failed"):
        Asker(tiny("llama")).ask([5, 10**6], [[7]])


REPLY = LONG.reply + " 주문은 목요일에 도착합니다. ご注文は木曜日に届きます。 🙂🙃 x = {'a': [1, 2]}  \n\n- one\n- two"


@contextmanager
def watched(model: CausalModel, most: int | None = None) -> Iterator[list[int]]:
    """Notes how many tokens each pass reads; one of more than `most` runs out of memory."""
    passes: list[int] = []

    def note(module: Any, arguments: Any, named: Any) -> None:
        tokens = named["input_ids"].numel()
        passes.append(tokens)
        if most is not None and tokens > most:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    hook = model.model.base_model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield passes
    finally:
        hook.remove()


def grown(model: CausalModel, text: str) -> tuple[list[int], list[list[int]]]:
    """What is asked of a reply so far: tokens as the tokenizer cuts it, the frame after it, two questions."""
    before, after = model.frame()
    return [*before, *model.encode(text), *model.encode("\n\nThe end.")], [
        model.encode(rule.question) + after for rule in RULES[:2]
    ]


@pytest.mark.parametrize("family", ["llama", "gemma3-narrow", "mistral-narrow"])
def test_a_text_that_grows_scores_as_if_read_anew_however_it_is_cut(family: str, tiny: Tiny) -> None:
    model = tiny(family)
    warm, cold = Asker(model), Asker(model, most_cached=0)

    @settings(max_examples=8, deadline=None)
    @given(st.lists(st.integers(0, len(REPLY)), min_size=1, max_size=4))
    def grows(cuts: list[int]) -> None:
        for cut in cuts:  # shorter ones after longer ones too
            asked = grown(model, REPLY[:cut])
            assert_equal(warm.ask(*asked), cold.ask(*asked))

    grows()
    assert len(warm._prefixes) >= 1
    assert len(cold._prefixes) == 0


def test_of_a_text_that_grew_only_its_new_tokens_and_the_branches_are_read(tiny: Tiny) -> None:
    model = tiny("qwen3")
    asker = Asker(model)
    words = "The parcel left our warehouse on Monday. " * 20
    first, longer = grown(model, words), grown(model, words + "It is late.")
    asker.ask(*first)
    with watched(model) as passes:
        asker.ask(*longer)
        asker.ask(*longer)
    branches = sum(map(len, longer[1]))
    added = len(model.encode("It is late.")) + len(model.encode("\n\nThe end."))
    assert len(longer[0]) > 150
    assert passes[0] <= added + branches
    assert passes[1] <= branches


def test_what_branches_begin_with_in_common_is_read_once(tiny: Tiny) -> None:
    model = tiny("llama")
    asker = Asker(model)
    prefix, start = [5, 6, 7], [8] * 50
    branches = [[*start, 9], [*start, 10, 11]]
    with watched(model) as passes:
        found = asker.packed(prefix, branches)
    assert passes == [3 + 50 + 3]
    assert_equal(found, asker.separate(prefix, branches))
    assert_equal(asker.packed(prefix, branches[:1]), found[:1])
    same = asker.packed(prefix, [branches[0], branches[0]])
    assert_equal(same, [found[0], found[0]])


def test_many_threads_share_passes_and_each_gets_its_own_answers(tiny: Tiny) -> None:
    model = tiny("llama")
    asker = Asker(model)
    asked = [tokens(model, f"Question {n}?", "Yes. " * n) for n in range(8)]
    expected = [asker.packed(*each) for each in asked]
    asker.forget()
    asker._gathering._wait_s = 60
    found: dict[int, list[Answered]] = {}
    with watched(model) as passes, asker.turn() as ask:  # for whom the others wait
        threads = [threading.Thread(target=lambda n=n: found.update({n: asker.ask(*asked[n])})) for n in range(1, 8)]
        for thread in threads:
            thread.start()
        while len(asker._gathering._waiting) < 7:
            time.sleep(0.001)
        found[0] = ask(*asked[0])
        for thread in threads:
            thread.join()
    for n, answers in enumerate(expected):
        assert_equal(found[n], answers)
    assert len(passes) < 8


def test_a_question_that_fails_fails_alone(tiny: Tiny) -> None:
    model = tiny("llama")
    asker = Asker(model)
    good, bad = Question((5, 6), ((7,), (8,))), Question((5, 10**6), ((7,),))
    first, failed, last = asker.answer([good, bad, Question((6, 6), ((7,), (8,)))])
    assert isinstance(failed, CriticError)
    assert isinstance(first, list)
    assert_equal(first, asker.separate([5, 6], [[7], [8]]))
    assert isinstance(last, list)
    assert_equal(last, asker.separate([6, 6], [[7], [8]]))


def test_out_of_memory_means_fewer_at_a_time(tiny: Tiny) -> None:
    model = tiny("llama")
    asker = Asker(model)
    questions = [Question((n, *range(100, 130)), ((n, 1), (n, 2), (3, 4, 5), (n, 6))) for n in range(5, 9)]
    expected = asker.answer(questions)
    asker.forget()
    with watched(model, most=45) as passes:  # one question of 40 tokens fits, two do not
        found = asker.answer(questions)
    assert passes == [160, 80, 40, 40, 80, 40, 40]
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, list)
        assert isinstance(other, list)
        assert_equal(one, other)


def test_out_of_memory_means_fewer_branches_at_a_time_and_at_last_a_failure_with_a_remedy(tiny: Tiny) -> None:
    model = tiny("llama")
    asker = Asker(model)
    question = Question(tuple(range(100, 130)), ((1, 2), (2, 2), (3, 4, 5), (4, 6)))
    expected = asker.packed(question.prefix, question.branches)
    asker.forget()
    with watched(model, most=35) as passes:
        (found,) = asker.answer([question])
    assert passes[:3] == [39, 34, 35 - 30]  # the second half knows the prefix
    assert isinstance(found, list)
    assert_equal(found, expected)
    asker.forget()
    with watched(model, most=20), pytest.raises(CriticError, match=r"ran out of memory: set critic\.dtype"):
        asker.ask(question.prefix, question.branches)


def test_a_shortage_of_memory_is_known_by_its_words_too() -> None:
    assert is_short_of_memory(torch.OutOfMemoryError("any"))
    assert is_short_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    assert is_short_of_memory(RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"))
    assert not is_short_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
