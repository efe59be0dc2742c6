"""Reading lines of text with PP-OCRv6 small: detection, then recognition (see guard.backends.images)."""

from __future__ import annotations

import importlib.util
import math
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import ParamSpec, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from guard.backends.ocr_boxes import Corners, Floats, components, sides, window, within
from guard.backends.ocr_lines import LEAST_CONFIDENCE, Line, rows_of
from guard.errors import ConfigError, GuardError, RecognizerError, TooLargeError

Asked = ParamSpec("Asked")
Result = TypeVar("Result")
Pixels: TypeAlias = NDArray[np.uint8]  # (height, width, 3), blue first, as the models were trained

MOST_LINES = 1_500
MOST_SECONDS = 60.0

_PACKAGE = "rapidocr"
_FILES = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx")
REMEDY = "Install guard with its extra 'files' and run `guard models install`."

_TILE, _OVERLAP = 1280, 96  # pixels that detection sees at once, and what it sees on each side and does not judge
_COARSE = 960  # the longer side of the second look, which finds letters too large for the first
_HEIGHT, _WIDTH = 48, 320  # of a line as recognition reads it; a shorter one is padded to this width
_MOST_WIDTH = 4800
_SURE = 0.9  # from here on a line is not read once more upside down
_NEAR = 29  # of the 48 pixels of a line: ink farther than this from every character read is ink that was not read


@cache
def reader() -> Reader:
    """The reader of this process, loaded once. Raises ConfigError."""
    return Reader(find_models())


def find_models() -> Path:
    """The folder of the models' files, found without importing their package. Raises ConfigError."""
    spec = importlib.util.find_spec(_PACKAGE)
    folder = Path(next(iter(spec.submodule_search_locations or ()), "")) / "models" if spec else Path()
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise ConfigError(f"the models that read pictures (package rapidocr) lack {', '.join(missing)}. {REMEDY}")
    return folder


class Reader:
    """Finds and reads lines of text. One picture at a time, however many threads ask: each needs 300 MB for a while."""

    def __init__(self, folder: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ConfigError(f"onnxruntime, which runs the models, is not installed. {REMEDY}") from error
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
        return [lines[number] for row in rows_of(lines) for number in row]

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
            across, down = sides(box)
            inside = [line for line in lines if within(line.corners.mean(axis=0), box)]
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
        return [np.clip(box / zoom, 0, pixels.shape[1::-1]) for box in components(ink)]

    def _ink(self, tile: Pixels) -> Floats:
        height, width = tile.shape[:2]
        padded = np.pad(tile, ((0, -height % 32), (0, -width % 32), (0, 0)), mode="edge")
        ink: Floats = self._detect.run(None, {self._detect.get_inputs()[0].name: _normal(padded)})[0]
        return ink[0, 0, :height, :width]

    # Recognition: the characters of one box, with the place of each (CTC, best path).

    def _line(self, pixels: Pixels, box: Corners, deadline: float) -> Line:
        """The line in `box`, read in the direction in which it reads best."""
        _in_time(deadline)
        across, down = sides(box)
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
        confidence = sure * share_read(strip, [c for c, char in zip(centres, text, strict=True) if char != " "])
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

    across, down = sides(corners)
    width = min(max(math.ceil(_HEIGHT * across / max(down, 1.0)), 8), _MOST_WIDTH)
    near_by = window(np.array([corners.min(axis=0) - 2, corners.max(axis=0) + 2]))
    near = Image.fromarray(np.ascontiguousarray(pixels[near_by]))
    quad = (corners - [near_by[1].start, near_by[0].start])[[0, 3, 2, 1]].ravel()
    if down > 2 * _HEIGHT:  # large letters: smaller in two steps, so that thin strokes are not skipped
        scale = _HEIGHT / down
        near = near.resize((max(1, round(near.width * scale)), max(1, round(near.height * scale))))
        quad = quad * scale
    strip = near.transform((width, _HEIGHT), Image.Transform.QUAD, quad.tolist(), Image.Resampling.BICUBIC)
    return np.asarray(strip)


def share_read(strip: Pixels, centres: Sequence[float]) -> float:
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
