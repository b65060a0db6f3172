"""A map of the rows that match, drawn here: degrees, points gathered by cell, lines and areas.

Plate carrée, with degrees of longitude shortened as they are in the middle of the map. No picture
comes from elsewhere: what lies under the points is a graticule, with its degrees written.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.catalogue import store
from parvis.catalogue.loading import in_words
from parvis.catalogue.viewing.asked import Asked, Wrong
from parvis.core.templatetags.parvis import number
from parvis.tables import figures
from parvis.tables.errors import TableError
from parvis.tables.read.geometry import COLUMN

WIDTH, HEIGHT_MIN, HEIGHT_MAX = 480, 160, 480
CELL = 48
SHAPES_MAX, SHAPE_CHARACTERS, DRAWN_CHARACTERS = 300, 200_000, 45_000
SHAPE_ROWS_MAX = 50_000
"""Places written as text take half a second by 50,000 rows; columns of degrees, 0.1 by million."""
WORLD = (-180.0, -90.0, 180.0, 90.0)
KM_BY_DEGREE = 111.32
_LATITUDE = frozenset({"lat", "latitude", "lat_dd", "latitude_dd", "y_lat", "point_y"})
_LONGITUDE = frozenset({"lon", "long", "lng", "longitude", "long_dd", "longitude_dd", "point_x"})
_RING = re.compile(r"\(([^()]+)\)")
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Place:
    """Where a table says places are: two columns of degrees, or one of well-known text."""

    longitude: str
    latitude: str
    shape: str = ""

    @property
    def sql(self) -> tuple[str, str]:
        """SQL of longitude and latitude."""
        if self.shape:
            return figures.point_of_wkt(self.shape)
        return figures.numbers(self.longitude, self.latitude)


@dataclass(frozen=True)
class Cluster:
    """Rows close to each other: where, how many, the address of the map of their cell."""

    rows: int
    longitude: str
    latitude: str
    x: str
    y: str
    radius: str
    link: str


@dataclass(frozen=True)
class Line:
    """A meridian or parallel: its path, its degrees, where they are written."""

    path: str
    words: str
    x: str
    y: str


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
    path, query = store.store().path(file), asked.base
    if place.shape and store.store().count(file, replace(query, sort=())) > SHAPE_ROWS_MAX:
        words = _("The map of a GeoJSON file takes 50,000 rows at most: add a condition.")
        asked.wrong.append(Wrong(words, asked.link()))
        return None
    texts: list[tuple[int, str]] = []
    total = 0
    if place.shape:
        texts, total = figures.shapes(
            path, file.schema, place.shape, query,
            limit=SHAPES_MAX, characters_max=SHAPE_CHARACTERS,
        )  # fmt: skip
    shapes = [(row, text, _rings(text)) for row, text in texts]
    span = figures.span(path, file.schema, place.sql, query, WORLD)
    seen = box or _around(_union(span.box, [ring for _r, _t, rings in shapes for ring in rings]))
    if seen is None:
        return None
    view = View(seen)
    size = (WIDTH // CELL, max(1, view.height // CELL))
    found = figures.grid(
        path, file.schema, place.sql, query, size=size, box=seen, world=WORLD, within=span
    )
    areas = _areas(view, shapes)
    points = sum(cell.rows for cell in found.cells)
    return Map(
        view.height,
        [_cluster(asked, view, cell, size) for cell in found.cells],
        _graticule(view),
        areas,
        total,
        points + found.outside + found.without,
        points,
        found.outside,
        found.without - total,
        ",".join(f"{one:g}" for one in seen) if box else "",
        asked.link(),
        asked.link(box=_text(_wider(seen))) if box else "",
        *_scale(view),
    )


@dataclass(frozen=True)
class View:
    """From degrees to the drawing."""

    box: Box

    @property
    def height(self) -> int:
        """Height for a width of `WIDTH`, within bounds."""
        _west, south, _east, north = self.box
        return round(min(HEIGHT_MAX, max(HEIGHT_MIN, WIDTH * (north - south) / self._across)))

    @property
    def _across(self) -> float:
        west, south, east, north = self.box
        return (east - west) * max(0.05, math.cos(math.radians((south + north) / 2)))

    def x(self, longitude: float) -> float:
        """Units from the left."""
        return WIDTH * (longitude - self.box[0]) / (self.box[2] - self.box[0])

    def y(self, latitude: float) -> float:
        """Units from the top."""
        return self.height * (self.box[3] - latitude) / (self.box[3] - self.box[1])

    @property
    def kilometres(self) -> float:
        """Width of the map in kilometres, in its middle."""
        return self._across * KM_BY_DEGREE


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


def _cluster(asked: Asked, view: View, cell: figures.Cell, size: tuple[int, int]) -> Cluster:
    west, south, east, north = view.box
    wide, high = (east - west) / size[0], (north - south) / size[1]
    left, low = west + cell.column * wide, south + cell.line * high
    # A step further in, until cells are some metres wide: what lies there lies in one place.
    near = (left, low, left + wide, low + high) if wide > 0.0001 else view.box
    radius = min(22.0, 13 + 2.2 * math.log10(max(cell.rows, 1)) ** 1.5)
    return Cluster(
        cell.rows, degrees(cell.x, "EO" if _french() else "EW"), degrees(cell.y, "NS"),
        f"{min(WIDTH - 14.0, max(14.0, view.x(cell.x))):.1f}",
        f"{min(view.height - 14.0, max(14.0, view.y(cell.y))):.1f}",
        f"{radius:.1f}", asked.link(box=_text(near)),
    )  # fmt: skip


def _french() -> bool:
    return (get_language() or "fr").startswith("fr")


def degrees(value: float, letters: str) -> str:
    """Degrees in words: 46.81° N."""
    letter = letters[0] if value > 0 else letters[1] if value < 0 else ""
    return f"{number(round(abs(value), 4), 4)}° {letter}".strip()


def _graticule(view: View) -> list[Line]:
    west, south, east, north = view.box
    lines: list[Line] = []
    for low, high, letters in ((west, east, "EO" if _french() else "EW"), (south, north, "NS")):
        step = _step((high - low) / 4)
        k = math.ceil(low / step)
        while k * step <= high and len(lines) < 40:
            value = round(k * step, 8)
            k += 1
            if letters == "NS":
                y = view.y(value)
                lines.append(Line(f"M0 {y:.1f}H{WIDTH}", degrees(value, letters), "4", f"{y:.1f}"))
            else:
                x = view.x(value)
                words, foot = degrees(value, letters), f"{view.height - 5}"
                lines.append(Line(f"M{x:.1f} 0V{view.height}", words, f"{x:.1f}", foot))
    return lines


def _step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= raw * 0.999)


def _scale(view: View) -> tuple[str, str]:
    """The width of a round length in the drawing, and that length in words."""
    raw = view.kilometres / 4
    power = 10.0 ** math.floor(math.log10(raw))
    length = max(m * power for m in (1.0, 2.0, 5.0) if m * power <= raw * 1.001)
    words = f"{number(length)} km" if length >= 1 else f"{number(length * 1000)} m"
    return f"{WIDTH * length / view.kilometres:.1f}", words


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
    for coarse in (1, 2, 4, 8, 16, 32):
        found = []
        for row, text, rings in shapes:
            filled = "POLYGON" in text[:20]
            path = "".join(_path(view, ring, coarse, filled) for ring in rings)
            if path:
                found.append((row, path, filled))
        if sum(len(path) for _row, path, _filled in found) <= DRAWN_CHARACTERS:
            return found
    return []


def _path(view: View, ring: list[tuple[float, float]], coarse: int, filled: bool) -> str:
    """A ring on a lattice of `coarse` units; empty when it lies beyond the map."""
    far = 4 * WIDTH
    places: list[tuple[int, int]] = []
    for longitude, latitude in ring:
        x = round(min(far, max(-far, view.x(longitude))) / coarse) * coarse
        y = round(min(far, max(-far, view.y(latitude))) / coarse) * coarse
        if not places or places[-1] != (x, y):
            places.append((x, y))
    xs, ys = [x for x, _y in places], [y for _x, y in places]
    if max(xs) < 0 or min(xs) > WIDTH or max(ys) < 0 or min(ys) > view.height:
        return ""
    if len(places) == 1:
        places.append((places[0][0] + 1, places[0][1]))
    text = "L".join(f"{x} {y}" for x, y in places)
    return f"M{text}{'Z' if filled else ''}"
