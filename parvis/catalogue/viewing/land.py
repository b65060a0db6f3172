"""The land and the borders under a map: our own file, made by `tools/land.py`.

Natural Earth (public domain): the whole world for wide maps, finer where this platform serves.
"""

import gzip
import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Point = tuple[float, float]
Box = tuple[float, float, float, float]
NEAR_DEGREES_MAX = 30.0
"""Wider than that, the finer layer shows nothing more and costs ten times as much."""
_FILE = Path(__file__).with_name("land.json.gz")
TOWNS: tuple[tuple[str, float, float], ...] = (
    ("Montréal", -73.57, 45.50), ("Québec", -71.21, 46.81), ("Gatineau", -75.70, 45.48),
    ("Saguenay", -71.07, 48.43), ("Sherbrooke", -71.89, 45.40), ("Trois-Rivières", -72.54, 46.34),
    ("Rimouski", -68.52, 48.45), ("Rouyn-Noranda", -79.02, 48.24), ("Sept-Îles", -66.38, 50.21),
    ("Gaspé", -64.48, 48.83), ("Chibougamau", -74.37, 49.91), ("Kuujjuaq", -68.40, 58.10),
    ("Baie-Comeau", -68.15, 49.22), ("Val-d’Or", -77.78, 48.10), ("Rivière-du-Loup", -69.53, 47.83),
    ("Drummondville", -72.48, 45.88), ("Toronto", -79.38, 43.65), ("Halifax", -63.57, 44.65),
)  # fmt: skip
"""Names that help to see where one is, those to be written first first."""


@dataclass(frozen=True)
class Line:
    """A ring of land or a border, and the box that it lies in."""

    box: Box
    points: Sequence[Point]


@dataclass(frozen=True)
class Layer:
    """Land and borders of one fineness."""

    box: Box
    land: Sequence[Line]
    borders: Sequence[Line]


def _line(steps: Sequence[int], units: int) -> Line:
    x = y = 0
    points = []
    for place in range(0, len(steps), 2):
        x, y = x + steps[place], y + steps[place + 1]
        points.append((x / units, y / units))
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return Line((min(xs), min(ys), max(xs), max(ys)), points)


@cache
def _file() -> dict[str, Any]:
    return dict(json.loads(gzip.decompress(_FILE.read_bytes())))


@cache
def layer(name: str) -> Layer:
    """Return the layer `world` or `near`; it is read once, when the first map is drawn."""
    said = _file()[name]
    west, south, east, north = said["box"]
    return Layer(
        (west, south, east, north),
        [_line(steps, said["units"]) for steps in said["land"]],
        [_line(steps, said["units"]) for steps in said["borders"]],
    )


def layer_for(box: Box) -> Layer:
    """Return the layer to draw under a map of `box`."""
    near = layer("near")
    inside = (
        near.box[0] <= box[0] and near.box[1] <= box[1]
        and box[2] <= near.box[2] and box[3] <= near.box[3]
    )  # fmt: skip
    return near if inside and box[2] - box[0] <= NEAR_DEGREES_MAX else layer("world")


def touching(lines: Iterable[Line], box: Box) -> list[Line]:
    """Return the lines whose box touches `box`."""
    west, south, east, north = box
    return [
        one
        for one in lines
        if one.box[0] <= east and one.box[2] >= west and one.box[1] <= north and one.box[3] >= south
    ]


def clipped(ring: Sequence[Point], box: Box) -> list[Point]:
    """Return the part of a ring that is in `box`, as one ring (Sutherland and Hodgman, 1974)."""
    west, south, east, north = box
    points = list(ring)
    for axis, limit, keeps_less in ((0, west, False), (0, east, True), (1, south, False),
                                    (1, north, True)):  # fmt: skip
        kept: list[Point] = []
        for place, here in enumerate(points):
            before = points[place - 1]
            inside = here[axis] <= limit if keeps_less else here[axis] >= limit
            was = before[axis] <= limit if keeps_less else before[axis] >= limit
            if inside != was:
                part = (limit - before[axis]) / (here[axis] - before[axis])
                kept.append(
                    (
                        before[0] + part * (here[0] - before[0]),
                        before[1] + part * (here[1] - before[1]),
                    )
                )
            if inside:
                kept.append(here)
        points = kept
        if not points:
            return []
    return points


def runs(line: Sequence[Point], box: Box) -> list[list[Point]]:
    """Return the stretches of a line that touch `box`, by whole segments; a point alone stays."""
    west, south, east, north = box
    if len(line) == 1:
        (x, y) = line[0]
        return [[line[0]]] if west <= x <= east and south <= y <= north else []
    found: list[list[Point]] = []
    going = False
    for (x0, y0), (x1, y1) in itertools.pairwise(line):
        touches = (
            min(x0, x1) <= east and max(x0, x1) >= west
            and min(y0, y1) <= north and max(y0, y1) >= south
        )  # fmt: skip
        if touches and not going:
            found.append([(x0, y0)])
        if touches:
            found[-1].append((x1, y1))
        going = touches
    return found
