"""What is drawn here is read by the real models: second looks at the result are taken with the same ones."""

import io
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from guard.backends import images, ocr, ocr_boxes
from guard.backends.images import UNREADABLE, Find, media_type, read_image, redact_image
from guard.backends.ocr_boxes import components, rectangle, sides
from guard.backends.ocr_lines import Line
from guard.backends.ocr_readings import found_in
from guard.backends.stack import Spec, Stack
from guard.errors import ConfigError, GuardError, RecognizerError, RequestError, TooLargeError
from guard.types import Span

MAIL, CARD, PHONE = "alice.meyer@example.com", "4111 1111 1111 1111", "010-1234-5678"
PLANTED = (MAIL, CARD, PHONE)
PLAIN = "The delivery was moved to Thursday"
find = Stack.of(Spec(profile="patterns")).recognize
Spans = tuple[tuple[Span, ...], ...]


def nothing(texts: Sequence[str]) -> Spans:
    return tuple(() for _ in texts)


def draw(
    *lines: tuple[int, int, str],
    size: tuple[int, int] = (640, 200),
    letters: int = 20,
    ink: Any = "black",
    ground: Any = "white",
) -> Image.Image:
    image = Image.new("RGB", size, ground)
    canvas = ImageDraw.Draw(image)
    for x, y, text in lines:
        canvas.text((x, y), text, fill=ink, font=ImageFont.load_default(size=letters))
    return image


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def decode(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def extent(x: int, y: int, before: str, text: str, letters: int = 20) -> tuple[slice, slice]:
    """The rows and columns that `text` takes when it is drawn at (x, y) after `before`."""
    font = ImageFont.load_default(size=letters)
    left, top, right, bottom = font.getbbox(text)
    x += round(font.getlength(before))
    return slice(int(y + top), int(y + bottom)), slice(int(x + left), int(x + right))


def black(data: bytes, where: tuple[slice, slice]) -> bool:
    return bool((decode(data)[where] < 40).all())


def still_found(data: bytes) -> list[str]:
    """What a second reading of the picture finds, by lines and in the whole."""
    text, _ = read_image(data)
    texts = [text, text.replace("\n", ""), text.replace("\n", " "), *text.split("\n")]
    return [text[span.start : span.end] for text, spans in zip(texts, find(texts), strict=True) for span in spans]


# --- values go, the rest stays -------------------------------------------------------------------------------------

DRAWN = (
    (20, 15, PLAIN),
    (20, 55, f"Mail {MAIL} now"),
    (20, 95, f"Card {CARD} booked"),
    (20, 135, f"Call {PHONE} today"),
)


@pytest.fixture(scope="module")
def redacted() -> tuple[np.ndarray, bytes, tuple[Find, ...]]:
    """A picture with three values, also in its metadata, before and after."""
    image = draw(*DRAWN)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", MAIL)
    exif = Image.Exif()
    exif[0x010E] = CARD
    data, finds = redact_image(encode(image, pnginfo=notes, exif=exif, icc_profile=PHONE.encode()), find)
    return np.asarray(image).astype(int), data, finds


def test_a_second_reading_finds_no_value(redacted: Any) -> None:
    assert still_found(redacted[1]) == []
    assert PLAIN in read_image(redacted[1])[0]


@pytest.mark.parametrize(("place", "before", "value"), [(1, "Mail ", MAIL), (2, "Card ", CARD), (3, "Call ", PHONE)])
def test_a_value_is_covered_from_end_to_end(redacted: Any, place: int, before: str, value: str) -> None:
    x, y, _ = DRAWN[place]
    assert black(redacted[1], extent(x, y, before, value))


def test_what_was_not_found_keeps_its_pixels(redacted: Any) -> None:
    original, data, _ = redacted
    result = decode(data)
    changed = (result != original).any(axis=2)
    assert not changed[:45].any()  # the line without a value
    assert not changed[:, 520:].any()
    assert not changed[:, :45].any()  # the beginnings of the words before the values
    assert changed.mean() < 0.2


def test_metadata_does_not_leave(redacted: Any) -> None:
    with Image.open(io.BytesIO(redacted[1])) as image:
        assert image.size == (640, 200)
        assert (image.format, image.info, dict(image.getexif())) == ("PNG", {}, {})
    assert not [value for value in PLANTED if value.encode() in redacted[1]]


def test_finds_say_what_and_where_and_do_not_show_values(redacted: Any) -> None:
    finds = redacted[2]
    assert [(item.line, item.entity, item.value) for item in finds] == [
        (2, "EMAIL_ADDRESS", MAIL),
        (3, "CREDIT_CARD", CARD),
        (4, "PHONE_NUMBER", PHONE),
    ]
    assert all(item.recognizer == "patterns" and item.score > 0.4 and item.confidence > 0.9 for item in finds)
    assert not [value for value in PLANTED if value in repr(finds)]


@pytest.mark.parametrize(
    ("lines", "pieces"),
    [
        (((20, 20, "write to alice.me"), (20, 50, "yer@example.com soon")), [("write to ", 0, "alice.me"), ("", 1, "yer@example.com")]),
        (((20, 20, "4111"), (150, 20, "1111"), (280, 20, "1111"), (410, 20, "1111")), [("", n, "1111") for n in (1, 2, 3)]),
        (((20, 20, "4111 1111"), (20, 50, "1111 1111")), [("", 0, "4111 1111"), ("", 1, "1111 1111")]),
    ],
    ids=["word over two lines", "columns", "number over two lines"],
)  # fmt: skip
def test_a_value_in_pieces_is_found(lines: Any, pieces: Any) -> None:
    data, _ = redact_image(encode(draw(*lines, size=(520, 90))), find)
    for before, line, piece in pieces:
        assert black(data, extent(lines[line][0], lines[line][1], before, piece))


@pytest.mark.parametrize("angle", [90, 180, 270, 12])
def test_turned_text_is_read(angle: int) -> None:
    page = draw((20, 60, f"Mail {MAIL}"), size=(420, 150)).rotate(angle, expand=True, fillcolor="white")
    data, finds = redact_image(encode(page), find)
    assert {item.entity for item in finds} == {"EMAIL_ADDRESS"}
    assert still_found(data) == []


def test_light_text_on_dark_is_read() -> None:
    data, finds = redact_image(
        encode(
            draw(
                (20, 30, f"IBAN DE89 3704 0044 0532 0130 00 {PHONE}"),
                size=(640, 90),
                ink=(200, 210, 220),
                ground=(30, 30, 40),
            )
        ),
        find,
    )
    assert {item.entity for item in finds} == {"IBAN_CODE", "PHONE_NUMBER"}
    assert still_found(data) == []


def test_a_large_picture_is_seen_whole_and_in_tiles() -> None:
    """Small letters across the seam of two tiles, at 1088 pixels, and letters that are too large for one look."""
    image = draw((960, 30, f"Mail {MAIL} now"), size=(2300, 620))
    canvas = ImageDraw.Draw(image)
    canvas.text((60, 230), CARD, fill="black", font=ImageFont.load_default(size=190))
    data, _ = redact_image(encode(image), find)
    assert black(data, extent(960, 30, "Mail ", MAIL))
    assert black(data, extent(60, 230, "", CARD, 190))


# --- in doubt ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mirrored() -> bytes:
    """A line that detection sees and recognition cannot read."""
    page = draw((20, 20, "Quarterly figures of the branch"), size=(420, 70))
    return encode(page.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def test_a_line_that_is_not_read_is_painted_over_and_reported(mirrored: bytes) -> None:
    data, finds = redact_image(mirrored, nothing)
    assert [(item.entity, item.recognizer, item.line, item.value) for item in finds] == [(UNREADABLE, "ocr", 1, "")]
    assert finds[0].confidence < images.LEAST_CONFIDENCE
    assert finds[0].score == pytest.approx(1 - finds[0].confidence, abs=0.01)
    assert (decode(data)[decode(mirrored) < 100] < 40).all()
    assert read_image(data)[0] == ""


def test_doubt_may_be_allowed(mirrored: bytes) -> None:
    data, finds = redact_image(mirrored, nothing, least_confidence=0.0)
    assert finds == ()
    assert (decode(data) == decode(mirrored)).all()


def test_letters_that_are_skipped_make_a_line_unsure() -> None:
    """As Hangul is: seen as ink, and left out of the text."""
    strip = np.full((48, 400, 3), 255, np.uint8)
    strip[15:35, 10:390:8] = 0
    everywhere = list(range(10, 390, 20))
    assert ocr.share_read(strip, everywhere) == 1.0
    assert ocr.share_read(strip, [c for c in everywhere if not 150 < c < 300]) < 0.8
    assert ocr.share_read(strip, []) == 0.0
    underlined = np.full((48, 400, 3), 255, np.uint8)
    underlined[15:35, 10:100:8] = underlined[36:38] = 0
    assert ocr.share_read(underlined, list(range(10, 100, 20))) == 1.0


def test_a_box_in_the_wrong_place_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Line, "part", lambda self, start, end: self._between(0.0, 0.02))
    data, _ = redact_image(encode(draw((20, 20, f"Call {PHONE}"), size=(320, 70))), find)
    assert black(data, extent(20, 20, "Call ", PHONE))


# --- what leaves is what was read ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP"])
def test_a_picture_without_text_keeps_its_pixels(kind: str) -> None:
    image = Image.radial_gradient("L").convert("RGB").resize((96, 64))
    original = encode(image, kind, **({"lossless": True} if kind == "WEBP" else {}))
    data, finds = redact_image(original, nothing)
    assert finds == ()
    assert media_type(original) == f"image/{kind.lower()}"
    assert media_type(data) == "image/png"
    assert (decode(data) == decode(original)).all()


def test_jpeg_stays_jpeg_and_upright_without_its_exif() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, MAIL  # lies on its side, and says whose it is
    lying = draw((20, 20, PLAIN), size=(420, 70)).rotate(90, expand=True)
    data, _ = redact_image(
        encode(lying, "JPEG", exif=exif, comment=PHONE.encode(), icc_profile=CARD.encode(), quality=95), nothing
    )
    assert media_type(data) == "image/jpeg"
    assert not [value for value in PLANTED if value.encode() in data]
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (420, 70)
        assert dict(image.getexif()) == {}
    assert read_image(data)[0] == PLAIN


def test_only_the_first_frame_leaves() -> None:
    frames = [draw(size=(200, 60)), draw((10, 10, MAIL), size=(200, 60))]
    data, _ = redact_image(encode(frames[0], "GIF", save_all=True, append_images=frames[1:]), find)
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 1) == 1
    assert (decode(data) == 255).all()


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)])
def test_transparency_is_laid_on_what_shows_its_colours(ink: int, ground: int) -> None:
    image = Image.new("RGBA", (60, 40), (9, 99, 199, 0))  # the colour of what is transparent must not leave
    image.paste((ink, ink, ink, 255), (20, 10, 40, 30))
    result = decode(redact_image(encode(image), nothing)[0])
    assert (result[15, 30] == ink).all()
    assert (result[0, 0] == ground).all()


