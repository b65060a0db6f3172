"""Données Québec's eight rules of conformity, looked for in the cells of a version.

Source of the rules and of their keys: `profile.json`. People download our CSV (UTF-8, commas, ISO
dates, decimal points), so each rule has two answers: of the file as it came, and of what is
offered. What no program may change (a date that could be two, "n. d." for nothing) stays as it was
written, and is said with its rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from parvis.tables import engine
from parvis.tables.engine import quoted

RULES = 1
"""The edition of these rules: checks of another edition are made again."""
ROWS_SHOWN = 5
YES, NO, NONE = "oui", "non", "n/a"
KEYS: Mapping[str, str] = {
    "separator": "relidi_confic_separateur_virgule",
    "utf8": "relidi_confic_utf8",
    "epsg": "relidi_confic_epsg",
    "compression": "relidi_confic_pascom",
    "unknown": "relidi_condon_valinc",
    "dates": "relidi_condon_datheu",
    "numbers": "relidi_condon_nombre",
    "booleans": "relidi_condon_boolee",
}
UNKNOWN = (
    "n/a", "na", "#n/a", "nd", "n.d.", "n.d", "n. d.", "n/d", "null", "none", "nan", "nil",
    "inconnu", "inconnue", "unknown", "non disponible", "non déterminé", "indéterminé",
    "sans objet", "s.o.", "s/o", "-", "--", "---", "?", "??", "(vide)", "vide", "missing", "tbd",
)  # fmt: skip
_BAD_NUMBERS = (-999, -9999, -99999, -999999)
_HIGH_NUMBERS = (9999, 99999, 999999, 9999999, 99999999)
_BAD_DAYS = ("1900-01-01", "1899-12-30", "1899-12-31", "9999-12-31", "2999-12-31")
_MONTHS = (
    "janv|févr|fevr|mars|avr|mai|juin|juil|août|aout|sept|oct|nov|déc|dec|jan|feb|mar|apr|may|jun"
    "|jul|aug|sep"
)
_DATE = (
    r"\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d{2})([ T]\d{1,2}[:h]\d{2}.*)?|\d{4}[/.]\d{1,2}[/.]\d{1,2}.*"
    rf"|\d{{1,2}}(er)? ?(?i:{_MONTHS})\w*\.? ?\d{{4}}|\d{{1,2}} ?[hH] ?\d{{2}}"
)
_NUMBER = (
    "[-−]?\\d{1,3}([ \u00a0\u202f]\\d{3})*,\\d+|[-−]?\\d{1,3}(,\\d{3})+(\\.\\d+)?"
    "|[-−]?\\d[\\d \u00a0\u202f.,]*[ \u00a0\u202f]?(\\$|%|k\\$|M\\$|€|km|m²|ha)"
)
# Of a column's filled cells: fewer that look like a date or a number are words of a text.
SHARE_MIN = 0.2
# Longer cells are no dates and no numbers.
CELL_LENGTH_MAX = 30
_BOOLEAN_CODES = frozenset({"o", "n", "y", "v", "f", "t", "x", "✓", "on", "off"})
_BOOLEAN_PLAIN = frozenset({"oui", "non", "vrai", "faux", "true", "false", "yes", "no"})
_THOUSANDS = ("millier", "en mille", "k$", "m$", "000 $", "(000", "million", "thousand")
_FORMS_DATES = ("dmy", "mdy", "ymd", "words", "dmy_time", "mdy_time")
_FORMS_NUMBERS = ("comma", "english")
_LATITUDE = frozenset({"latitude", "lat", "y_lat", "coord_lat", "latitude_wgs84"})
_LONGITUDE = frozenset({"longitude", "lon", "long", "lng", "x_lon", "coord_lon", "longitude_wgs84"})
_PROJECTED = frozenset({"x", "y", "coord_x", "coord_y", "x_mtm", "y_mtm", "easting", "northing"})


@dataclass(frozen=True)
class Check:
    """One rule: what is offered and what came, each oui, non or n/a, with what was found.

    `found`: dicts of a `code` (see `words.FOUND`) and what its sentence needs; those about cells
    have `column`, `count` and `rows`, [[row, value]…], of which at most five are kept. Rows are
    numbered as a spreadsheet does: the header is row 1.
    """

    code: str
    offered: str
    received: str
    found: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """What the checks read: the Parquet file, its columns and their figures, the file that came."""

    path: Path
    columns: Sequence[Mapping[str, Any]]
    figures: Sequence[Mapping[str, Any]]
    received: Mapping[str, Any]

    def pairs(self, *types: str) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Columns of these types that hold something, with their figures."""
        for column, figures in zip(self.columns, self.figures, strict=True):
            if column["type"] in types and figures["filled"]:
                yield column, figures


