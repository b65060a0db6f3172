"""Boxes on the map: west, south, east and north in degrees (WGS 84), and the places that have one.

A box whose west is greater than its east crosses the 180th meridian (RFC 7946, section 5.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parvis.catalogue.finding.snapshot import Snapshot

PLACES_MAX = 200


@dataclass(frozen=True)
class Box:
    """A box in degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Place:
    """A territory that datasets name, and the box that is usual among them."""

    name: str
    box: Box


def read_box(sides: Sequence[str]) -> Box:
    """Return a box from its four sides. Raises ValueError, in words, when they make none."""
    if len(sides) != 4:
        raise ValueError("four numbers are expected: west,south,east,north")
    try:
        west, south, east, north = (float(side) for side in sides)
    except ValueError:
        raise ValueError("four numbers are expected: west,south,east,north") from None
    if not (-180 <= west <= 180 and -180 <= east <= 180):
        raise ValueError("west and east lie between -180 and 180")
    if not -90 <= south <= north <= 90:
        raise ValueError("south and north lie between -90 and 90, south first")
    return Box(west, south, east, north)


def touching(snapshot: Snapshot, box: Box) -> np.ndarray:
    """Return the mask of the rows whose box has a point in common with this one."""
    west, south, east, north = snapshot.arrays.box
    high = (south <= box.north) & (north >= box.south)  # false wherever there is no box
    wide = west <= east
    if box.west <= box.east:
        # A crossing box reaches from its west to 180 and from -180 to its east.
        across = np.where(
            wide, (west <= box.east) & (east >= box.west), (west <= box.east) | (east >= box.west)
        )
    else:
        across = np.where(wide, (west <= box.east) | (east >= box.west), True)
    return high & across


def places(snapshot: Snapshot, visible: np.ndarray) -> list[Place]:
    """Return the territories that visible datasets name and place, those named most, by name.

    The box of each is the median of theirs, side by side: one wrong box changes nothing.
    """
    boxed = visible & ~np.isnan(snapshot.arrays.box[0])
    column = snapshot.column("+place")
    counts = column.counts(boxed)
    kept = np.argsort(-counts, kind="stable")[:PLACES_MAX]
    kept = kept[counts[kept] > 0]
    rows, codes = column.rows[boxed[column.rows]], column.codes[boxed[column.rows]]
    order = np.argsort(codes, kind="stable")
    rows, codes = rows[order], codes[order]
    found = []
    for code in kept:
        start, end = np.searchsorted(codes, [code, code + 1])
        sides = np.median(snapshot.arrays.box[:, rows[start:end]], axis=1)
        found.append(Place(column.values[code], Box(*(float(side) for side in sides))))
    return sorted(found, key=lambda place: place.name)
