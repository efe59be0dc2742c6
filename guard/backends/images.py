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

import importlib.util
import io
import logging
import math
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from guard.errors import ConfigError, GuardError, RecognizerError, RequestError, TooLargeError
from guard.types import Span

if TYPE_CHECKING:
    from PIL.Image import Image

Asked = ParamSpec("Asked")
Result = TypeVar("Result")
Finder: TypeAlias = Callable[[Sequence[str]], Sequence[Sequence[Span]]]
Pixels: TypeAlias = NDArray[np.uint8]  # (height, width, 3), blue first, as the models were trained
Corners: TypeAlias = NDArray[np.float64]  # (4, 2): x and y of a line's corners, clockwise, from where it begins
Floats: TypeAlias = NDArray[np.float32]

FORMATS = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff", "WEBP": b"RIFF", "GIF": b"GIF8", "BMP": b"BM"}
UNREADABLE = "UNREADABLE_TEXT"
MOST_PIXELS = 16_000_000
MOST_LINES = 1_500
MOST_SECONDS = 60.0
LEAST_CONFIDENCE = 0.85  # under it a line counts as not read

_PACKAGE = "rapidocr"
_FILES = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx")
_REMEDY = "Install guard with its extra 'files' and run `guard models install`."

_TILE, _OVERLAP = 1280, 96  # pixels that detection sees at once, and what it sees on each side and does not judge
_COARSE = 960  # the longer side of the second look, which finds letters too large for the first
_INK, _BOX_SCORE, _GROW = 0.3, 0.5, 1.6  # as the models' authors set them
_HEIGHT, _WIDTH = 48, 320  # of a line as recognition reads it; a shorter one is padded to this width
_MOST_WIDTH = 4800
_SURE = 0.9  # from here on a line is not read once more upside down
_NEAR = 29  # of the 48 pixels of a line: ink farther than this from every character read is ink that was not read

# What recognition takes for a digit among digits.
_DIGITS = str.maketrans("OoQDIl|!ZSsB", "000011112558")
_GAP = re.compile(r"(?<=[\d-]) (?=[\d-])|(?<=[@.]) (?=\w)|(?<=\w) (?=[@.])")  # space that may not be there
_GLUED = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class Find:
    """Something that was painted over: in which line (from 1, top to bottom), and how sure the reading of it was.

    `value` is for a keyed hash in the log and is not shown; of an UNREADABLE_TEXT it is empty, and the score says how
    unsure the reading was.
    """

    entity: str
    recognizer: str
    score: float
    line: int
    confidence: float
    value: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in a picture. `centres` says for each character where along the line it is, 0 to 1."""

    text: str
    centres: tuple[float, ...]
    confidence: float
    corners: Corners

    @property
    def height(self) -> float:
        """From its upper to its lower edge, in pixels."""
        return _sides(self.corners)[1]

    @property
    def width(self) -> float:
        """From its beginning to its end, in pixels."""
        return _sides(self.corners)[0]

    def part(self, start: int, end: int) -> Corners:
        """The corners of characters `start` to `end`, widened, since where a character ends is only estimated."""
        margin = 0.35 * self.height / max(self.width, 1.0)
        left = (self.centres[start - 1] + self.centres[start]) / 2 if start else 0.0
        right = (self.centres[end - 1] + self.centres[end]) / 2 if end < len(self.text) else 1.0
        return self._between(max(left - margin, -margin), min(right + margin, 1 + margin))

    def whole(self) -> Corners:
        """The corners of the whole line, widened."""
        margin = 0.35 * self.height / max(self.width, 1.0)
        return self._between(-margin, 1 + margin)

    def _between(self, left: float, right: float) -> Corners:
        """From `left` to `right` along the line, a little higher and lower than it."""
        top, bottom = self.corners[[0, 1]], self.corners[[3, 2]]
        rise = (bottom - top) * 0.12
        ends = np.array([[1 - left, left], [1 - right, right]])
        upper, lower = ends @ (top - rise), ends @ (bottom + rise)
        return np.array([upper[0], upper[1], lower[1], lower[0]])


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text made of lines or parts of them; `origins` says of each character the line and place it comes from."""

    text: str
    origins: tuple[tuple[int, int] | None, ...]


