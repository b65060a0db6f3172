"""Makes the land and borders that lie under maps: parvis/catalogue/viewing/land.json.gz.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python tools/land.py package

The source is Natural Earth (public domain), as world-atlas (ISC) hands it out in TopoJSON. Run it
again only for another edition or another region near: what it writes is in the repository.
"""

import gzip
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from shapely import affinity, geometry, make_valid
from shapely.geometry.base import BaseGeometry

OUT = Path(__file__).parents[1] / "parvis/catalogue/viewing/land.json.gz"
NEAR = (-83.0, 39.0, -50.0, 64.0)
# (source, box, tolerance in degrees, smallest area in square degrees, units by degree)
LAYERS = {
    "world": ("50m", (-180.0, -90.0, 180.0, 90.0), 0.05, 0.02, 100),
    "near": ("10m", NEAR, 0.004, 0.0003, 1000),
}


def arcs_of(topology: dict[str, Any]) -> list[list[tuple[float, float]]]:
    """Return the arcs in degrees (TopoJSON 1.0, section 2.1.3)."""
    (kx, ky), (x0, y0) = topology["transform"]["scale"], topology["transform"]["translate"]
    found = []
    for arc in topology["arcs"]:
        x = y = 0
        places = []
        for dx, dy, *_more in arc:
            x, y = x + dx, y + dy
            places.append((x * kx + x0, y * ky + y0))
        found.append(places)
    return found


def polygons(shape: dict[str, Any]) -> list[list[list[int]]]:
    """Return the polygons of a geometry as lists of rings of arcs."""
    if shape["type"] == "GeometryCollection":
        return [one for part in shape["geometries"] for one in polygons(part)]
    return shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]


def ring(arcs: list[list[tuple[float, float]]], numbers: list[int]) -> list[tuple[float, float]]:
    """Return one ring of arcs, those turned round that are negative."""
    places: list[tuple[float, float]] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        places += arc if not places else arc[1:]
    return places


def unwrapped(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a line without the leap from 180° to -180°: it goes on past the edge of the map."""
    found, turn, before = [], 0.0, None
    for x, y in places:
        if before is not None and abs(x - before) > 180:
            turn += 360.0 if x < before else -360.0
        before = x
        found.append((x + turn, y))
    return found


def closed(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a ring; one that goes round the Earth is closed through the South Pole."""
    found = unwrapped(places)
    if len(found) > 3 and abs(found[0][0] - found[-1][0]) > 180:
        found += [(found[-1][0], -90.0), (found[0][0], -90.0), found[0]]
    return found


def pieces(shape: BaseGeometry, window: BaseGeometry) -> list[BaseGeometry]:
    """Return the parts of a shape in the window, those past the edges brought back."""
    found = [affinity.translate(shape, turn).intersection(window) for turn in (0.0, -360.0, 360.0)]
    return [one for one in found if not one.is_empty]


def lines_of(shape: BaseGeometry, kind: str) -> list[list[tuple[float, float]]]:
    """Return the lines (borders) or rings (land) of what is left of a shape."""
    parts = getattr(shape, "geoms", [shape])
    found: list[list[tuple[float, float]]] = []
    for part in parts:
        if part.geom_type == "Polygon" and kind == "land":
            found += [list(part.exterior.coords), *(list(r.coords) for r in part.interiors)]
        elif part.geom_type == "LineString" and kind == "borders":
            found.append(list(part.coords))
        elif hasattr(part, "geoms"):
            found += lines_of(part, kind)
    return found


def packed(lines: list[list[tuple[float, float]]], units: int) -> list[list[int]]:
    """Return lines as steps of whole units: x, y, dx, dy, dx, dy…"""
    found = []
    for line in lines:
        steps, before = [], (0, 0)
        for x, y in line:
            here = round(x * units), round(y * units)
            if not steps or here != before:
                steps += [here[0] - before[0], here[1] - before[1]]
                before = here
        if len(steps) >= 4:
            found.append(steps)
    return found


def layer(folder: Path, scale: str, box: Any, near: float, least: float, units: int) -> Any:
    """Return land and borders of one edition within a box."""
    window = geometry.box(*box)
    topology = json.loads((folder / f"countries-{scale}.json").read_text())
    arcs = arcs_of(topology)
    land = []
    for rings in polygons(topology["objects"]["land"]):
        outer, *holes = [one for n in rings if len(one := closed(ring(arcs, n))) > 3] or [[]]
        if not outer:
            continue  # A speck that the quantisation of the source made a line.
        for shape in pieces(make_valid(geometry.Polygon(outer, holes)), window):
            if shape.area >= least:
                land += lines_of(shape.simplify(near), "land")
    uses: Counter[int] = Counter()
    for shape in topology["objects"]["countries"]["geometries"]:
        if shape["type"]:
            uses.update(n if n >= 0 else ~n for p in polygons(shape) for r in p for n in r)
    borders = []
    for number, count in uses.items():
        if count > 1 and len(arcs[number]) > 1:
            for line in pieces(geometry.LineString(unwrapped(arcs[number])), window):
                borders += lines_of(line.simplify(near), "borders")
    return {
        "box": box, "units": units, "land": packed(land, units), "borders": packed(borders, units)
    }  # fmt: skip


def main() -> None:
    """Write the file."""
    folder = Path(sys.argv[1])
    layers = {name: layer(folder, *said) for name, said in LAYERS.items()}
    text = json.dumps(layers, separators=(",", ":")).encode()
    OUT.write_bytes(gzip.compress(text, 9, mtime=0))
    points = {n: sum(map(len, one["land"])) // 2 for n, one in layers.items()}
    sys.stdout.write(f"{OUT}: {OUT.stat().st_size:,} bytes, points {points}\n")


if __name__ == "__main__":
    main()
