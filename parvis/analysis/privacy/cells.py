"""Linked frequency tables as one system: each cell once, and the sums that tie cells together.

A cell that two tables share (a margin, the total) is one cell here: what one table hides, the
other cannot show (linked tables: Willenborg & de Waal, Elements of Statistical Disclosure Control,
2001, ch. 6; Hundepool et al., Statistical Disclosure Control, 2012, s. 4.3).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parvis.analysis.privacy.oneway import FLOOR

Key = tuple[tuple[str, str], ...]
"""(variable, value) pairs in the order of the variables' names; () is everybody."""


@dataclass(frozen=True)
class Tables:
    """Cells and sums. `counts[i]` people are in the cell `keys[i]`.

    `sums`: (cell of the total, cells of its parts). `hideable`: may the cell be left out. `least`:
    what any reader knows it holds at least. `most`: what any reader knows it holds at most.
    `names`: the tables asked for, as tuples of variables.
    """

    names: tuple[tuple[str, ...], ...]
    keys: tuple[Key, ...]
    counts: tuple[int, ...]
    hideable: tuple[bool, ...]
    least: tuple[int, ...]
    most: tuple[int, ...]
    sums: tuple[tuple[int, tuple[int, ...]], ...]

    def of(self, name: tuple[str, ...]) -> list[int]:
        """Return the cells of one table without its margins, in order."""
        wanted = tuple(sorted(name))
        return [i for i, key in enumerate(self.keys) if tuple(v for v, _ in key) == wanted]


def count_tables(
    columns: Mapping[str, Sequence[str]],
    names: Sequence[tuple[str, ...]],
    *,
    margins_hideable: bool = False,
) -> Tables:
    """Count one-way and two-way tables with their margins and the grand total.

    Columns are categories, one value a person. `margins_hideable`: margins may be left out like
    inner cells (the total never is). Raises ValueError for columns of different lengths, a table
    of another size than one or two variables, an unknown variable, or no person at all.
    """
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise ValueError("columns of the same length, with one person at least, are needed")
    for name in names:
        if len(name) not in (1, 2) or len(set(name)) != len(name) or set(name) - set(columns):
            raise ValueError(f"a table crosses one or two of the columns given, not {name!r}")
    wanted = list(dict.fromkeys(tuple(sorted(name)) for name in names))
    used = sorted({variable for name in wanted for variable in name})
    values = {v: sorted(set(columns[v])) for v in used}
    counted: dict[Key, int] = {(): lengths.pop()}
    for variable in used:
        found = Counter(columns[variable])
        counted.update({((variable, value),): found[value] for value in values[variable]})
    for a, b in (name for name in wanted if len(name) == 2):
        pairs = Counter(zip(columns[a], columns[b], strict=True))
        counted.update(
            {((a, x), (b, y)): pairs[x, y] for x in values[a] for y in values[b]}
        )  # zeros too: an empty cell is a fact that the others can give away
    return _system(tuple(wanted), counted, values, margins_hideable)


def _system(
    names: tuple[tuple[str, ...], ...],
    counted: Mapping[Key, int],
    values: Mapping[str, Sequence[str]],
    margins_hideable: bool,
) -> Tables:
    keys = tuple(counted)
    place = {key: i for i, key in enumerate(keys)}
    sums: list[tuple[int, tuple[int, ...]]] = [
        (0, tuple(place[((variable, value),)] for value in values[variable])) for variable in values
    ]
    for a, b in (name for name in names if len(name) == 2):
        sums += [
            (place[((a, x),)], tuple(place[((a, x), (b, y))] for y in values[b])) for x in values[a]
        ]
        sums += [
            (place[((b, y),)], tuple(place[((a, x), (b, y))] for x in values[a])) for y in values[b]
        ]
    counts = tuple(counted.values())
    hideable = tuple(len(key) == 2 or (len(key) == 1 and margins_hideable) for key in keys)
    # A value that nobody gave has no margin here, so that a margin is never empty.
    least = tuple(0 if len(key) == 2 else 1 for key in keys)
    most = [counts[0]] * len(keys)
    for total, parts in sums:
        bound = most[total] if hideable[total] else counts[total]
        for part in parts:
            most[part] = min(most[part], bound)
    return Tables(names, keys, counts, hideable, least, tuple(most), tuple(sums))


def sensitive(tables: Tables, threshold: int, *, whole_groups: bool = True) -> frozenset[int]:
    """Return the cells that may not be shown: one person or more, fewer than `threshold`.

    `whole_groups`: also the cells that hold a whole group (everybody of one region said the same),
    since they tell what each of its members said. Raises ValueError when the threshold is under
    the floor, or when a cell that must be shown is too small: merge its category first.
    """
    if threshold < FLOOR:
        raise ValueError(f"the threshold may not be under {FLOOR}")
    small = {i for i, count in enumerate(tables.counts) if 0 < count < threshold}
    if shown := [tables.keys[i] for i in sorted(small) if not tables.hideable[i]]:
        raise ValueError(f"too few people in what is always shown: {shown[:3]}")
    if whole_groups:
        small |= {
            part
            for total, parts in tables.sums
            for part in parts
            if len(tables.keys[part]) == 2 and tables.counts[part] == tables.counts[total]
        }
    return frozenset(small)


def acyclic(pairs: Sequence[tuple[str, str]]) -> bool:
    """Return whether crossed tables can be protected together exactly.

    Where the pairs make no cycle (a forest), any tables that agree on their margins come from some
    set of people, so that the two-way model is all that a reader can know (decomposable models:
    Lauritzen, Graphical Models, 1996, s. 4.4; Dobra & Fienberg, PNAS 97(22), 2000). With a cycle a
    reader could know more than the model says.
    """
    group: dict[str, str] = {}

    def root(name: str) -> str:
        while group.setdefault(name, name) != name:
            name = group[name]
        return name

    for a, b in pairs:
        x, y = root(a), root(b)
        if x == y:
            return False
        group[x] = y
    return True