# --------------------------------------------------------------------------------------------------- the two functions


def redact_image(
    data: bytes, find: Finder, *, least_confidence: float = LEAST_CONFIDENCE
) -> tuple[bytes, tuple[Find, ...]]:
    """The picture with black boxes over whatever `find` finds in its text, without metadata, of the same size.

    It is PNG, or JPEG where it came as JPEG (`media_type` tells). `find` gets texts and returns the spans that may not
    leave of each. Lines read with less than `least_confidence`, 0 to 1, are painted over as a whole.

    Raises RequestError for what is no picture, TooLargeError, RecognizerError (also from `find`), ConfigError.
    """
    image, kind = _opened(data)
    reader = _reader()
    lines = reader.lines(_pixels(image))
    finds, parts = _found(lines, find)
    for number, line in enumerate(lines):
        if line.confidence < least_confidence:
            finds.append(Find(UNREADABLE, "ocr", round(1 - line.confidence, 3), number + 1, line.confidence))
            parts[number] = [(0, len(line.text))]
    _paint(image, [box for number, ranges in parts.items() for box in _boxes(lines[number], ranges, least_confidence)])
    # A character may stand elsewhere than estimated: read again what was painted.
    touched = [lines[number] for number in parts if lines[number].confidence >= least_confidence]
    again = reader.again(_pixels(image), touched)
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
    lines = _reader().lines(_pixels(image))
    text = "\n".join(" ".join(lines[number].text for number in row) for row in _rows(lines))
    return text, min((line.confidence for line in lines), default=1.0)


def media_type(data: bytes) -> str:
    """The MIME type of a picture by its first bytes; empty where they are those of no format that is read."""
    for name, magic in FORMATS.items():
        if data.startswith(magic) and (name != "WEBP" or data[8:12] == b"WEBP"):
            return f"image/{name.lower()}"
    return ""


# ------------------------------------------------------------------------------------------------- pictures and pixels


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
        raise ConfigError(f"Pillow, which decodes pictures, is not installed. {_REMEDY}") from error
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


# ----------------------------------------------------------------------------------------- from lines to what is found


def _found(lines: Sequence[Line], find: Finder) -> tuple[list[Find], dict[int, list[tuple[int, int]]]]:
    """What `find` finds in the lines, and for each line with a find the (start, end) characters to paint."""
    readings = list(dict.fromkeys(_readings(lines)))
    if not readings:
        return [], {}
    hits: list[tuple[Span, dict[int, list[int]], str]] = []
    for reading, spans in zip(readings, find([reading.text for reading in readings]), strict=True):
        for span in spans:
            places: dict[int, list[int]] = {}
            for origin in reading.origins[span.start : span.end]:
                if origin:
                    places.setdefault(origin[0], []).append(origin[1])
            if places:
                hits.append((span, places, reading.text[span.start : span.end]))
    finds: list[Find] = []
    covered: dict[int, set[int]] = {}
    hits.sort(key=lambda hit: (-hit[0].score, -sum(map(len, hit[1].values()))))
    for span, places, value in hits:
        if any(set(chars) - covered.get(number, set()) for number, chars in places.items()):
            confidence = min(lines[number].confidence for number in places)
            finds.append(Find(span.entity, span.recognizer, span.score, min(places) + 1, confidence, value))
        for number, chars in places.items():
            covered.setdefault(number, set()).update(chars)
    return finds, {number: list(_ranges(chars)) for number, chars in covered.items()}


def _ranges(chars: set[int]) -> Iterator[tuple[int, int]]:
    start = last = -2
    for char in sorted(chars):
        if char != last + 1:
            if last >= 0:
                yield start, last + 1
            start = char
        last = char
    yield start, last + 1


def _boxes(line: Line, ranges: Sequence[tuple[int, int]], least: float) -> list[Corners]:
    """What to paint of a line: the characters found, or all of it where its reading is in doubt."""
    if line.confidence < max(least, LEAST_CONFIDENCE) or not line.text:
        return [line.whole()]
    return [line.part(start, end) for start, end in ranges]


