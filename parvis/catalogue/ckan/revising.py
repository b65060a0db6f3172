"""`package_revise`: a package matched, filtered, then updated, by deep names."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from parvis.catalogue.ckan.errors import ValidationFailed
from parvis.catalogue.ckan.registry import Data

NO_MATCH = "Package did not match"
Path = tuple[str, ...]


def _unpacked(name: str, value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise ValidationFailed({name: ["Not JSON"]}) from None
    return value


def revised(data: Data) -> dict[str, Any]:
    """Return match (with id or name), filter, update and deep updates. Raises ValidationFailed."""
    whole: dict[str, Any] = {"match": {}, "filter": [], "update": {}, "deep": []}
    for name, value in data.items():
        head, _mark, rest = name.partition("__")
        if name == "match":
            found = _unpacked(name, value)
            if not isinstance(found, dict):
                raise ValidationFailed({"match": ["Must be a dictionary"]})
            whole["match"] |= found
        elif head == "match" and rest:
            whole["match"][rest] = value
        elif name == "filter":
            patterns = value.split(",") if isinstance(value, str) else value or []
            if not isinstance(patterns, list):
                raise ValidationFailed({"filter": ["Must be a list of names"]})
            whole["filter"] = [str(one).strip() for one in patterns if str(one).strip()]
        elif name == "update":
            found = _unpacked(name, value)
            if not isinstance(found, dict):
                raise ValidationFailed({"update": ["Must be a dictionary"]})
            whole["update"] = found
        elif head == "update" and rest:
            whole["deep"].append((tuple(rest.split("__")), value))
        elif name != "include":
            raise ValidationFailed({name: ["unknown key"]})
    if not (whole["match"].get("id") or whole["match"].get("name")):
        raise ValidationFailed({"match": ['"id" or "name" is required']})
    return whole


def _index(rows: list[Any], part: str) -> int:
    """Return the place of a row: by position (from the end with "-"), or by the start of its id."""
    if part.lstrip("-").isdecimal() and len(part) <= 4:
        place = int(part)
        if -len(rows) <= place < len(rows):
            return place % len(rows)
    else:
        for n, row in enumerate(rows):
            if isinstance(row, dict) and len(part) >= 5 and str(row.get("id", "")).startswith(part):
                return n
    raise ValidationFailed({"update": [f"no such row: {part}"]})


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            name in value and _fits(value[name], one) for name, one in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(value, list)
            and len(value) >= len(wanted)
            and all(_fits(a, b) for a, b in zip(value, wanted, strict=False))
        )
    return bool(value == wanted or (isinstance(wanted, str) and str(value) == wanted))


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(value, list):
            value = value[_index(value, part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            raise ValidationFailed({"match": [NO_MATCH]})
    return value


def _filtered(value: Any, patterns: list[str], path: Path = ()) -> Any:
    """Return a value without the parts that the first fitting pattern takes out."""
    if isinstance(value, dict):
        return {
            name: _filtered(one, patterns, (*path, name))
            for name, one in value.items()
            if _stays((*path, name), patterns)
        }
    if isinstance(value, list):
        kept = []
        for n, one in enumerate(value):
            names = [str(n)]
            if isinstance(one, dict):
                names += [str(one.get("id", "")), str(n - len(value))]
            if all(_stays((*path, name), patterns) for name in names):
                kept.append(_filtered(one, patterns, (*path, names[min(1, len(names) - 1)])))
        return kept
    return value


def _stays(path: Path, patterns: list[str]) -> bool:
    for pattern in patterns:
        sign, parts = pattern[0], tuple(pattern.lstrip("+-").split("__"))
        # "+resources__x" keeps the way to it too, and all that is below.
        if sign == "+" and all(_same(a, b) for a, b in zip(path, parts, strict=False)):
            return True
        if sign != "+" and len(parts) == len(path):
            if all(_same(a, b) for a, b in zip(path, parts, strict=True)):
                return False
    return True


def _same(name: str, part: str) -> bool:
    return part in {"*", name} or (len(part) >= 5 and name.startswith(part) and "-" in name)


def _put(target: Any, path: Path, value: Any) -> None:
    """Write a value at a path; "extend" adds to the end of a list."""
    *way, last = path
    for n, part in enumerate(way):
        if isinstance(target, list):
            target = target[_index(target, part)]
            continue
        if not isinstance(target, dict):
            raise ValidationFailed({"update": [f"nothing at {'__'.join(path[: n + 1])}"]})
        target = target.setdefault(part, [] if path[n + 1] == "extend" else {})
    if isinstance(target, list):
        if last == "extend":
            target.extend(value if isinstance(value, list) else [value])
            return
        place = _index(target, last)
        old = target[place]
        both = isinstance(old, dict) and isinstance(value, dict)
        target[place] = {**old, **value} if both else value
    elif isinstance(target, dict):
        target[last] = value
    else:
        raise ValidationFailed({"update": [f"nothing at {'__'.join(path)}"]})


def merged(package: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return a package filtered and updated. Raises ValidationFailed when it does not match."""
    for name, wanted in whole["match"].items():
        if not _fits(_at(package, tuple(name.split("__"))), wanted):
            raise ValidationFailed({"match": [NO_MATCH]})
    found: dict[str, Any] = _filtered(copy.deepcopy(dict(package)), whole["filter"])
    for name, value in whole["update"].items():
        _put(found, (name,), value)
    # What is added comes first: "-1" is then the last one added, as clients write it.
    for path, value in sorted(whole["deep"], key=lambda pair: (pair[0][-1] != "extend", pair[0])):
        _put(found, path, _json(value))
    # What says who it is stays, whatever the filter.
    return {"name": package["name"], "owner_org": package["owner_org"], **found}


def _json(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
