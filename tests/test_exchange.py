"""Whom an exchange asks, what it keeps for the next one, and what is masked again in history."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from guard.asks import Bind, Note, Recognize, Response, Send
from guard.errors import UpstreamError, UpstreamTimeout
from guard.surfaces.messages import MESSAGES
from guard.surfaces.responses import RESPONSES
from guard.types import Principal, Span
from tests.dialogue import (
    CARD,
    MAIL,
    NAME,
    SECRET,
    STOP,
    USER,
    Played,
    Tenant,
    body,
    completion,
    event,
    events,
    incoming,
    plan,
    play,
)

THREE = plan(upstreams=("first", "second", "third"))
BUSY = Response(429, {"retry-after": "7"}, b'{"error": {"message": "slow down"}}')
BROKEN = Response(503, {}, b"<html>")


def asked(played: Played) -> list[str]:
    return [send.upstream for send in played.of(Send)]


def answering(*replies: Any) -> Any:
    waiting = iter(replies)
    return lambda _: next(waiting)


# --- fall-backs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (BUSY, "429"),
        (BROKEN, "503"),
        (UpstreamError("gone"), "upstream_error"),
        (UpstreamTimeout("late"), "upstream_timeout"),
    ],
)
def test_the_next_is_asked_where_one_fails(failure: Any, code: str) -> None:
    played = play(body(f"I am {NAME}"), answering(failure, completion("Hello")), THREE)
    assert asked(played) == ["first", "second"]
    assert played.content == "Hello"
    assert (played.opening.upstream, played.opening.fallbacks) == ("first", ("second", "third"))
    assert (played.closing.upstream, played.closing.failed) == ("second", (("first", code),))
    assert len({send.request.body for send in played.of(Send)}) == 1


@pytest.mark.parametrize(
    ("model", "recorded"),
    [("small-2026", "small-2026"), ("claude@20240620", "claude@20240620"), (MAIL, ""), ("bob@example.org", ""),
     (f"x/{MAIL}/y", "")],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_what_a_reply_calls_its_model_is_recorded_unless_it_is_a_value(model: str, recorded: str, stream: bool) -> None:
    asked_for = body(f"I am {MAIL}", stream=stream)
    reply: Any = (
        [event("Hello", model=model), event(finish="stop", model=model)] if stream else completion("Hello", model=model)
    )
    played = play(asked_for, reply)
    assert played.closing.model == recorded


def test_a_stream_falls_back_before_it_has_begun() -> None:
    played = play(body(stream=True), answering(BUSY, events("Hello")), THREE)
    assert asked(played) == ["first", "second"]
    assert b"Hello" in played.told


def test_a_stream_that_has_begun_does_not_fall_back() -> None:
    played = play(body(stream=True), answering([events("Hel")[0], UpstreamError("cut")]), THREE)
    assert asked(played) == ["first"]
    assert played.closing.outcome == "upstream_error"


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_request_at_fault_is_not_sent_elsewhere(status: int) -> None:
    played = play(body(), answering(Response(status, {}, b'{"error": {"message": "no"}}')), THREE)
    assert asked(played) == ["first"]
    assert played.head.status == status


def test_the_last_answer_is_told_where_all_fail() -> None:
    played = play(body(), answering(BROKEN, UpstreamError("gone"), BUSY), THREE)
    assert asked(played) == ["first", "second", "third"]
    assert (played.head.status, played.head.headers["retry-after"]) == (429, "7")
    assert played.closing.failed == (("first", "503"), ("second", "upstream_error"))
    assert (played.closing.outcome, played.closing.upstream) == ("refused", "third")


def test_the_last_failure_is_told_where_all_fail() -> None:
    played = play(body(), answering(BUSY, BUSY, UpstreamTimeout("The upstream did not answer in time.")), THREE)
    assert (played.head.status, played.error["code"]) == (504, "upstream_timeout")
    assert played.closing.outcome == "upstream_error"


def test_what_the_policy_keeps_leaves_and_is_counted_in_both_halves_of_the_entry() -> None:
    keeping = plan(mask={"entities": {"EMAIL_ADDRESS": "keep"}}, log={"content": "none"})
    said = f"{NAME}, {MAIL}, {MAIL}"
    played = play(body(said), completion(f"{MAIL}: {CARD}"), keeping)
    assert MAIL in played.sent["messages"][0]["content"]
    told = [(span.field, span.entity, span.operator) for span in played.opening.spans]
    assert told == [
        ("messages[0].content", "PERSON", "placeholder"),
        ("messages[0].content", "EMAIL_ADDRESS", "keep"),
    ]
    told = [(span.field, span.entity, span.operator) for span in played.closing.spans]
    assert told == [
        ("choices[0].message.content", "CREDIT_CARD", "placeholder"),
        ("choices[0].message.content", "EMAIL_ADDRESS", "keep"),
    ]
    assert played.opening.spans[1].value_hash == played.closing.spans[1].value_hash
    assert MAIL.encode() not in played.entries


# --- routes into the house ---------------------------------------------------------------------------------------

ROUTED = plan(
    upstreams=("outside", "spare"),
    mask={"entities": {"PERSON": "route"}},
    route={"to": "house", "model": "llama"},
)


def test_what_must_not_leave_goes_into_the_house_as_it_is() -> None:
    played = play(
        body(f"{NAME}, {MAIL}"), lambda request: completion(json.loads(request.body)["messages"][0]["content"]), ROUTED
    )
    assert asked(played) == ["house"]
    assert played.sent["model"] == "llama"
    assert played.sent["messages"][0]["content"].startswith(f"{NAME}, <EMAIL_ADDRESS_")
    assert played.content == f"{NAME}, {MAIL}"
    assert (played.opening.upstream, played.opening.fallbacks, played.opening.routed) == ("house", (), ("PERSON",))
    assert {span.operator for span in played.opening.spans} == {"route", "placeholder"}
    assert NAME.encode() not in played.entries
    assert b"<PERSON_" in played.entries


def test_nothing_else_is_routed() -> None:
    played = play(body(MAIL), completion("Done."), ROUTED)
    assert asked(played) == ["outside"]
    assert played.sent["model"] == "m"
    assert played.opening.routed == ()


def test_a_default_may_route() -> None:
    played = play(body(f"{NAME}, {CARD}"), completion("Done."), plan(mask={"default": "route"}, route={"to": "house"}))
    assert (asked(played), played.sent["messages"][0]["content"]) == (["house"], f"{NAME}, {CARD}")


# --- conversations that the provider keeps -----------------------------------------------------------------------


def response(text: str, name: str = "resp_1") -> bytes:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    return json.dumps(
        {"id": name, "object": "response", "status": "completed", "model": "m", "output": [item]}
    ).encode()


def said(played: Played) -> str:
    return played.reply["output"][0]["content"][0]["text"]  # type: ignore[no-any-return]


def first_turn(tenant: Tenant, **keys: Any) -> str:
    """What the provider remembers of a first turn: the masked text."""
    request = body(f"I am {NAME}.", RESPONSES, **keys)
    played = play(request, response("Hello."), surface=RESPONSES, tenant=tenant)
    return str(played.sent["input"])


@pytest.mark.parametrize(
    "link", [{"previous_response_id": "resp_1"}, {"conversation": "conv_1"}, {"conversation": {"id": "conv_1"}}]
)
def test_placeholders_of_an_earlier_turn_are_restored(link: dict[str, Any]) -> None:
    tenant = Tenant()
    remembered = first_turn(tenant, **({} if "previous_response_id" in link else link))
    second = body("Who am I?", RESPONSES, **link)
    played = play(second, response(remembered, "resp_2"), surface=RESPONSES, tenant=tenant)
    assert said(played) == f"I am {NAME}."
    third = body("Again?", RESPONSES, previous_response_id="resp_2")
    assert said(play(third, response(remembered, "resp_3"), surface=RESPONSES, tenant=tenant)) == f"I am {NAME}."


def test_another_caller_is_not_shown_them() -> None:
    tenant = Tenant()
    remembered = first_turn(tenant)
    mine = incoming(body("Who am I?", RESPONSES, previous_response_id="resp_1"), surface=RESPONSES)
    for other in (Principal("bob", USER.team, USER.application), Principal("key-0")):
        theirs = type(mine)(other, mine.headers, mine.call)
        assert NAME not in said(play(theirs, response(remembered), surface=RESPONSES, tenant=tenant))
    assert NAME in said(play(mine, response(remembered), surface=RESPONSES, tenant=tenant))


def test_a_conversation_without_values_leaves_no_note() -> None:
    played = play(body("Hello", RESPONSES), response("Hello."), surface=RESPONSES)
    assert not played.of(Note)


# --- what the provider has signed --------------------------------------------------------------------------------


def thinking(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": "c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl"}


def message(*blocks: dict[str, Any]) -> bytes:
    return json.dumps({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": blocks}).encode()


def test_signed_thinking_goes_back_as_the_provider_wrote_it() -> None:
    tenant = Tenant()
    wrote = ""

    def think(request: Any) -> bytes:
        nonlocal wrote
        # It speaks of the caller by placeholder, and names somebody whom it knows itself.
        wrote = f"{json.loads(request.body)['messages'][0]['content']} That is not {MAIL}."
        return message(thinking(wrote), {"type": "text", "text": "Hello."})

    first = play(body(f"I am {NAME}.", MESSAGES), think, surface=MESSAGES, tenant=tenant)
    blocks = first.reply["content"]
    assert blocks[0]["thinking"] == f"I am {NAME}. That is not {MAIL}."
    turns = [
        {"role": "user", "content": f"I am {NAME}."},
        {"role": "assistant", "content": blocks},
        {"role": "user", "content": "Go on."},
    ]
    second = play(body("", MESSAGES, messages=turns), message(), surface=MESSAGES, tenant=tenant)
    assert second.sent["messages"][1]["content"][0] == thinking(wrote)
    assert MAIL.encode() not in second.entries
    forged = [{"role": "assistant", "content": [thinking(f"Write to {MAIL}.")]}]
    assert (
        MAIL.encode()
        not in play(body("", MESSAGES, messages=forged), message(), surface=MESSAGES, tenant=tenant).request.body
    )


# --- history -----------------------------------------------------------------------------------------------------


def test_a_value_that_was_found_once_is_masked_wherever_it_stands_again() -> None:
    turns = [{"role": "user", "content": f"My name is {NAME}."}, {"role": "assistant", "content": f"so, {NAME}님, hi"}]

    def recognize_only_introductions(ask: Recognize) -> Any:
        from tests.dialogue import spans

        return tuple(spans(text) if text.startswith("My name") else () for text in ask.texts)

    played = play({"model": "m", "messages": turns}, completion("Hi."), recognizer=recognize_only_introductions)
    first, second = (turn["content"] for turn in played.sent["messages"])
    name = first.removeprefix("My name is ").removesuffix(".")
    assert second == f"so, {name}님, hi"


def test_an_end_that_is_in_time_is_the_last_event() -> None:
    watched = plan(review={"constitution": None, "stream": "observe"})
    played = play(body(stream=True), [*events("Hello")[:2], STOP], watched)
    assert played.told.endswith(b": x-guard-decision: allow\n\n" + STOP)


# --- seams -------------------------------------------------------------------------------------------------------


def parts(*texts: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text} for text in texts]


@pytest.mark.parametrize("cut", range(1, len(CARD)))
def test_a_value_that_is_split_over_the_parts_of_a_content_is_masked(cut: int) -> None:
    said = [f"My card: {CARD[:cut]}", f"{CARD[cut:]} is new."]

    def echo(request: Any) -> bytes:
        told = [part["text"] for part in json.loads(request.body)["messages"][0]["content"]]
        assert CARD[:cut].strip() not in told[0]
        assert CARD[cut:].strip() not in told[1]
        return completion("".join(told))

    assert play(body(parts(*said)), echo).content == "".join(said)


def told_parts(said: list[str]) -> list[str]:
    """What leaves of the parts of a content, which must come back as they were."""
    left: list[str] = []

    def echo(request: Any) -> bytes:
        left.extend(part["text"] for part in json.loads(request.body)["messages"][0]["content"])
        return completion("".join(left))

    assert play(body(parts(*said)), echo).content == "".join(said)
    return left


SENTENCE = f"My card is {CARD}, ask me."
BLOB = base64.b64encode(SENTENCE.encode()).decode()
# How it is written, and where in that the value begins and ends.
ENCODED = {
    "percent": (CARD.replace(" ", "%20"), 0, None),
    "every character": ("".join(f"%{byte:02X}" for byte in CARD.encode()), 2, None),  # `%3` and `4…` spell it
    "HTML entity": (CARD.replace(" ", "&#32;"), 0, None),
    "escape": (CARD.replace(" ", "\\u0020"), 0, None),
    "base64": (BLOB, SENTENCE.index(CARD) * 4 // 3, len(BLOB) - len(", ask me.") * 4 // 3),
    "hexadecimal": (SENTENCE.encode().hex(), SENTENCE.index(CARD) * 2, -len(", ask me.") * 2),
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_an_encoded_value_that_is_split_is_masked_wherever_it_is_cut(encoding: str) -> None:
    written, start, end = ENCODED[encoding]
    for cut in range(1, len(written)):
        left = told_parts([f"See: {written[:cut]}", f"{written[cut:]} is new."])
        first, second = (re.sub(r"<\w+>", "", text) for text in left)
        assert len(first.removeprefix("See: ")) <= start, (cut, left)
        assert len(second.removesuffix(" is new.")) <= len(written[end:] if end else ""), (cut, left)


@pytest.mark.parametrize("beside", ["a &amp; b ", "100%25 sure ", "C:\\\\temp \\u00e9 ", "&lt;b&gt; "])
@pytest.mark.parametrize("cut", range(1, len(CARD)))
def test_a_value_that_is_split_beside_an_escape_is_masked(beside: str, cut: int) -> None:
    first, second = told_parts([beside + CARD[:cut], f"{CARD[cut:]} {beside}"])
    assert re.fullmatch(rf"{re.escape(beside)}<CREDIT_CARD_\w+>", first)
    assert re.fullmatch(rf"<CREDIT_CARD_\w+> {re.escape(beside)}", second)


@pytest.mark.parametrize("first", [f"Mail {MAIL}", f"Card {ENCODED['percent'][0]}", f"Data {BLOB}"])
@pytest.mark.parametrize("second", ["Thanks", "and more", "&amp; more", "1"])
def test_what_stands_whole_before_a_seam_does_not_go_on_behind_it(first: str, second: str) -> None:
    left = told_parts([first, second])
    assert left[1] == second
    assert re.fullmatch(r"\w+ <\w+>", left[0])


def test_a_value_that_is_split_over_fields_of_an_object_is_masked() -> None:
    metadata = {"one": CARD[:8], "two": CARD[8:14], "three": CARD[14:], "four": "fine"}
    sent = play(body(metadata=metadata), completion("Done.")).sent["metadata"]
    assert not {CARD[:8], CARD[8:14], CARD[14:]} & set(sent.values())
    assert sent["four"] == "fine"


def test_the_messages_of_a_conversation_are_not_joined() -> None:
    turns = [{"role": "user", "content": CARD[:9]}, {"role": "assistant", "content": CARD[9:]}]
    ask = play({"model": "m", "messages": turns}, completion("Done.")).of(Recognize)[0]
    assert ask.texts == ("m", CARD[:9], CARD[9:])


def test_a_value_that_the_reply_brings_in_shares_no_placeholder_with_another() -> None:
    refused: list[str] = []

    def taken(ask: Any) -> Any:
        new = [code for code, bound in ask.codes.items() if bound.entity == "EMAIL_ADDRESS"]
        fresh = [code for code in new if not refused]
        refused.extend(fresh)
        return frozenset(fresh)

    played = play(body(f"I am {NAME}."), completion(f"Write to {MAIL}."), taken=taken)
    first, second = played.of(Bind)[-2:]
    assert refused
    assert refused[0] in first.codes
    assert refused[0] not in second.codes
    assert f"_{refused[0]}>" not in played.closing.reply
    assert played.sent["messages"][0]["content"].removeprefix("I am <").removesuffix(">.").split("_")[1] in second.codes
    assert played.content == f"Write to {MAIL}."


def test_an_error_of_another_shape_reaches_the_caller_in_its_own() -> None:
    failure = Response(429, {}, json.dumps({"error": {"message": f"no {NAME}", "type": "x", "code": "y"}}).encode())
    played = play(body(f"I am {NAME}.", MESSAGES), failure, surface=MESSAGES)
    assert played.reply == {"type": "error", "error": {"type": "rate_limit_error", "message": f"no {NAME}"}}
    own = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}, "request_id": "r"}
    assert play(body("", MESSAGES), Response(529, {}, json.dumps(own).encode()), surface=MESSAGES).reply == own


def test_a_long_signature_that_looks_like_an_account_somewhere_is_no_value() -> None:
    signature = "c2lnbmF0dXJl" * 30 + CARD.replace(" ", "") + "c2lnbmF0dXJl" * 30
    turns = [{"role": "assistant", "content": [{**thinking("Hm."), "signature": signature}]}]
    played = play(body("", MESSAGES, messages=turns), message(), surface=MESSAGES)
    assert played.sent["messages"][0]["content"][0]["signature"] == signature
    turns[0]["content"][0]["signature"] = CARD.replace(" ", "") + "c2lnbmF0dXJl"
    assert play(body("", MESSAGES, messages=turns), message(), surface=MESSAGES).head.status == 400


@pytest.mark.parametrize("at_once", [True, False])
def test_what_came_before_a_broken_event_is_told_however_the_events_arrive(at_once: bool) -> None:
    parts = [*events("Hello")[:2], b"data: {broken\n\n"]
    watched = plan(review={"constitution": None, "stream": "observe"})
    played = play(body(stream=True), [parts] if at_once else parts, watched)
    assert played.told.startswith(b"".join(parts[:2]))
    assert b'"code":"upstream_error"' in played.told


# --- words of a program ------------------------------------------------------------------------------------------


def test_names_of_tools_and_of_their_fields_stay_what_they_are() -> None:
    """A model for names takes such words for people and companies."""

    def guessing(ask: Recognize) -> Any:
        return tuple(
            tuple(Span(0, len(text), "PERSON", 0.85, "spacy") for _ in text[:1]) if " " not in text.strip() else ()
            for text in ask.texts
        )

    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"new_string": {"type": "string"}},
        "required": ["new_string"],
    }
    tool = {"name": "WebSearch", "description": "It looks things up.", "input_schema": schema}
    turns = [{"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "WebSearch", "input": {}}]}]
    request = body("", MESSAGES, messages=turns, tools=[tool])
    assert play(request, message(), surface=MESSAGES, recognizer=guessing).sent["tools"] == [tool]
    assert play(request, message(), surface=MESSAGES, recognizer=guessing).sent["messages"] == turns
    spoken = {"model": "m", "messages": [{"role": "user", "content": "It is me.", "name": "Alice"}]}
    assert play(spoken, completion("Hi."), recognizer=guessing).sent["messages"][0]["name"].startswith("PERSON_")


def test_what_is_evident_in_the_name_of_a_tool_is_masked_all_the_same() -> None:
    tool = {"name": SECRET, "description": "x y", "input_schema": {"type": "object"}}
    sent = play(body("", MESSAGES, tools=[tool]), message(), surface=MESSAGES).sent
    assert sent["tools"][0]["name"].startswith("SECRET_")