def _readings(lines: Sequence[Line]) -> Iterator[_Reading]:
    """The texts in which a value may stand: lines, rows, the whole, and lines with what stands below them."""
    rows = _rows(lines)
    below = _below(lines)
    whole = [(number, "\n" if place == len(row) - 1 else " ") for row in rows for place, number in enumerate(row)]
    for parts in [whole, *([(number, " ") for number in row] for row in rows)]:
        reading = _joined(lines, parts)
        yield from (reading, _tight(reading), _tight(_with_digits(reading)), _apart(_tight(reading)))
    chains = [_chain(below, number) for number in range(len(lines)) if number not in below.values()]
    joined = [[(number, " ") for number in chain] for chain in chains if len(chain) > 2]
    joined += [[(a, glue), (b, "")] for a, b in below.items() for glue in ("", " ")]
    joined += [[(number, "")] for row in rows if len(row) > 1 for number in row]
    for parts in joined:
        yield from (_joined(lines, parts), _tight(_joined(lines, parts)))


def _joined(lines: Sequence[Line], parts: Sequence[tuple[int, str]]) -> _Reading:
    """Lines, each followed by what joins it to the next."""
    text: list[str] = []
    origins: list[tuple[int, int] | None] = []
    for number, glue in parts:
        text += [lines[number].text, glue]
        origins += [(number, place) for place in range(len(lines[number].text))]
        origins += [None] * len(glue)
    return _Reading("".join(text), tuple(origins))


def _with_digits(reading: _Reading) -> _Reading:
    """Letters that look like digits as digits, in words that are digits for the most part."""
    words = reading.text.split(" ")
    for index, word in enumerate(words):
        if sum(char.isdigit() for char in word) * 2 >= len(word) > 1:
            words[index] = word.translate(_DIGITS)
    return _Reading(" ".join(words), reading.origins)


def _tight(reading: _Reading) -> _Reading:
    """Without the space that recognition may see inside of numbers and of mail addresses."""
    gaps = {match.start() for match in _GAP.finditer(reading.text)}
    kept = [place for place in range(len(reading.text)) if place not in gaps]
    return _Reading("".join(reading.text[i] for i in kept), tuple(reading.origins[i] for i in kept))


def _apart(reading: _Reading) -> _Reading:
    """With the space between letters and digits that recognition may not have seen."""
    text: list[str] = []
    origins: list[tuple[int, int] | None] = []
    last = 0
    for match in _GLUED.finditer(reading.text):
        text += [reading.text[last : match.start()], " "]
        origins += [*reading.origins[last : match.start()], None]
        last = match.start()
    return _Reading("".join([*text, reading.text[last:]]), (*origins, *reading.origins[last:]))


def _rows(lines: Sequence[Line]) -> list[list[int]]:
    """The lines in rows from top to bottom, each from left to right."""
    centre = [line.corners.mean(axis=0) for line in lines]
    rows: list[list[int]] = []
    for number in sorted(range(len(lines)), key=lambda n: (float(centre[n][1]), float(centre[n][0]))):
        row = rows[-1] if rows else None
        if row and centre[number][1] - centre[row[0]][1] < 0.5 * min(lines[row[0]].height, lines[number].height):
            row.append(number)
        else:
            rows.append([number])
    return [sorted(row, key=lambda n: float(centre[n][0])) for row in rows]


def _below(lines: Sequence[Line]) -> dict[int, int]:
    """For each line the nearest one that stands below it, no farther than two blank lines."""
    left = np.array([line.corners[:, 0].min() for line in lines])
    right = np.array([line.corners[:, 0].max() for line in lines])
    level = np.array([line.corners[:, 1].mean() for line in lines])
    found: dict[int, int] = {}
    for number, line in enumerate(lines):
        fall = level - level[number]
        shared = np.minimum(right, right[number]) - np.maximum(left, left[number])
        near = np.flatnonzero((fall > 0.5 * line.height) & (fall < 3 * line.height) & (shared > 0))
        if len(near):
            found[number] = int(near[fall[near].argmin()])
    return found


def _chain(below: dict[int, int], start: int) -> list[int]:
    chain = [start]
    while chain[-1] in below:
        chain.append(below[chain[-1]])
    return chain


# ------------------------------------------------------------------------------------------------------- reading lines


@cache
def _reader() -> Reader:
    return Reader(find_models())


