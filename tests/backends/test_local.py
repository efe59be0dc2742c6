from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guard.backends import local
from guard.backends.causal_model import CausalModel
from guard.backends.copying import PLACEHOLDER
from guard.backends.local import ContextError, LocalModel
from guard.errors import RequestError
from tests.backends.test_decode import MAIL

Tiny = Callable[[str], CausalModel]


def asks(text: Any, **options: Any) -> dict[str, Any]:
    return {"model": "local", "messages": [{"role": "user", "content": text}], "max_tokens": 8, **options}


@pytest.fixture(scope="module")
def model(smollm: CausalModel) -> LocalModel:
    return LocalModel(smollm)


def text_of(chunks: list[Any], index: int = 0) -> str:
    deltas = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    return "".join(delta["delta"].get("content", "") for delta in deltas if delta["index"] == index)


def test_a_whole_reply_has_openais_shape(model: LocalModel) -> None:
    reply: Any = model.complete(asks("Say hello."))
    assert (reply["object"], reply["model"]) == ("chat.completion", "packaged:smollm2")
    assert reply["id"].startswith("chatcmpl-")
    (choice,) = reply["choices"]
    assert choice["index"] == 0
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"]
    assert choice["finish_reason"] in {"stop", "length"}
    usage = reply["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert 1 <= usage["completion_tokens"] <= 8


def test_a_stream_says_the_same_in_chunks(model: LocalModel) -> None:
    whole: Any = model.complete(asks("Say hello."))
    chunks: list[Any] = list(model.stream(asks("Say hello.", stream=True, stream_options={"include_usage": True})))
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert text_of(chunks) == whole["choices"][0]["message"]["content"]
    assert chunks[-2]["choices"][0]["delta"] == {}
    assert chunks[-2]["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == whole["usage"]
    assert all(chunk["usage"] is None for chunk in chunks[:-1])


def test_a_stream_without_usage_ends_with_its_reason(model: LocalModel) -> None:
    chunks: list[Any] = list(model.stream(asks("Say hello.", max_tokens=1)))
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
    assert not any("usage" in chunk for chunk in chunks)


def test_a_stream_that_is_closed_stops_working(model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    from guard.backends import decode

    steps: list[int] = []
    step = decode._step

    def counted(*arguments: Any) -> Any:
        steps.append(1)
        return step(*arguments)

    monkeypatch.setattr(decode, "_step", counted)
    stream = model.stream(asks("Tell me a long story.", max_tokens=200))
    for _ in range(4):
        next(stream)
    stream.close()
    assert len(steps) < 8
    assert list(stream) == []


def test_choices_come_one_after_the_other_with_seeds_of_their_own(tiny: Tiny) -> None:
    model = LocalModel(tiny("llama"))
    body = asks("Hi", n=3, temperature=1.0, top_p=0.9, seed=11)
    first: Any = model.complete(body)
    again: Any = model.complete(body)
    contents = [choice["message"]["content"] for choice in first["choices"]]
    assert contents == [choice["message"]["content"] for choice in again["choices"]]
    assert len(set(contents)) == 3
    chunks: list[Any] = list(model.stream(body))
    assert [text_of(chunks, index) for index in range(3)] == contents


def test_a_stop_ends_the_reply(model: LocalModel) -> None:
    whole: Any = model.complete(asks("Say hello."))
    said = whole["choices"][0]["message"]["content"]
    word = said.split()[2]
    for stop in (word, [word, "never"]):
        reply: Any = model.complete(asks("Say hello.", stop=stop))
        assert reply["choices"][0]["message"]["content"] == said.partition(word)[0]
        assert reply["choices"][0]["finish_reason"] == "stop"


def test_the_prompt_is_what_the_messages_say(model: LocalModel, smollm: CausalModel) -> None:
    job = model._job({
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"text": "Hi"}, {"type": "image_url"}, {"type": "text", "text": "you"}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
            {"role": "tool", "tool_call_id": "1", "content": "42"},
        ],
        "tools": [{"type": "function"}],
    })  # fmt: skip
    turns = [("system", "Be brief."), ("user", "Hi\nyou"), ("assistant", ""), ("user", "42")]
    assert list(job.prompt) == smollm.chat(turns)
    assert job.text == "Be brief.\nHi\nyou\n\n42"
    assert job.sampling.max_tokens == local.DEFAULT_MAX_TOKENS


def test_a_small_model_gets_a_hint_unless_the_caller_gives_one(model: LocalModel, tiny: Tiny) -> None:
    hint = local.HINTS["packaged:smollm2"]
    assert hint in model._model.tokenizer.decode(model._job(asks("Hi")).prompt)
    other = LocalModel(tiny("llama"))
    assert hint not in other._model.tokenizer.decode(other._job(asks("Hi")).prompt)
    assert model._job(asks("Hi")).text == "Hi"


def test_the_newer_name_of_the_limit_wins(model: LocalModel) -> None:
    assert model._job(asks("Hi", max_tokens=5, max_completion_tokens=3)).sampling.max_tokens == 3
    assert model._job(asks("Hi", max_tokens=None)).sampling.max_tokens == local.DEFAULT_MAX_TOKENS


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": ["Hi"]}, "messages[0].role"),
        ({"messages": [{"role": "king", "content": "Hi"}]}, "messages[0].role"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"max_completion_tokens": True}, "max_completion_tokens"),
        ({"n": 17}, "n"),
        ({"temperature": -1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_p": 2}, "top_p"),
        ({"top_p": "all"}, "top_p"),
        ({"stop": 3}, "stop"),
        ({"stop": [3]}, "stop"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(model: LocalModel, change: dict[str, Any], param: str) -> None:
    for call in (model.complete, model.stream):
        with pytest.raises(RequestError) as caught:
            call(asks("Hi") | change)
        assert (caught.value.status, caught.value.param) == (400, param)


def test_a_prompt_beyond_the_context_has_openais_code(tiny: Tiny) -> None:
    with pytest.raises(ContextError, match="maximum context length is 512") as caught:
        LocalModel(tiny("llama")).stream(asks("word " * 600))
    assert (caught.value.status, caught.value.code) == (400, "context_length_exceeded")


def test_text_that_is_not_unicode_is_refused(model: LocalModel) -> None:
    with pytest.raises(RequestError):
        model.complete(asks("\ud800"))


def test_a_mail_to_placeholders_holds_only_those_of_the_prompt(model: LocalModel) -> None:
    reply: Any = model.complete(asks(MAIL, max_tokens=80))
    text = reply["choices"][0]["message"]["content"]
    written = {match[0] for match in PLACEHOLDER.finditer(text)}
    assert "<PERSON_K7Q2M4XD>" in written
    assert written <= {match[0] for match in PLACEHOLDER.finditer(MAIL)}
    assert text.startswith("Dear <PERSON_K7Q2M4XD>")


def test_it_is_loaded_by_name(model_cache: Path, smollm: CausalModel) -> None:
    model = LocalModel.load("packaged:smollm2", name="local", cache=model_cache, progress=lambda text: None)
    reply: Any = model.complete(asks("Hi", max_tokens=1))
    assert reply["model"] == "local"