def test_sixteen_bits_are_shown_with_their_upper_eight() -> None:
    grey = np.linspace(0, 65535, 64 * 40).astype(np.uint16).reshape(40, 64)
    result = decode(redact_image(encode(Image.fromarray(grey)), nothing)[0])
    assert (result[:, :, 0] == grey >> 8).all()


# --- what cannot be read -------------------------------------------------------------------------------------------


def claim(width: int, height: int) -> bytes:
    """A small PNG that says it is large."""
    data = encode(Image.new("L", (8, 8)))
    head = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + data[24:29]
    import zlib

    return data[:12] + head + zlib.crc32(head).to_bytes(4, "big") + data[33:]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", RequestError),
        (f"no picture, but {MAIL}".encode(), RequestError),
        (encode(draw((0, 0, MAIL)))[:900], RequestError),
        (b"\x89PNG\r\n\x1a\n" + MAIL.encode(), RequestError),
        (encode(Image.new("L", (8, 8)), "TIFF"), RequestError),
        (encode(Image.new("L", (8, 8)), "ICO"), RequestError),
        (claim(0, 8), RequestError),
        (claim(5_000, 3_300), TooLargeError),
        (claim(12_000, 9_000), TooLargeError),
        (claim(60_000, 60_000), TooLargeError),
    ],
    ids=["empty", "text", "cut off", "head alone", "TIFF", "ICO", "no width", "too large", "bomb", "large bomb"],
)
def test_what_is_no_picture_is_refused_at_once(data: bytes, error: type[GuardError]) -> None:
    began = time.monotonic()
    with pytest.raises(error) as caught:
        redact_image(data, nothing)
    assert time.monotonic() - began < 2
    assert type(caught.value) is error
    assert "Send" in caught.value.message
    assert MAIL not in caught.value.message
    assert caught.value.__cause__ is caught.value.__context__ is None  # their messages could hold a part of the file