def find_models() -> Path:
    """The folder of the models' files, found without importing their package. Raises ConfigError."""
    spec = importlib.util.find_spec(_PACKAGE)
    folder = Path(next(iter(spec.submodule_search_locations or ()), "")) / "models" if spec else Path()
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise ConfigError(f"the models that read pictures (package rapidocr) lack {', '.join(missing)}. {_REMEDY}")
    return folder


class Reader:
    """Finds and reads lines of text. One picture at a time, however many threads ask: each needs 300 MB for a while."""

    def __init__(self, folder: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ConfigError(f"onnxruntime, which runs the models, is not installed. {_REMEDY}") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # its memory would be kept for good
        options.log_severity_level = 4
        self._detect, self._recognize = (
            onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
            for name in _FILES
        )
        characters = self._recognize.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters = ("", *characters, " ")
        self._lock = threading.Lock()

    def lines(self, pixels: Pixels) -> list[Line]:
        """The lines of text, row by row. Raises RecognizerError, TooLargeError."""
        with self._lock:
            deadline = time.monotonic() + MOST_SECONDS
            lines = _attempt(self._all, pixels, deadline)
        return [lines[number] for row in _rows(lines) for number in row]

    def again(self, pixels: Pixels, lines: Sequence[Line]) -> list[Line]:
        """What stands now where `lines` were."""
        with self._lock:
            return [_attempt(self._read, pixels, line.corners) for line in lines]

    # Detection: a map of where ink of letters is (Differentiable Binarization, arXiv 1911.08947), then boxes around it.

    def _all(self, pixels: Pixels, deadline: float) -> list[Line]:
        """The lines that are seen in the picture at its own size, and in a small copy of it, for large letters."""
        longer = max(pixels.shape[:2])
        boxes = self._boxes(pixels, 2.0 if longer <= _COARSE // 2 else 1.0, deadline)
        if len(boxes) > MOST_LINES:
            raise TooLargeError(f"A picture has more than {MOST_LINES} lines of text. Send a part of it.")
        lines = [self._line(pixels, box, deadline) for box in boxes]
        for box in self._boxes(pixels, _COARSE / longer, deadline) if longer > 1.5 * _COARSE else ():
            across, down = _sides(box)
            inside = [line for line in lines if _within(line.corners.mean(axis=0), box)]
            parts = [line for line in inside if line.height > 0.5 * down]
            if any(line.width > 0.8 * across for line in parts):
                continue  # it was seen before
            line = self._line(pixels, box, deadline)
            if not inside or line.confidence >= LEAST_CONFIDENCE:  # else it may be many small lines in one box
                lines = [other for other in lines if all(other is not part for part in parts)] + [line]
        return lines

    def _boxes(self, pixels: Pixels, zoom: float, deadline: float) -> list[Corners]:
        scaled = _scaled(pixels, zoom)
        ink = np.zeros(scaled.shape[:2], dtype=np.float32)
        step = _TILE - 2 * _OVERLAP
        for top in range(0, scaled.shape[0], step):
            for left in range(0, scaled.shape[1], step):
                _in_time(deadline)
                y, x = max(0, top - _OVERLAP), max(0, left - _OVERLAP)
                tile = self._ink(scaled[y : y + _TILE, x : x + _TILE])
                ink[top : top + step, left : left + step] = tile[top - y : top - y + step, left - x : left - x + step]
        return [np.clip(box / zoom, 0, pixels.shape[1::-1]) for box in _components(ink)]

    def _ink(self, tile: Pixels) -> Floats:
        height, width = tile.shape[:2]
        padded = np.pad(tile, ((0, -height % 32), (0, -width % 32), (0, 0)), mode="edge")
        ink: Floats = self._detect.run(None, {self._detect.get_inputs()[0].name: _normal(padded)})[0]
        return ink[0, 0, :height, :width]

    # Recognition: the characters of one box, with the place of each (CTC, best path).

    def _line(self, pixels: Pixels, box: Corners, deadline: float) -> Line:
        """The line in `box`, read in the direction in which it reads best."""
        _in_time(deadline)
        across, down = _sides(box)
        turns = (0, 2) if down < 1.5 * across else (1, 3, 0)
        best: Line | None = None
        for turn in turns:
            line = self._read(pixels, np.roll(box, -turn, axis=0))
            if best is None or line.confidence > best.confidence:
                best = line
            if best.confidence >= _SURE and turn in {0, 2}:
                break
        return best or self._read(pixels, box)

    def _read(self, pixels: Pixels, corners: Corners) -> Line:
        strip = _strip(pixels, corners)
        used = strip.shape[1]
        padded = np.zeros((1, 3, _HEIGHT, max(used, _WIDTH)), dtype=np.float32)
        padded[..., :used] = _normal(strip)
        scores: Floats = self._recognize.run(None, {self._recognize.get_inputs()[0].name: padded})[0][0]
        best = scores.argmax(axis=1)
        new = np.append(True, best[1:] != best[:-1]) & (best != 0)
        places = np.flatnonzero(new)
        text = "".join(self._characters[index] for index in best[places])
        centres = (places + 0.5) * (padded.shape[3] / len(best))
        sure = float(scores.max(axis=1)[places].mean()) if len(places) else 0.0
        confidence = sure * _share_read(strip, [c for c, char in zip(centres, text, strict=True) if char != " "])
        return Line(text, tuple(np.minimum(centres / used, 1.0).tolist()), round(confidence, 3), corners)


def _attempt(work: Callable[Asked, Result], *args: Asked.args, **named: Asked.kwargs) -> Result:
    try:
        return work(*args, **named)
    except GuardError:
        raise
    except Exception as error:  # noqa: BLE001  whatever the runtime raises means: not read
        failure = type(error).__name__
    raise RecognizerError(f"The text of a picture could not be read ({failure}).")


def _in_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TooLargeError(f"A picture takes more than {MOST_SECONDS:.0f} s to read. Send a smaller one.")


def _normal(pixels: Pixels) -> Floats:
    """As the models want them: (1, 3, height, width), from -1 to 1."""
    scaled: Floats = pixels.transpose(2, 0, 1)[np.newaxis].astype(np.float32) / 127.5 - 1
    return scaled


def _scaled(pixels: Pixels, zoom: float) -> Pixels:
    from PIL import Image

    if zoom == 1.0:
        return pixels
    size = (max(1, round(pixels.shape[1] * zoom)), max(1, round(pixels.shape[0] * zoom)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def _strip(pixels: Pixels, corners: Corners) -> Pixels:
    """The box as an upright strip of the height that recognition reads."""
    from PIL import Image

    across, down = _sides(corners)
    width = min(max(math.ceil(_HEIGHT * across / max(down, 1.0)), 8), _MOST_WIDTH)
    window = _window(np.array([corners.min(axis=0) - 2, corners.max(axis=0) + 2]))
    near = Image.fromarray(np.ascontiguousarray(pixels[window]))
    quad = (corners - [window[1].start, window[0].start])[[0, 3, 2, 1]].ravel()
    if down > 2 * _HEIGHT:  # large letters: smaller in two steps, so that thin strokes are not skipped
        scale = _HEIGHT / down
        near = near.resize((max(1, round(near.width * scale)), max(1, round(near.height * scale))))
        quad = quad * scale
    strip = near.transform((width, _HEIGHT), Image.Transform.QUAD, quad.tolist(), Image.Resampling.BICUBIC)
    return np.asarray(strip)


def _sides(corners: Corners) -> tuple[float, float]:
    """How wide and how high a box is, in the direction in which it is read."""
    return float(np.linalg.norm(corners[1] - corners[0])), float(np.linalg.norm(corners[3] - corners[0]))


def _within(point: NDArray[np.float64], box: Corners) -> bool:
    return bool((box.min(axis=0) <= point).all() and (point <= box.max(axis=0)).all())


def _window(points: NDArray[Any]) -> tuple[slice, slice]:
    """The rows and columns around points, from 0 on."""
    left, top = (max(0, math.floor(value)) for value in points.min(axis=0))
    right, bottom = (math.ceil(value) for value in points.max(axis=0))
    return slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))


def _share_read(strip: Pixels, centres: Sequence[float]) -> float:
    """How much of the ink in a strip is near a character that was read, 0 to 1; three letters in a long line count.

    A column has ink where a few pixels differ from the ground: an underline alone is none.
    """
    grey = strip[4:-4].mean(axis=2)
    contrast = np.abs(grey - np.median(grey))
    inked = np.flatnonzero((contrast > 0.4 * max(float(contrast.max()), 30.0)).sum(axis=0) >= 4)
    if not len(inked):
        return 1.0
    far = np.abs(inked[:, np.newaxis] - np.asarray([*centres, -np.inf])).min(axis=1) > _NEAR
    return max(0.0, 1 - float(far.sum()) / min(len(inked), 4 * _HEIGHT))


def _components(ink: Floats) -> list[Corners]:
    """Boxes around the connected parts of a map of ink, grown back to the letters' full height."""
    edges = np.diff(np.pad(ink > _INK, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    group = _groups(rows, starts, ends, ink.shape[1] + 2)
    order = np.argsort(group, kind="stable")
    boxes = []
    for runs in np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else []:
        if len(runs) < 3 or _mean(ink, rows[runs], starts[runs], ends[runs]) < _BOX_SCORE:
            continue
        y = rows[runs].astype(np.float64)
        xs = np.concatenate([starts[runs], ends[runs], starts[runs], ends[runs]])
        box = _rectangle(np.stack([xs, np.concatenate([y, y, y + 1, y + 1])], axis=1))
        across, down = _sides(box)
        if min(across, down) >= 3:
            boxes.append(_grown(box, _GROW * across * down / (2 * (across + down))))
    return boxes


def _groups(rows: NDArray[Any], starts: NDArray[Any], ends: NDArray[Any], width: int) -> NDArray[Any]:
    """For each run of ink the first run of those that it is connected with, also diagonally."""
    parent = list(range(len(rows)))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    first = np.searchsorted(rows * width + ends, (rows + 1) * width + starts, side="left")
    beyond = np.searchsorted(rows * width + starts, (rows + 1) * width + ends, side="right")
    for run, (low, high) in enumerate(zip(first.tolist(), beyond.tolist(), strict=True)):
        for other in range(low, high):
            a, b = root(run), root(other)
            parent[max(a, b)] = min(a, b)
    return np.array([root(run) for run in range(len(rows))])


def _mean(ink: Floats, rows: NDArray[Any], starts: NDArray[Any], ends: NDArray[Any]) -> float:
    pieces = [ink[row, start:end] for row, start, end in zip(rows, starts, ends, strict=True)]
    return float(np.concatenate(pieces).mean())


def _rectangle(points: NDArray[np.float64]) -> Corners:
    """The smallest rectangle around points, turned as needed; its first corner is the upper left one."""
    hull = _hull(points)
    edges = np.roll(hull, -1, axis=0) - hull
    along = edges / np.linalg.norm(edges, axis=1, keepdims=True)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    u, v = hull @ along.T, hull @ across.T
    best = int(((u.max(axis=0) - u.min(axis=0)) * (v.max(axis=0) - v.min(axis=0))).argmin())
    lows, highs = (u.min(axis=0)[best], v.min(axis=0)[best]), (u.max(axis=0)[best], v.max(axis=0)[best])
    axes = np.stack([along[best], across[best]])
    corners = np.array([lows, (highs[0], lows[1]), highs, (lows[0], highs[1])]) @ axes
    # The side that runs to the right comes first, then clockwise.
    turn = int(np.argmax([(corners[(i + 1) % 4] - corners[i])[0] for i in range(4)]))
    return np.roll(corners, -turn, axis=0)


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The convex hull (Andrew's monotone chain)."""
    ordered = sorted(set(map(tuple, points.tolist())))
    half: list[list[tuple[float, ...]]] = []
    for sequence in (ordered, ordered[::-1]):
        chain: list[tuple[float, ...]] = []
        for x, y in sequence:
            while len(chain) > 1 and _left(chain[-2], chain[-1], x, y) <= 0:
                chain.pop()
            chain.append((x, y))
        half.append(chain[:-1])
    return np.array(half[0] + half[1])


def _left(a: tuple[float, ...], b: tuple[float, ...], x: float, y: float) -> float:
    return (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])


def _grown(box: Corners, by: float) -> Corners:
    across, down = box[1] - box[0], box[3] - box[0]
    u, v = across / np.linalg.norm(across) * by, down / np.linalg.norm(down) * by
    return np.array([box[0] - u - v, box[1] + u - v, box[2] + u + v, box[3] - u + v])
