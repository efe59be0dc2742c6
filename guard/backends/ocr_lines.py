"""Lines of text in a picture: where each is and what it says, and how they stand to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from guard.backends.ocr_boxes import Corners, sides

LEAST_CONFIDENCE = 0.85  # under it a line counts as not read


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
        return sides(self.corners)[1]

    @property
    def width(self) -> float:
        """From its beginning to its end, in pixels."""
        return sides(self.corners)[0]

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


def rows_of(lines: Sequence[Line]) -> list[list[int]]:
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


def lines_below(lines: Sequence[Line]) -> dict[int, int]:
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