@pytest.mark.parametrize(("limit", "value"), [("MOST_LINES", 1), ("MOST_SECONDS", -1.0)])
def test_the_work_is_bounded(limit: str, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, limit, value)
    with pytest.raises(TooLargeError, match="Send"):
        redact_image(encode(draw((20, 20, "one line"), (20, 60, "and another"), size=(200, 100))), nothing)


def test_a_finder_that_fails_stops_the_picture() -> None:
    def failing(texts: Sequence[str]) -> Spans:
        raise RecognizerError("a recognizer failed")

    with pytest.raises(RecognizerError):
        redact_image(encode(draw((20, 20, PLAIN), size=(420, 70))), failing)


def test_a_missing_model_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="guard models install"):
        images.find_models()


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    exif = Image.Exif()
    exif[0x010E] = MAIL
    with caplog.at_level(logging.DEBUG):
        redact_image(encode(draw(size=(40, 40)), "JPEG", exif=exif), nothing)
    assert MAIL not in caplog.text


# --- the same for everyone, and by itself --------------------------------------------------------------------------


def test_threads_get_the_same_answer(mirrored: bytes) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: redact_image(mirrored, find), range(2))
    assert first == second


ALONE = """
import sys
from guard.backends import images
assert not {"PIL", "onnxruntime", "cv2"} & set(sys.modules)
def refuse(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        raise SystemExit(event)
sys.addaudithook(refuse)
data, finds = images.redact_image(sys.stdin.buffer.read(), lambda texts: [() for _ in texts])
assert not {"rapidocr", "cv2", "requests", "torch"} & set(sys.modules)
"""