def all_checks(table: Table) -> list[dict[str, Any]]:
    """Return the eight checks of a table, in the order of KEYS, as JSON keeps them."""
    cells = _look(table)
    made = [
        _separator(table), _utf8(table), _epsg(table), _compression(table), _unknown(table, cells),
        _dates(table, cells), _numbers(table, cells), _booleans(table),
    ]  # fmt: skip
    return [asdict(check) for check in made]


# The file ----------------------------------------------------------------------------------------


def _separator(table: Table) -> Check:
    separator = table.received.get("separator", "")
    if not separator:
        return Check("separator", YES, NONE, [{"code": "no_separator"}])
    if separator == ",":
        return Check("separator", YES, YES, [{"code": "comma"}])
    return Check("separator", YES, NO, [{"code": "other_separator", "value": separator}])


def _utf8(table: Table) -> Check:
    encoding = table.received.get("encoding", "")
    if not encoding:
        return Check("utf8", YES, NONE, [{"code": "no_encoding"}])
    if encoding in {"utf-8", "utf-8-sig", "ascii"}:
        code = "utf8_marked" if encoding == "utf-8-sig" else "utf8_plain"
        return Check("utf8", YES, YES, [{"code": code}])
    return Check("utf8", YES, NO, [{"code": "other_encoding", "value": encoding}])


def _compression(table: Table) -> Check:
    received = YES if table.received.get("name") else NONE
    return Check("compression", YES, received, [{"code": "not_compressed"}])


# Places ------------------------------------------------------------------------------------------


def _epsg(table: Table) -> Check:
    found, bad = [], False
    for column, figures in table.pairs("integer", "number"):
        name = column["name"].casefold()
        limit = 90 if name in _LATITUDE else 180 if name in _LONGITUDE else 0
        if limit:
            good = -limit <= figures["minimum"] <= figures["maximum"] <= limit
        elif name in _PROJECTED and max(abs(figures["minimum"]), abs(figures["maximum"])) > 180:
            good = False
        else:
            continue
        bad |= not good
        found.append({
            "code": "degrees" if good else "not_degrees", "column": column["name"],
            "minimum": figures["minimum"], "maximum": figures["maximum"],
        })  # fmt: skip
    for column, figures in table.pairs("text"):
        if column["name"].startswith("geometry_wkt"):
            outside = _outside(table, column["name"])
            bad |= bool(outside["count"])
            code = "shapes_outside" if outside["count"] else "shapes_inside"
            found.append({"code": code, "filled": figures["filled"], **outside})
    declared = table.received.get("crs", "")
    if declared and not any(name in declared for name in ("4326", "CRS84", "WGS")):
        bad = True
        found.append({"code": "declared", "value": declared})
    if not found:
        return Check("epsg", NONE, NONE, [{"code": "no_places"}])
    return Check("epsg", NO if bad else YES, NO if bad else YES, found)


def _outside(table: Table, name: str) -> dict[str, Any]:
    """Shapes of which the first position is not in degrees."""
    number = r"(-?[0-9.]+(?:[eE][-+]?[0-9]+)?)"
    first = rf"\(+\s*{number}\s+{number}"
    x = f"abs(try_cast(regexp_extract({quoted(name)}, '{first}', 1) AS DOUBLE)) > 180"
    y = f"abs(try_cast(regexp_extract({quoted(name)}, '{first}', 2) AS DOUBLE)) > 90"
    return _cells(table, name, f"{x} OR {y}")


# Cells -------------------------------------------------------------------------------------------


