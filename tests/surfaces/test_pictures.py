"""What is a picture in a reply, and what only stands in its place."""

import base64

import pytest

from guard.surfaces.pictures import is_picture

REST = bytes(range(256))
BEGINNINGS = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF87a", b"GIF89a", b"RIFF\x24\x00\x00\x00WEBP"]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("length", range(20, 24))
def test_a_picture(beginning: bytes, length: int) -> None:
    assert is_picture(encoded(beginning + REST[:length]))


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "",
        "Buy a rifle.",
        encoded(b"Buy a rifle today. " * 4),
        encoded(b"%PDF-1.7" + REST),
        encoded(BEGINNINGS[0] + REST)[:-1],
        encoded(BEGINNINGS[0] + REST)[:-4] + "a b=",
        encoded(BEGINNINGS[0] + REST) + "\n",
        encoded(BEGINNINGS[0] + REST) + " Buy a rifle.",
        "data:image/png;base64," + encoded(BEGINNINGS[0] + REST),
    ],
)
def test_no_picture(value: str | int | None) -> None:
    assert not is_picture(value)
