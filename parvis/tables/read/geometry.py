"""GeoJSON geometries as well-known text (OGC 06-103r4, RFC 7946)."""

from typing import Any

COLUMN = "geometry_wkt"
_DEPTH = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}


def feature(value: Any) -> Any:
    """The properties of a GeoJSON feature with its geometry as text in one more column.

    The feature's own id is kept when no property is called so. What is no feature comes back as it
    is.
    """
    if not isinstance(value, dict) or not isinstance(value.get("properties"), dict | None):
        return value
    row = dict(value.get("properties") or {})
    if "id" in value:
        row.setdefault("id", value["id"])
    name = COLUMN
    while name in row:
        name += "_"
    shape = value.get("geometry")
    # A geometry that breaks the standard is kept as it was written.
    row[name] = shape if shape is None else wkt(shape) or shape
    return row


def wkt(shape: Any) -> str:
    """A GeoJSON geometry as well-known text; empty if it is none."""
    if not isinstance(shape, dict):
        return ""
    kind = shape.get("type")
    if kind == "GeometryCollection":
        parts = [wkt(part) for part in shape.get("geometries") or []]
        if not all(parts):
            return ""
        return f"GEOMETRYCOLLECTION ({', '.join(parts)})" if parts else "GEOMETRYCOLLECTION EMPTY"
    if kind not in _DEPTH:
        return ""
    try:
        places, text = _coordinates(shape.get("coordinates"), _DEPTH[kind])
    except (TypeError, ValueError):
        return ""
    name = kind.upper() + (" Z" if places == 3 else "")
    if not text:
        return f"{kind.upper()} EMPTY"
    return f"{name} {text}" if _DEPTH[kind] else f"{name} ({text})"


def _coordinates(value: Any, depth: int) -> tuple[int, str]:
    """How many numbers a position has, and the text."""
    if not isinstance(value, list):
        raise TypeError
    if depth == 0:
        if not value:
            return 2, ""
        numbers = value[:3]  # RFC 7946: more than three have no meaning
        if len(numbers) < 2 or any(isinstance(n, bool | list | dict) for n in numbers):
            raise ValueError
        return len(numbers), " ".join(str(n) for n in numbers)
    parts = [_coordinates(part, depth - 1) for part in value]
    if not parts:
        return 2, ""
    if len({places for places, _ in parts}) != 1:
        raise ValueError
    return parts[0][0], "(" + ", ".join(text for _, text in parts) + ")"
