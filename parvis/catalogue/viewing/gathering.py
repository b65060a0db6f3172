"""Circles of a map that do not lie on each other: neighbours that would are gathered in one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from parvis.tables.figures import Cell

RADIUS_MIN, RADIUS_MAX = 13.0, 22.0
GAP = 2.0
ROUNDS = 30


@dataclass(frozen=True)
class Circle:
    """Rows near each other: from which cells, where (units of the drawing), how large."""

    rows: int
    left: int
    low: int
    right: int
    high: int
    longitude: float
    latitude: float
    x: float
    y: float
    radius: float


def radius_of(rows: int) -> float:
    """Larger for more rows, never so large that two cells cannot hold two circles."""
    return min(RADIUS_MAX, RADIUS_MIN + 2.2 * math.log10(max(rows, 1)) ** 1.5)


def circles(cells: Sequence[Cell], size: tuple[float, float], view: object) -> list[Circle]:
    """Return the circles of the cells of a grid on a drawing of `size`, none on another.

    `view` has `x(longitude)` and `y(latitude)`. A circle takes in neighbours of its own cell only,
    so that the map of what it holds is always a closer one.
    """
    rest = [_circle(cell, view) for cell in sorted(cells, key=lambda one: -one.rows)]
    found: list[Circle] = []
    while rest:
        host, rest = rest[0], rest[1:]
        centre = (host.left, host.low)
        while True:
            taken = next(
                (one for one in rest if _beside(one, centre) and _overlap(host, one)), None
            )
            if taken is None:
                break
            rest.remove(taken)
            host = _joined(host, taken, view)
        found.append(host)
    return _apart([_inside(one, size) for one in found], size)


def _circle(cell: Cell, view: object) -> Circle:
    return Circle(
        cell.rows, cell.column, cell.line, cell.column, cell.line, cell.x, cell.y,
        view.x(cell.x), view.y(cell.y), radius_of(cell.rows),  # type: ignore[attr-defined]
    )  # fmt: skip


def _beside(one: Circle, centre: tuple[int, int]) -> bool:
    return abs(one.left - centre[0]) <= 1 and abs(one.low - centre[1]) <= 1


def _overlap(a: Circle, b: Circle) -> bool:
    return math.hypot(a.x - b.x, a.y - b.y) < a.radius + b.radius + GAP


def _joined(a: Circle, b: Circle, view: object) -> Circle:
    rows = a.rows + b.rows
    longitude = (a.longitude * a.rows + b.longitude * b.rows) / rows
    latitude = (a.latitude * a.rows + b.latitude * b.rows) / rows
    return Circle(
        rows, min(a.left, b.left), min(a.low, b.low), max(a.right, b.right), max(a.high, b.high),
        longitude, latitude,
        view.x(longitude), view.y(latitude), radius_of(rows),  # type: ignore[attr-defined]
    )  # fmt: skip


def _inside(one: Circle, size: tuple[float, float]) -> Circle:
    room = one.radius + GAP
    return replace(
        one,
        x=min(size[0] - room, max(room, one.x)),
        y=min(size[1] - room, max(room, one.y)),
    )


def _apart(found: list[Circle], size: tuple[float, float]) -> list[Circle]:
    """Push apart, by a few units, circles that still touch: the smaller of two moves more."""
    for _round in range(ROUNDS):
        moved = False
        for a in range(len(found)):
            for b in range(a + 1, len(found)):
                one, two = found[a], found[b]
                far = math.hypot(two.x - one.x, two.y - one.y)
                lacks = one.radius + two.radius + GAP - far
                if lacks <= 0.01:
                    continue
                moved = True
                dx, dy = ((two.x - one.x) / far, (two.y - one.y) / far) if far else (1.0, 0.0)
                share = two.rows / (one.rows + two.rows)
                found[a] = _moved(one, -dx * lacks * share, -dy * lacks * share, size)
                found[b] = _moved(two, dx * lacks * (1 - share), dy * lacks * (1 - share), size)
        if not moved:
            break
    return found


def _moved(one: Circle, dx: float, dy: float, size: tuple[float, float]) -> Circle:
    return _inside(replace(one, x=one.x + dx, y=one.y + dy), size)
