"""A map of the rows that match, drawn here: points gathered by cell, lines and areas, over land.

Plate carrée, with degrees of longitude shortened as they are in the middle of the map. No picture
comes from elsewhere: what lies under the points is our own land, borders and degrees.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from parvis.catalogue import store
from parvis.catalogue.loading import in_words
from parvis.catalogue.viewing import gathering, land
from parvis.catalogue.viewing.asked import Asked, Wrong
from parvis.catalogue.viewing.sheet import (
    HEIGHT_MIN,
    WIDTH,
    Box,
    Line,
    Town,
    View,
    degrees,
    french,
    graticule,
    path,
    rooms_of,
    scale,
    short,
    towns,
    under,
)  # fmt: skip
from parvis.tables import figures
from parvis.tables.errors import TableError
from parvis.tables.read.geometry import COLUMN

CELL = 48
SHAPES_MAX, SHAPE_CHARACTERS, DRAWN_CHARACTERS = 300, 200_000, 45_000
SHAPE_ROWS_MAX = 50_000
"""Beyond, lines and areas are gathered as points are, by their first corner, until few are left."""
WORLD = (-180.0, -90.0, 180.0, 90.0)
_LATITUDE = frozenset({"lat", "latitude", "lat_dd", "latitude_dd", "y_lat", "point_y"})
_LONGITUDE = frozenset({"lon", "long", "lng", "longitude", "long_dd", "longitude_dd", "point_x"})
_RING = re.compile(r"\(([^()]+)\)")


@dataclass(frozen=True)
class Place:
    """Where a table says places are: two columns of degrees, or one of well-known text."""

    longitude: str
    latitude: str
    shape: str = ""
    gathered: bool = False

    @property
    def sql(self) -> tuple[str, str]:
        """SQL of longitude and latitude."""
        if self.shape:
            return figures.point_of_wkt(self.shape, first=self.gathered)
        return figures.numbers(self.longitude, self.latitude)


@dataclass(frozen=True)
class Cluster:
    """Rows close to each other: where, how many, the address of the map of their cell."""

    rows: int
    short: str
    longitude: str
    latitude: str
    x: str
    y: str
    radius: str
    link: str


@dataclass(frozen=True)
class Map:
    """Points in clusters + areas + `outside` + `without` = `rows` that match."""

    height: int
    clusters: Sequence[Cluster]
    lines: Sequence[Line]
    areas: Sequence[tuple[int, str, bool]]
    areas_total: int
    rows: int
    points: int
    outside: int
    without: int
    box: str
    whole: str
    wider: str
    gathered: bool
    land: str
    borders: str
    towns: Sequence[Town]
    scale_width: str
    scale_words: str


def place_of(asked: Asked) -> Place | None:
    """Return where a version says places are: by names and by ranges, from its profile."""
    columns = asked.version.profile["columns"]
    for column in columns:
        if column["type"] == "text" and column["name"].rstrip("_") == COLUMN and column["filled"]:
            return Place("", "", column["name"])
    found: dict[str, str] = {}
    for column in columns:
        name = column["name"].strip().casefold().replace(" ", "_")
        kind = "lat" if name in _LATITUDE else "lon" if name in _LONGITUDE else ""
        most = 90 if kind == "lat" else 180
        if not kind or column["type"] not in ("integer", "number") or column["minimum"] is None:
            continue
        if -most <= column["minimum"] and column["maximum"] <= most:
            found.setdefault(kind, column["name"])
    return Place(found["lon"], found["lat"]) if len(found) == 2 else None


def read_box(text: str) -> Box | None:
    """Return west, south, east, north of an address. Raises ValueError with words."""
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west = south = east = north = math.nan
    inside = -180 <= west < east <= 180 and -90 <= south < north <= 90
    if not inside:
        raise ValueError(_("A box is west, south, east, north, in degrees, with commas."))
    return west, south, east, north


def draw(asked: Asked, box_text: str) -> Map | None:
    """Return the map; None where nothing has a place. What is wrong goes to `asked.wrong`."""
    try:
        box = read_box(box_text[:200])
    except ValueError as error:
        asked.wrong.append(Wrong(str(error), asked.link()))
    if asked.wrong:
        return None
    try:
        return _map(asked, box)
    except TableError as error:
        asked.wrong.append(Wrong(in_words(error.reason, error.params), asked.link(filter=[])))
        return None


def _map(asked: Asked, box: Box | None) -> Map | None:
    place, file = place_of(asked), store.stored(asked.version)
    if place is None:
        return None
    parquet, query = store.store().path(file), asked.base
    many = place.shape and store.store().count(file, replace(query, sort=())) > SHAPE_ROWS_MAX
    place = replace(place, gathered=bool(many))
    texts: list[tuple[int, str]] = []
    total = 0
    if place.shape and not many:
        texts, total = figures.shapes(
            parquet, file.schema, place.shape, query,
            limit=SHAPES_MAX, characters_max=SHAPE_CHARACTERS,
        )  # fmt: skip
    shapes = [(row, text, _rings(text)) for row, text in texts]
    seen = box
    if seen is None:
        span = figures.span(parquet, file.schema, place.sql, query, WORLD)
        seen = _around(_union(span.box, [ring for _r, _t, rings in shapes for ring in rings]))
    if seen is None:
        return None
    view = View(seen)
    size = (WIDTH // CELL, max(1, view.height // CELL))
    found = figures.grid(parquet, file.schema, place.sql, query, size=size, box=seen, world=WORLD)
    points = sum(cell.rows for cell in found.cells)
    if many and points <= SHAPES_MAX:
        texts, _total = figures.shapes(
            parquet, file.schema, place.shape, query,
            limit=SHAPES_MAX, characters_max=SHAPE_CHARACTERS, box=seen,
        )  # fmt: skip
        shapes = [(row, text, _rings(text)) for row, text in texts]
    circles = gathering.circles(found.cells, (WIDTH, view.height), view)
    taken = rooms_of(circles)
    return Map(
        view.height,
        [_cluster(asked, view, circle, size) for circle in circles],
        graticule(view, taken),
        _areas(view, shapes),
        total,
        points + found.outside + found.without,
        points,
        found.outside,
        found.without - total,
        ",".join(f"{one:g}" for one in seen) if box else "",
        asked.link(),
        asked.link(box=_text(_wider(seen))) if box else "",
        place.gathered,
        *under(view),
        towns(view, taken),
        *scale(view),
    )


def _union(box: Any, rings: Sequence[Sequence[tuple[float, float]]]) -> Box | None:
    xs = [x for ring in rings for x, _y in ring] + ([box[0], box[2]] if box else [])
    ys = [y for ring in rings for _x, y in ring] + ([box[1], box[3]] if box else [])
    return (min(xs), min(ys), max(xs), max(ys)) if xs else None


def _around(box: Box | None) -> Box | None:
    """The box with a margin, never thinner than some metres, as wide and as high as can be seen."""
    if box is None:
        return None
    west, south, east, north = box
    middle = (south + north) / 2
    cosine = max(0.05, math.cos(math.radians(middle)))
    across = max((east - west) * 1.1, 0.002, (north - south) * 1.1 / cosine)
    high = max((north - south) * 1.1, across * cosine * HEIGHT_MIN / WIDTH)
    x, half_x, half_y = (west + east) / 2, min(across, 360) / 2, min(high, 180) / 2
    return (
        max(-180.0, x - half_x), max(-90.0, middle - half_y),
        min(180.0, x + half_x), min(90.0, middle + half_y),
    )  # fmt: skip


def _wider(box: Box) -> Box:
    west, south, east, north = box
    across, high = (east - west) / 2, (north - south) / 2
    return (
        max(-180.0, west - across), max(-90.0, south - high),
        min(180.0, east + across), min(90.0, north + high),
    )  # fmt: skip


def _text(box: Box) -> str:
    return ",".join(f"{one:.6f}".rstrip("0").rstrip(".") for one in box)


def _cluster(asked: Asked, view: View, circle: gathering.Circle, size: tuple[int, int]) -> Cluster:
    west, south, east, north = view.box
    wide, high = (east - west) / size[0], (north - south) / size[1]
    near = (
        west + circle.left * wide, south + circle.low * high,
        west + (circle.right + 1) * wide, south + (circle.high + 1) * high,
    )  # fmt: skip
    # A step further in, until cells are some metres wide: what lies there lies in one place.
    return Cluster(
        circle.rows, short(circle.rows), degrees(circle.longitude, "EO" if french() else "EW"),
        degrees(circle.latitude, "NS"), f"{circle.x:.1f}", f"{circle.y:.1f}",
        f"{circle.radius:.1f}", asked.link(box=_text(near if wide > 0.0001 else view.box)),
    )  # fmt: skip


def _rings(text: str) -> list[list[tuple[float, float]]]:
    """The lines of a well-known text; what is no number, or not on Earth, is left out."""
    rings = []
    for part in _RING.findall(text):
        ring = []
        for pair in part.split(","):
            cells = pair.split()
            try:
                x, y = float(cells[0]), float(cells[1])
            except (ValueError, IndexError):
                continue
            if -180 <= x <= 180 and -90 <= y <= 90:
                ring.append((x, y))
        if ring:
            rings.append(ring)
    return rings


def _areas(
    view: View, shapes: Sequence[tuple[int, str, list[list[tuple[float, float]]]]]
) -> list[tuple[int, str, bool]]:
    """Paths of (row, path, whether it is filled), coarser until all of them fit in the page."""
    west, south, east, north = view.box
    x, y = (east - west) / 50, (north - south) / 50
    room = (west - x, south - y, east + x, north + y)
    cut = []
    for row, text, rings in shapes:
        filled = "POLYGON" in text[:20]
        parts = [
            part
            for ring in rings
            for part in ([land.clipped(ring, room)] if filled else land.runs(ring, room))
            if part
        ]
        cut.append((row, filled, parts))
    for coarse in (1, 2, 4, 8, 16, 32):
        found = []
        for row, filled, rings in cut:
            drawn = "".join(path(view, ring, coarse, filled) for ring in rings)
            if drawn:
                found.append((row, drawn, filled))
        if sum(len(drawn) for _row, drawn, _filled in found) <= DRAWN_CHARACTERS:
            return found
    return []
