"""Pictures: read the text in them, and paint over what a finder finds in it.

The text is read with PP-OCRv6 small (detection and recognition, Apache-2.0), whose ONNX files come inside the package
rapidocr. The package is never imported: it would bring OpenCV and a downloader along, and guard needs its files alone.

What leaves is what was read: the first frame, upright, without transparency, as plain pixels. Everything else of the
file (EXIF, thumbnails, text chunks, colour profiles, further frames) is left behind, also where nothing was found.

Scripts that are read: Latin with accents, Greek, Chinese (simplified and traditional), Japanese, digits and signs.
Not read: Hangul, Cyrillic, Arabic, Hebrew, Thai, Indic scripts, handwriting, and upright vertical text. Where a line
was seen and not read for sure, it is painted over and reported as UNREADABLE_TEXT, so that a policy may block it.

Measured on pages of our own, in five Latin fonts, with ten values of all kinds: all of 1,165 were covered with letters
of 14 pixels and more (on dark, faint, blurred, noisy, as JPEG, turned by 5, 30, 90, 180 and 270 degrees, ten times as
large), and 98, 97 and 92 % with letters of 13, 10 and 8 pixels. Photographs of paper were not measured.

What this cannot promise: text that detection does not see at all stays (very faint, under about 8 pixels high,
warped, or hidden between the lines of a drawing), a value misread into something harmless stays, and so do faces,
signatures, bar codes and QR codes, none of which is looked for.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from guard.backends.ocr import REMEDY, Pixels, find_models, reader
from guard.backends.ocr_boxes import Corners
from guard.backends.ocr_lines import LEAST_CONFIDENCE, rows_of
from guard.backends.ocr_readings import Find, Finder, boxes_of, found_in
from guard.errors import ConfigError, RequestError, TooLargeError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "LEAST_CONFIDENCE",
    "UNREADABLE",
    "Find",
    "Finder",
    "find_models",
    "media_type",
    "read_image",
    "redact_image",
]

FORMATS = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff", "WEBP": b"RIFF", "GIF": b"GIF8", "BMP": b"BM"}
UNREADABLE = "UNREADABLE_TEXT"
MOST_PIXELS = 16_000_000


def redact_image(
    data: bytes, find: Finder, *, least_confidence: float = LEAST_CONFIDENCE
) -> tuple[bytes, tuple[Find, ...]]:
    """The picture with black boxes over whatever `find` finds in its text, without metadata, of the same size.

    It is PNG, or JPEG where it came as JPEG (`media_type` tells). `find` gets texts and returns the spans that may not
    leave of each. Lines read with less than `least_confidence`, 0 to 1, are painted over as a whole.

    Raises RequestError for what is no picture, TooLargeError, RecognizerError (also from `find`), ConfigError.
    """
    image, kind = _opened(data)
    eyes = reader()
    lines = eyes.lines(_pixels(image))
    finds, parts = found_in(lines, find)
    for number, line in enumerate(lines):
        if line.confidence < least_confidence:
            finds.append(Find(UNREADABLE, "ocr", round(1 - line.confidence, 3), number + 1, line.confidence))
            parts[number] = [(0, len(line.text))]
    _paint(
        image, [box for number, ranges in parts.items() for box in boxes_of(lines[number], ranges, least_confidence)]
    )
    # A character may stand elsewhere than estimated: read again what was painted.
    touched = [lines[number] for number in parts if lines[number].confidence >= least_confidence]
    again = eyes.again(_pixels(image), touched)
    spans = find([line.text for line in again])
    _paint(image, [line.whole() for line, found in zip(again, spans, strict=True) if found])
    return _encoded(image, kind), tuple(sorted(finds, key=lambda item: (item.line, item.entity)))


def read_image(data: bytes, *, longest_side: int = 0) -> tuple[str, float]:
    """The text of a picture, row by row, and the confidence of its least sure line; 1 where there is no text.

    With `longest_side` a larger picture is read as if it were that small. Raises what `redact_image` raises.
    """
    image, _ = _opened(data)
    if longest_side and max(image.size) > longest_side:
        image.thumbnail((longest_side, longest_side))
    lines = reader().lines(_pixels(image))
    text = "\n".join(" ".join(lines[number].text for number in row) for row in rows_of(lines))
    return text, min((line.confidence for line in lines), default=1.0)


def media_type(data: bytes) -> str:
    """The MIME type of a picture by its first bytes; empty where they are those of no format that is read."""
    for name, magic in FORMATS.items():
        if data.startswith(magic) and (name != "WEBP" or data[8:12] == b"WEBP"):
            return f"image/{name.lower()}"
    return ""


def _opened(data: bytes) -> tuple[Image, str]:
    """The first frame as plain upright RGB, and the format to answer in. Raises RequestError, TooLargeError."""
    decoder = _pillow()
    try:
        with decoder.open(io.BytesIO(data), formats=tuple(FORMATS)) as image:
            pixels = image.width * image.height
            if pixels <= MOST_PIXELS:
                return _plain(image), "JPEG" if image.format in {"JPEG", "MPO"} else "PNG"
    except (decoder.DecompressionBombError, decoder.DecompressionBombWarning):
        pixels = MOST_PIXELS + 1
    except Exception:  # noqa: BLE001  a decoder may raise anything
        pixels = 0
    # Outside the handlers, so that the decoder's error does not hang on it: its message may hold a part of the file.
    if pixels > MOST_PIXELS:
        raise TooLargeError(f"A picture has more than {MOST_PIXELS // 1_000_000} million pixels. Send a smaller one.")
    raise RequestError("A picture cannot be decoded. Send it as PNG, JPEG, WEBP, GIF or BMP.")


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise ConfigError(f"Pillow, which decodes pictures, is not installed. {REMEDY}") from error
    logging.getLogger("PIL").setLevel(logging.CRITICAL + 1)  # at DEBUG it logs what stands in EXIF
    return Image


def _plain(image: Image) -> Image:
    """Its pixels alone: upright, and on white or black where it is transparent, whichever its own colours are not."""
    from PIL import Image, ImageOps, ImageStat

    image.seek(0)
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):  # sixteen bits: the upper eight
        upright = Image.fromarray((np.asarray(upright).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if upright.has_transparency_data:
        clear = upright.convert("RGBA")
        visible = ImageStat.Stat(clear.convert("L"), mask=clear.getchannel("A").point(lambda alpha: alpha and 255))
        dark = not visible.count[0] or visible.mean[0] < 128
        ground = Image.new("RGBA", clear.size, "white" if dark else "black")
        upright = Image.alpha_composite(ground, clear)
    rgb = upright.convert("RGB")
    return Image.frombytes("RGB", rgb.size, rgb.tobytes())  # what hung on the file does not come along


def _pixels(image: Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _paint(image: Image, boxes: Iterable[Corners]) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)
    for corners in boxes:
        draw.polygon([(float(x), float(y)) for x, y in corners], fill=(0, 0, 0))


def _encoded(image: Image, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "JPEG":
        image.save(out, "JPEG", quality=95, subsampling=0)
    else:
        image.save(out, "PNG")
    return out.getvalue()
