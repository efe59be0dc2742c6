"""Embeddings and moderations without a server: texts go out masked, numbers come back as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guard.asks import Judge, Recognize
from guard.errors import RequestError
from guard.surfaces.embeddings import EMBEDDINGS, MODERATIONS, Embeddings
from tests.apis.api import replying
from tests.apis.vectors import Embeddings as Vectors
from tests.apis.vectors import Moderations as Verdicts
from tests.dialogue import CARD, DIGITS, MAIL, body, constitution, plan, play

BOTH = [(EMBEDDINGS, Vectors()), (MODERATIONS, Verdicts())]


@pytest.mark.parametrize(("surface", "api"), BOTH)
@pytest.mark.parametrize("given", [MAIL, [MAIL, "Hello"], [{"type": "text", "text": MAIL}], [{"text": MAIL}]])
def test_whatever_holds_a_text_is_masked(surface: Embeddings, api: Any, given: Any) -> None:
    played = play(body(given, surface, user=MAIL), replying(api), surface=surface)
    assert MAIL.encode() not in played.request.body
    assert b"<EMAIL_ADDRESS_" in played.request.body
    assert (played.closing.outcome, played.closing.not_judged) == ("completed", ())
    assert played.opening.spans[0].field.startswith("input")


@pytest.mark.parametrize(("surface", "api"), BOTH)
def test_no_words_come_back_so_nothing_is_judged(surface: Embeddings, api: Any) -> None:
    played = play(body(MAIL, surface), replying(api), plan(constitution=constitution()), surface=surface)
    assert played.of(Judge) == []
    assert played.head.headers["x-guard-decision"] == "allow"


@pytest.mark.parametrize("given", [[1, 2], [[1, 2], [3]], ["x", 1]])
def test_tokens_do_not_leave(given: Any) -> None:
    played = play(body(given, EMBEDDINGS), replying(Vectors()), surface=EMBEDDINGS)
    assert (played.error["code"], played.error["param"]) == ("forbidden_by_policy", "input")


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
        {"type": "anything_new", "text": "x"},
        "data:image/png;base64,aGVsbG8=",
    ],
)
@pytest.mark.parametrize(("surface", "api"), BOTH)
def test_images_do_not_leave(surface: Embeddings, api: Any, part: Any) -> None:
    played = play(body(["Hello", part], surface), replying(api), surface=surface)
    assert (played.error["code"], played.error["param"]) == ("forbidden_by_policy", "input[1]")


@pytest.mark.parametrize("given", [None, 7, {"text": "x"}])
@pytest.mark.parametrize("surface", [EMBEDDINGS, MODERATIONS])
def test_an_input_is_a_text_or_a_list(surface: Embeddings, given: Any) -> None:
    with pytest.raises(RequestError) as caught:
        surface.read(json.dumps(body(given, surface)).encode())
    assert caught.value.param == "input"


def test_of_moderations_the_model_need_not_be_named() -> None:
    assert MODERATIONS.read(b'{"input": "x"}').model == "omni-moderation-latest"
    with pytest.raises(RequestError):
        EMBEDDINGS.read(b'{"input": "x"}')


@pytest.mark.parametrize("surface", [EMBEDDINGS, MODERATIONS])
def test_neither_streams(surface: Embeddings) -> None:
    with pytest.raises(RequestError, match="does not stream"):
        surface.read(json.dumps(body("x", surface, stream=True)).encode())


def test_the_numbers_of_a_vector_are_not_looked_through() -> None:
    vector = [0.25, -12345678.0, float(DIGITS)]
    reply = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": vector}], "model": "m"}
    assert [leaf.path for leaf in EMBEDDINGS.reply_leaves({**reply, "note": "hello"}) if not leaf.key] == [("note",)]
    played = play(body(CARD, EMBEDDINGS), json.dumps(reply).encode(), surface=EMBEDDINGS)
    assert played.told == json.dumps(reply).encode()
    assert played.of(Recognize)[-1].texts == ()


@pytest.mark.parametrize(
    ("surface", "told"),
    [
        (EMBEDDINGS, {"object": "list", "data": [{"index": 0, "embedding": [0.5], "text": MAIL}]}),
        (EMBEDDINGS, {"object": "list", "data": [], "text": MAIL}),
        (MODERATIONS, {"id": "m1", "results": [{"flagged": False, "text": MAIL}]}),
    ],
)
def test_what_a_server_quotes_beside_its_numbers_is_restored(surface: Embeddings, told: dict[str, Any]) -> None:
    def reply(request: Any) -> bytes:
        return json.dumps(told).replace(MAIL, json.loads(request.body)["input"]).encode()

    assert play(body(MAIL, surface), reply, surface=surface).reply == told


@pytest.mark.parametrize("reply", [b"{}", b'{"data": {}, "results": {}}', b"[]", b""])
@pytest.mark.parametrize(("surface", "api"), BOTH)
def test_what_is_no_list_is_no_reply(surface: Embeddings, api: Any, reply: bytes) -> None:
    assert play(body("x", surface), reply, surface=surface).error["code"] == "upstream_error"
