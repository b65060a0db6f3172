"""The sheet that a map is drawn on: from degrees to units, land, borders, towns, degrees, scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import get_language

from parvis.catalogue.viewing import gathering, land
from parvis.core.templatetags.parvis import number

WIDTH, HEIGHT_MIN, HEIGHT_MAX = 480, 160, 480
KM_BY_DEGREE = 111.32
LAND_CHARACTERS = 16_000
TOWNS_MAX = 6
TOWNS_DEGREES_MAX = 60.0
LETTER = 14.0
"""Width of a letter where the map is smallest, on a telephone; elsewhere there is more room."""
Room = tuple[float, float, float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Line:
    """A meridian or parallel: its path, its degrees, where they are written."""

    path: str
    words: str
    x: str
    y: str
    anchor: str = "start"


@dataclass(frozen=True)
class Town:
    """A name to see where one is: where it is, on which side of its place it is written."""

    name: str
    x: str
    y: str
    anchor: str
    text_x: str


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


def french() -> bool:
    return (get_language() or "fr").startswith("fr")


def degrees(value: float, letters: str) -> str:
    """Degrees in words: 46.81° N."""
    letter = letters[0] if value > 0 else letters[1] if value < 0 else ""
    return f"{number(round(abs(value), 4), 4)}°\u00a0{letter}".strip()


def rooms_of(circles: Sequence[gathering.Circle]) -> list[Room]:
    """What circles take of the sheet: nothing is written there."""
    return [
        (c.x - c.radius, c.y - c.radius, c.x + c.radius, c.y + c.radius) for c in circles
    ]  # fmt: skip


def _free(room: Room, taken: Sequence[Room]) -> bool:
    return not any(
        room[0] < b[2] and room[2] > b[0] and room[1] < b[3] and room[3] > b[1] for b in taken
    )


def graticule(view: View, taken: list[Room]) -> list[Line]:
    """Meridians and parallels, their degrees where there is room; `taken` grows by them."""
    west, south, east, north = view.box
    lines: list[Line] = []
    for low, high, letters in ((west, east, "EO" if french() else "EW"), (south, north, "NS")):
        step = _step((high - low) / 3)
        k = math.ceil(low / step)
        while k * step <= high and len(lines) < 40:
            value = round(k * step, 8)
            k += 1
            words = degrees(value, letters)
            wide = LETTER * len(words)
            if letters == "NS":
                y, x, anchor = view.y(value), 5.0, "start"
                # Written above its line, but for one at the very top.
                at = y - 5 if y > 28 else y + 24
                drawn = f"M0 {y:.1f}H{WIDTH}"
            else:
                x, at = view.x(value), view.height - 6.0
                drawn = f"M{x:.1f} 0V{view.height}"
                # Written towards the middle, so that no edge cuts it.
                x, anchor = (x - 4, "end") if x > WIDTH * 0.7 else (x + 4, "start")
            left = x - wide if anchor == "end" else x
            room = (left, at - 20, left + wide, at + 4)
            if _free(room, taken):
                taken.append(room)
            else:
                words = ""
            lines.append(Line(drawn, words, f"{x:.1f}", f"{at:.1f}", anchor))
    return lines


def _step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= raw * 0.999)


def scale(view: View) -> tuple[str, str]:
    """The width of a round length in the drawing, and that length in words."""
    raw = view.kilometres / 4
    power = 10.0 ** math.floor(math.log10(raw))
    length = max(m * power for m in (1.0, 2.0, 5.0) if m * power <= raw * 1.001)
    words = f"{number(length)} km" if length >= 1 else f"{number(length * 1000)} m"
    return f"{WIDTH * length / view.kilometres:.1f}", words


def under(view: View) -> tuple[str, str]:
    """The paths of land and borders, coarser until they fit in the page."""
    layer = land.layer_for(view.box)
    west, south, east, north = view.box
    # Beyond the edge, so that the outline of what is cut does not show.
    x, y = (east - west) / 50, (north - south) / 50
    room = (west - x, south - y, east + x, north + y)
    rings = [land.clipped(one.points, room) for one in land.touching(layer.land, room)]
    borders = [one.points for one in land.touching(layer.borders, room)]
    lines = [run for points in borders for run in land.runs(points, room)]
    paths = ("", "")
    for coarse in (1, 2, 3, 4, 6, 8, 12, 16):
        paths = (
            "".join(steps(view, ring, coarse, closed=True) for ring in rings),
            "".join(steps(view, line, coarse, closed=False) for line in lines),
        )
        if sum(map(len, paths)) <= LAND_CHARACTERS:
            break
    return paths


def steps(view: View, line: Sequence[tuple[float, float]], coarse: int, *, closed: bool) -> str:
    """A ring or line as steps of whole units, none shorter than `coarse`; empty for a speck."""
    places: list[tuple[int, int]] = []
    for longitude, latitude in line:
        here = round(view.x(longitude)), round(view.y(latitude))
        if not places or max(abs(here[0] - places[-1][0]), abs(here[1] - places[-1][1])) >= coarse:
            places.append(here)
    if closed and places and places[0] == places[-1]:
        places.pop()
    if len(places) < (3 if closed else 2):
        return ""
    (x, y), rest = places[0], places[1:]
    said = [f"M{x} {y}l"]
    for here in rest:
        said.append(f"{here[0] - x} {here[1] - y}")
        x, y = here
    return said[0] + " ".join(said[1:]).replace(" -", "-") + ("z" if closed else "")


def towns(view: View, taken: list[Room]) -> list[Town]:
    """Names of towns where there is room: not under a circle, nor on other words."""
    west, south, east, north = view.box
    found: list[Town] = []
    if east - west > TOWNS_DEGREES_MAX:
        return found
    for name, longitude, latitude in land.TOWNS:
        if not (west < longitude < east and south < latitude < north) or len(found) == TOWNS_MAX:
            continue
        x, y = view.x(longitude), view.y(latitude)
        wide = LETTER * len(name)
        right = x + 8 + wide < WIDTH
        left = x + 6 if right else x - 6 - wide
        room = (min(left, x - 4), y - 14, max(left + wide, x + 4), y + 10)
        if room[0] > 0 and 20 < y < view.height - 20 and _free(room, taken):
            taken.append(room)
            at = f"{x + 7:.1f}" if right else f"{x - 7:.1f}"
            found.append(Town(name, f"{x:.1f}", f"{y:.1f}", "start" if right else "end", at))
    return found


def short(rows: int) -> str:
    """A number that fits in a circle: 812, 2.6k, 26k, 1.2M."""
    for unit, sign in ((1_000_000, "M"), (1_000, "k")):
        # What rounds to a thousand thousands is a million.
        if rows >= unit * 0.9995 and rows >= 1_000:
            part = rows / unit
            return f"{number(round(part, 1) if part < 9.95 else round(part), 1)}{sign}"
    return str(rows)


def path(view: View, ring: Sequence[tuple[float, float]], coarse: int, filled: bool) -> str:
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
