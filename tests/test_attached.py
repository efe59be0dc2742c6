"""Files and pictures: refused, let through, or read and masked, on each surface that takes them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from guard.asks import Extract, Extracted, Send
from guard.errors import RequestError
from guard.surfaces.chat import CHAT
from guard.surfaces.embeddings import EMBEDDINGS
from guard.surfaces.gemini import GEMINI
from guard.surfaces.messages import MESSAGES
from guard.surfaces.responses import RESPONSES
from guard.surfaces.surface import Surface
from tests.dialogue import CARD, MAIL, Played, body, plan, play

PDF = base64.b64encode(b"%PDF-1.7 bytes").decode()
PNG = base64.b64encode(b"\x89PNG bytes").decode()
READING = plan(opaque="extract", mask={"entities": {"PERSON": "keep"}})

Part = dict[str, Any]


def pdf(surface: Surface) -> Part:
    url = f"data:application/pdf;base64,{PDF}"
    match surface.name:
        case "messages":
            source = {"type": "base64", "media_type": "application/pdf", "data": PDF}
            return {"type": "document", "source": source, "title": "Offer", "citations": {"enabled": True}}
        case "responses":
            return {"type": "input_file", "filename": "offer.pdf", "file_data": url}
        case "gemini":
            return {"inlineData": {"mimeType": "application/pdf", "data": PDF}}
    return {"type": "file", "file": {"filename": "offer.pdf", "file_data": url}}


def png(surface: Surface) -> Part:
    url = f"data:image/png;base64,{PNG}"
    match surface.name:
        case "messages":
            return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
        case "responses":
            return {"type": "input_image", "image_url": url, "detail": "low"}
        case "gemini":
            return {"inline_data": {"mime_type": "image/png", "data": PNG}}
    return {"type": "image_url", "image_url": {"url": url, "detail": "low"}}


def asking(surface: Surface, *parts: Part) -> dict[str, Any]:
    if surface is GEMINI:
        return {"model": "m", "contents": [{"role": "user", "parts": list(parts)}]}
    message = {"role": "user", "content": list(parts)}
    return body([message], RESPONSES) if surface is RESPONSES else body("", surface, messages=[message])


def parts_of(played: Played) -> list[Part]:
    sent = played.sent
    if "contents" in sent:
        return sent["contents"][0]["parts"]  # type: ignore[no-any-return]
    return (sent.get("messages") or sent["input"])[0]["content"]  # type: ignore[no-any-return]


def reading(ask: Extract) -> Extracted:
    """What a shell would read."""
    if ask.kind == "application/pdf":
        assert ask.data == b"%PDF-1.7 bytes"
        return Extracted(f"Offer for {MAIL}\fpage two")
    finds = (("CREDIT_CARD", "pattern", 0.9, 3, CARD), ("UNREADABLE_TEXT", "ocr", 0.4, 4, ""))
    return Extracted(kind="image/png", picture=b"\x89PNG black", finds=finds)


SURFACES = pytest.mark.parametrize("surface", [CHAT, RESPONSES, MESSAGES, GEMINI], ids=lambda surface: surface.name)


@SURFACES
@pytest.mark.parametrize("make", [pdf, png])
def test_the_default_refuses_them(surface: Surface, make: Any) -> None:
    played = play(asking(surface, make(surface)), surface=surface)
    assert played.kinds == ["Emit"]
    assert played.head.status == 403
    assert b"opaque" in played.told


@SURFACES
@pytest.mark.parametrize("make", [pdf, png])
def test_they_leave_as_they_are_where_the_policy_allows_it(surface: Surface, make: Any) -> None:
    played = play(asking(surface, make(surface)), plan_=plan(opaque="allow"), surface=surface)
    assert parts_of(played) == [make(surface)]
    assert len(played.opening.not_scanned) == 1


@SURFACES
def test_the_text_of_a_file_is_masked_and_takes_its_place(surface: Surface) -> None:
    played = play(asking(surface, pdf(surface)), plan_=READING, surface=surface, extractor=reading)
    (part,) = parts_of(played)
    text = part["source"]["data"] if surface is MESSAGES else part["text"]
    assert text.startswith("Offer for <EMAIL_ADDRESS_")
    assert text.endswith("\fpage two")
    assert PDF.encode() not in played.request.body
    assert played.opening.not_scanned == ()
    if surface is MESSAGES:
        assert (part["title"], part["citations"]) == ("Offer", {"enabled": True})


@SURFACES
def test_a_picture_leaves_with_black_boxes_and_the_log_says_what_was_under_them(surface: Surface) -> None:
    played = play(asking(surface, png(surface)), plan_=READING, surface=surface, extractor=reading)
    black = base64.b64encode(b"\x89PNG black").decode()
    assert json.dumps(parts_of(played)).count(black) == 1
    assert PNG.encode() not in played.request.body
    assert [(s.entity, s.operator, s.field.endswith("line 3")) for s in played.opening.spans[:1]] == [
        ("CREDIT_CARD", "redact", True)
    ]
    assert played.opening.not_scanned == ()
    assert CARD.encode() not in played.entries


def test_what_is_blocked_in_a_picture_stops_the_exchange() -> None:
    strict = plan(opaque="extract", mask={"entities": {"CREDIT_CARD": "block"}})
    played = play(asking(CHAT, png(CHAT)), plan_=strict, extractor=reading)
    assert not played.of(Send)
    assert (played.head.status, played.error["code"]) == (403, "blocked_by_guard")


def test_pictures_in_the_result_of_a_tool_are_read_too() -> None:
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [png(MESSAGES)]}
    played = play(asking(MESSAGES, result), plan_=READING, surface=MESSAGES, extractor=reading)
    assert PNG.encode() not in played.request.body


@pytest.mark.parametrize(
    ("surface", "request_"),
    [
        (CHAT, asking(CHAT, {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}})),
        (CHAT, asking(CHAT, {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}})),
        (CHAT, asking(CHAT, {"type": "file", "file": {"file_id": "file-1"}})),
        (CHAT, asking(CHAT, {"type": "image_url", "image_url": {"url": "data:image/png;base64,%%%"}})),
        (RESPONSES, asking(RESPONSES, {"type": "input_file", "file_url": "https://example.org/a.pdf"})),
        (MESSAGES, asking(MESSAGES, {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}})),
        (EMBEDDINGS, body([[1, 2, 3]], EMBEDDINGS)),
    ],
)
def test_what_the_request_does_not_carry_itself_is_refused(surface: Surface, request_: dict[str, Any]) -> None:
    played = play(request_, plan_=READING, surface=surface, extractor=reading)
    assert played.kinds == ["Emit"]
    assert played.head.status == 403


def test_a_file_that_cannot_be_read_is_refused_in_shape() -> None:
    failing = play(
        asking(CHAT, pdf(CHAT)),
        plan_=READING,
        fail=lambda ask: RequestError("A file is broken. Send another.") if isinstance(ask, Extract) else None,
    )
    assert (failing.kinds, failing.head.status) == (["Extract", "Emit"], 400)
    assert failing.error["message"] == "A file is broken. Send another."
