"""Boxes around the ink of letters: connected parts of a map of ink, and the smallest rectangle around each."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Corners: TypeAlias = NDArray[np.float64]  # (4, 2): x and y of a line's corners, clockwise, from where it begins
Floats: TypeAlias = NDArray[np.float32]

_INK, _BOX_SCORE, _GROW = 0.3, 0.5, 1.6  # as the models' authors set them


def sides(corners: Corners) -> tuple[float, float]:
    """How wide and how high a box is, in the direction in which it is read."""
    return float(np.linalg.norm(corners[1] - corners[0])), float(np.linalg.norm(corners[3] - corners[0]))


def within(point: NDArray[np.float64], box: Corners) -> bool:
    """Whether a point is in the upright rectangle around a box."""
    return bool((box.min(axis=0) <= point).all() and (point <= box.max(axis=0)).all())


def window(points: NDArray[Any]) -> tuple[slice, slice]:
    """The rows and columns around points, from 0 on."""
    left, top = (max(0, math.floor(value)) for value in points.min(axis=0))
    right, bottom = (math.ceil(value) for value in points.max(axis=0))
    return slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))


def components(ink: Floats) -> list[Corners]:
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
        box = rectangle(np.stack([xs, np.concatenate([y, y, y + 1, y + 1])], axis=1))
        across, down = sides(box)
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


def rectangle(points: NDArray[np.float64]) -> Corners:
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
