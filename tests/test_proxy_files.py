"""Files and pictures through the proxy, with the real readers, over a socket."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from guard import service as services
from guard.backends.images import read_image
from guard.errors import ConfigError
from tests.conftest import OpenHouse
from tests.house import CARD, MAIL, policy, start
from tests.upstream import FakeUpstream


def picture(text: str) -> str:
    """A data URL of a picture that shows a text."""
    image = Image.new("RGB", (640, 120), "white")
    ImageDraw.Draw(image).text((20, 40), text, "black", ImageFont.load_default(size=22))
    data = io.BytesIO()
    written = PngImagePlugin.PngInfo()
    written.add_text("Author", MAIL)
    image.save(data, "PNG", pnginfo=written)
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"


def test_a_picture_leaves_without_what_was_found_in_it(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(policy(opaque="extract"))
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": picture(f"Mail {MAIL} today")}},
    ]
    response = house.post("echo", parts)
    assert response.status_code == 200
    sent = json.loads(upstream.seen[0])["messages"][0]["content"][1]["image_url"]["url"]
    data = base64.b64decode(sent.removeprefix("data:image/png;base64,"))
    assert MAIL.encode() not in data
    text, _ = read_image(data)
    assert "alice" not in text
    assert "today" in text
    opening = house.opening(response)
    assert [(span.entity, span.operator) for span in opening.spans] == [("EMAIL_ADDRESS", "redact")]
    assert opening.not_scanned == ()


def test_the_text_of_a_file_leaves_masked_and_comes_back(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(policy(opaque="extract"))
    page = f"<html><body><p hidden>Card {CARD}</p><!-- {MAIL} --></body></html>"
    url = f"data:text/html;base64,{base64.b64encode(page.encode()).decode()}"
    response = house.post("echo", [{"type": "file", "file": {"filename": "offer.html", "file_data": url}}])
    told = response.json()["choices"][0]["message"]["content"]
    assert CARD in told
    assert MAIL in told
    assert {span.entity for span in house.opening(response).spans} == {"CREDIT_CARD", "EMAIL_ADDRESS"}


@pytest.mark.parametrize(
    ("kind", "data"), [("application/pdf", b"no pdf"), ("image/png", b"\x89PNG no"), ("application/x-tar", b"x")]
)
def test_what_cannot_be_read_is_refused(open_house: OpenHouse, upstream: FakeUpstream, kind: str, data: bytes) -> None:
    house = open_house(policy(opaque="extract"))
    url = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    response = house.post("echo", [{"type": "file", "file": {"file_data": url}}])
    assert response.status_code in {400, 403}
    assert response.json()["error"]["message"]
    assert upstream.seen == []


def test_guard_does_not_start_where_the_readers_are_missing(
    tmp_path: Path, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = services.importlib.util.find_spec
    monkeypatch.setattr(services.importlib.util, "find_spec", lambda name: None if name == "pypdf" else found(name))
    with pytest.raises(ConfigError, match=r"constitutional-guard\[files\]"):
        start(tmp_path, upstream.url, (policy(opaque="extract"),))