def _sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _unknown_in(name: str) -> str:
    words = ", ".join(map(_sql, UNKNOWN))
    return f"lower(trim({quoted(name)})) IN ({words})"


def _like(name: str, pattern: str) -> str:
    # A short cell that starts as a number does: the expression is tried on no other.
    cell = f"trim({quoted(name)})"
    short = f"length({cell}) BETWEEN 2 AND {CELL_LENGTH_MAX} AND {cell}[1] IN ('-', '−', {_DIGITS})"
    return f"CASE WHEN {short} THEN regexp_full_match({cell}, {_sql(pattern)}) ELSE false END"


_DIGITS = ", ".join(f"'{digit}'" for digit in range(10))
Counts = Mapping[str, Mapping[str, int]]


def _look(table: Table) -> Counts:
    """Count, by column of text, the cells that look like nothing, a date or a number.

    Where values repeat each is looked at once: of a million cells, that is ten times less.
    """
    found: dict[str, dict[str, int]] = {}
    for column, figures in table.pairs("text"):
        name = column["name"]
        if (figures.get("length_min") or 0) > CELL_LENGTH_MAX or name.startswith("geometry_wkt"):
            continue
        rows, times = engine.source(table.path), "1"
        if figures["distinct_exact"] and figures["distinct"] * 2 < figures["filled"]:
            cell = quoted(name)
            rows = f"(SELECT {cell}, count(*) AS n FROM {rows} GROUP BY 1)"  # noqa: S608
            times = "n"
        parts = [
            f"CAST(coalesce(sum({times}) FILTER (WHERE {condition}), 0) AS BIGINT) AS {kind}"
            for kind, condition in _conditions(name).items()
        ]
        sql = f"SELECT {', '.join(parts)} FROM {rows}"  # noqa: S608
        found[name] = engine.table(table.path.parents[1], sql)[0]
    return found


def _conditions(name: str) -> dict[str, str]:
    return {
        "unknown": _unknown_in(name), "date": _like(name, _DATE), "number": _like(name, _NUMBER),
    }  # fmt: skip


def _cells(table: Table, name: str, condition: str, count: int | None = None) -> dict[str, Any]:
    """Return how many cells of a column are so, and the first with their rows."""
    source = engine.source(table.path)
    sql = (
        f"SELECT file_row_number + 2 AS row, CAST({quoted(name)} AS VARCHAR) AS value, "  # noqa: S608
        f"count(*) OVER () AS total FROM {source} WHERE {condition} ORDER BY 1 LIMIT {ROWS_SHOWN}"
    )
    rows = engine.table(table.path.parents[1], sql)
    total = count if count is not None else (rows[0]["total"] if rows else 0)
    shown = [[row["row"], row["value"][:80]] for row in rows]
    return {"column": name, "count": total, "rows": shown}


def _odd(table: Table, counts: Counts, kind: str, code: str) -> list[dict[str, Any]]:
    found = []
    for column, figures in table.pairs("text"):
        n = counts.get(column["name"], {}).get(kind, 0)
        if n and n >= SHARE_MIN * figures["filled"]:
            condition = _conditions(column["name"])[kind]
            found.append({"code": code, **_cells(table, column["name"], condition, n)})
    return found


def _unknown(table: Table, counts: Counts) -> Check:
    found = []
    for column, _figures in table.pairs("text"):
        if n := counts.get(column["name"], {}).get("unknown", 0):
            condition = _unknown_in(column["name"])
            found.append({"code": "unknown_word", **_cells(table, column["name"], condition, n)})
    for column, figures in table.pairs("integer", "number"):
        for value in _standing_for_nothing(figures):
            condition = f"{quoted(column['name'])} = {value}"
            found.append({"code": "unknown_number", **_cells(table, column["name"], condition)})
    for column, figures in table.pairs("date", "datetime"):
        for end in (figures["minimum"], figures["maximum"]):
            if str(end)[:10] in _BAD_DAYS:
                condition = f"CAST({quoted(column['name'])} AS DATE) = DATE '{str(end)[:10]}'"
                found.append({"code": "unknown_date", **_cells(table, column["name"], condition)})
    answer = NO if found else YES
    return Check("unknown", answer, answer, found or [{"code": "no_unknown"}])