def test_it_loads_late_and_calls_nobody(mirrored: bytes) -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], input=mirrored, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b""), done.stderr


# --- from lines to texts, without a model --------------------------------------------------------------------------


def lines(*texts: str, step: float = 30.0) -> list[Line]:
    """Lines one under another, ten pixels for each character."""
    made = []
    for number, text in enumerate(texts):
        width, top = 10.0 * len(text), number * step
        corners = np.array([[0, top], [width, top], [width, top + 20], [0, top + 20]])
        made.append(Line(text, tuple((i + 0.5) / len(text) for i in range(len(text))), 1.0, corners))
    return made


def finder(*values: str) -> Callable[[Sequence[str]], Any]:
    def look(texts: Sequence[str]) -> Any:
        return [
            [
                Span(text.index(value), text.index(value) + len(value), "X", 1.0, "test")
                for value in values
                if value in text
            ]
            for text in texts
        ]

    return look


@pytest.mark.parametrize(
    ("drawn", "value", "parts"),
    [
        (["a 12 34 5"], "12345", {0: [(2, 4), (5, 7), (8, 9)]}),
        (["x SSN536-22 y"], "SSN 536-22", {0: [(2, 11)]}),
        (["no 41l1-1O z"], "4111-10", {0: [(3, 10)]}),
        (["bob @ example. org"], "bob@example.org", {0: [(0, 3), (4, 5), (6, 14), (15, 18)]}),
        (["say al", "ice now"], "alice", {0: [(4, 6)], 1: [(0, 3)]}),
        (["Alice", "Meyer", "Berlin"], "Alice Meyer Berlin", {0: [(0, 5)], 1: [(0, 5)], 2: [(0, 6)]}),
        (["Name", "Meyer"], "Name\nMeyer", {0: [(0, 4)], 1: [(0, 5)]}),
    ],
)
def test_readings_lead_back_to_their_characters(drawn: list[str], value: str, parts: Any) -> None:
    finds, found = found_in(lines(*drawn), finder(value))
    assert found == parts
    assert [item.value for item in finds] == [value]