def _standing_for_nothing(figures: Mapping[str, Any]) -> list[int]:
    """Return the values of a number column that stand for an absent one, by their look."""
    top = dict(figures["top"])
    low = [v for v in _BAD_NUMBERS if figures["minimum"] == v]
    # A large one may be true: it counts when it comes again and again, far from all others.
    high = [v for v in _HIGH_NUMBERS if figures["maximum"] == v and top.get(v, 0) > 1]
    others = [v for v in top if v not in high]
    return low + [v for v in high if others and max(others) * 3 < v]


def _dates(table: Table, counts: Counts) -> Check:
    found = _odd(table, counts, "date", "date_as_text")
    offered = NO if found else NONE
    received = offered
    for column, _figures in table.pairs("date", "datetime"):
        offered = offered if offered == NO else YES
        form = column.get("understood", {}).get("form", "")
        if form in _FORMS_DATES:
            received = NO
            found.append({"code": "date_converted", "column": column["name"], "form": form})
        else:
            received = received if received == NO else YES
    return Check("dates", offered, received, found or [{"code": _none(offered, "dates")}])


def _numbers(table: Table, counts: Counts) -> Check:
    found = _odd(table, counts, "number", "number_as_text")
    offered = received = NO if found else NONE
    for column, _figures in table.pairs("integer", "number"):
        offered = offered if offered == NO else YES
        form = column.get("understood", {}).get("form", "")
        if form in _FORMS_NUMBERS:
            received = NO
            found.append({"code": "number_converted", "column": column["name"], "form": form})
        else:
            received = received if received == NO else YES
        words = " ".join([column["name"], *(column.get("label") or {}).values()]).casefold()
        if any(mark in words for mark in _THOUSANDS):
            offered = received = NO
            found.append({"code": "thousands", "column": column["name"]})
    return Check("numbers", offered, received, found or [{"code": _none(offered, "numbers")}])


def _booleans(table: Table) -> Check:
    found, offered = [], NONE
    for column, _figures in table.pairs("boolean"):
        offered = YES
        found.append({"code": "boolean_plain", "column": column["name"]})
    for column, figures in table.pairs("text"):
        if not figures["top_complete"] or len(figures["top"]) > 3:
            continue
        values = {str(value).strip().casefold() for value, _count in figures["top"]}
        if values <= _BOOLEAN_CODES | _BOOLEAN_PLAIN and values & _BOOLEAN_CODES:
            offered = NO
            shown = ", ".join(sorted(str(value) for value, _count in figures["top"]))
            found.append({"code": "boolean_code", "column": column["name"], "value": shown})
    if offered == NO:
        found = [one for one in found if one["code"] == "boolean_code"]
    return Check("booleans", offered, offered, found or [{"code": "no_booleans"}])


def _none(offered: str, kind: str) -> str:
    return f"no_{kind}" if offered == NONE else f"good_{kind}"


# What else was seen ------------------------------------------------------------------------------


def remarks(table: Table) -> list[dict[str, Any]]:
    """Return what is no rule but in the way of readers: headers, empty columns, merged cells."""
    found: list[dict[str, Any]] = [
        {"code": header["reason"], "column": header["column"], "value": header["value"]}
        for header in table.received.get("headers", ())
    ]
    pairs = list(zip(table.columns, table.figures, strict=True))
    empty = [column["name"] for column, figures in pairs if not figures["filled"]]
    if empty:
        found.append({"code": "empty_columns", "value": ", ".join(empty[:20]), "count": len(empty)})
    names = [column["name"] for column in table.columns]
    numeric = sum(
        name.replace(".", "").replace(",", "").replace("-", "").isdigit() for name in names
    )
    if numeric * 2 > len(names):
        found.append({"code": "no_header", "value": ", ".join(names[:5])})
    merged = table.received.get("merged") or {}
    if merged.get("count"):
        first = ", ".join(merged.get("first", ()))
        found.append({"code": "merged", "count": merged["count"], "value": first})
    sheets = table.received.get("sheets") or ()
    if len(sheets) > 1:
        found.append({"code": "sheets", "count": len(sheets), "value": ", ".join(sheets)})
    return found