def test_lines_far_apart_are_not_joined() -> None:
    assert found_in(lines("say al", "ice now", step=90), finder("alice"))[0] == []


def test_a_part_of_a_line_is_widened_and_stays_in_line() -> None:
    line = lines("0123456789")[0]
    corners = line.part(3, 5)
    assert corners[:, 0].min() == pytest.approx(30 - 7)
    assert corners[:, 0].max() == pytest.approx(50 + 7)
    assert corners[:, 1].min() < 0
    assert corners[:, 1].max() > 20


@pytest.mark.parametrize("angle", [0, 10, 45.5, 89, 120])
def test_a_turned_rectangle_is_found_again(angle: float) -> None:
    turn = np.deg2rad(angle)
    across, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    points = np.array([a * across + b * down for a in np.linspace(-40, 40, 9) for b in np.linspace(-6, 6, 5)]) + 100
    box = rectangle(points)
    assert sorted(sides(box)) == pytest.approx([12, 80])
    assert box.mean(axis=0) == pytest.approx([100, 100])
    assert (box[1] - box[0])[0] == max((np.roll(box, -1, axis=0) - box)[:, 0])  # the side that runs to the right


def test_parts_that_touch_are_one_component() -> None:
    ink = np.zeros((40, 80), np.float32)
    ink[5:15, 5:30] = ink[10:20, 29:50] = 1.0  # one
    ink[30:36, 10:40] = 0.9  # another
    ink[30:36, 60:75] = 0.4  # ink, but too faint for letters
    boxes = components(ink)
    assert sorted(round(float(box[:, 1].mean())) for box in boxes) == [12, 33]


def test_every_pixel_is_judged_with_what_surrounds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    margin = ocr._OVERLAP

    def inside(self: ocr.Reader, tile: ocr.Pixels) -> ocr_boxes.Floats:
        ink = np.zeros(tile.shape[:2], np.float32)
        ink[margin:-margin, margin:-margin] = 1.0
        return ink

    monkeypatch.setattr(ocr.Reader, "_ink", inside)
    monkeypatch.setattr(ocr_boxes, "_GROW", 0.0)
    (box,) = ocr.reader()._boxes(np.zeros((1500, 2600, 3), np.uint8), 1.0, time.monotonic() + 60)
    assert sides(box) == (2600 - 2 * margin, 1500 - 2 * margin)


def test_no_ink_is_no_line() -> None:
    assert components(np.zeros((8, 8), np.float32)) == []
    assert found_in([], nothing) == ([], {})


def test_the_alphabet_is_as_documented() -> None:
    known = set("".join(ocr.reader()._characters))
    assert set("azAZ09@é中國日本ひカΩ") <= known
    assert not set("가한Жعא") & known
