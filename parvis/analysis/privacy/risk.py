"""How exposed rows are: groups that look alike, rows alone in theirs, what groups give away.

Sources: k-anonymity, Sweeney, Int. J. Uncertainty, Fuzziness and Knowledge-Based Systems 10(5),
2002; l-diversity (here: distinct values), Machanavajjhala et al., ACM TKDD 1(1), 2007; sample
uniques by small sets of columns, Elliot, Manning & Ford, Int. J. Uncertainty, Fuzziness and
Knowledge-Based Systems 10(5), 2002 (special uniques).
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

COLUMNS_MAX = 16
"""Sets of two or three among more columns are not all looked at: the first ones only."""


@dataclass(frozen=True)
class Exposure:
    """How rows look alike on some columns.

    `k`: the smallest group of rows that are alike (0 without rows). `unique`: rows alone in their
    group. `under`: rows in a group of fewer than `threshold`. `groups`: how many groups.
    """

    columns: tuple[str, ...]
    rows: int
    threshold: int
    k: int
    unique: int
    under: int
    groups: int

    @property
    def unique_share(self) -> float:
        """The share of rows alone in their group, 0 to 1."""
        return self.unique / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Diversity:
    """How many different values of `column` the poorest group holds (1: it gives them away).

    `told`: rows in a group whose rows all hold the same value.
    """

    column: str
    least: int
    told: int


@dataclass(frozen=True)
class Combination:
    """The share of rows that are alone on `size` columns: on average, and for the worst set."""

    size: int
    sets: int
    mean_share: float
    worst_share: float
    worst: tuple[str, ...]


Columns = Mapping[str, Sequence[Hashable]]


def _codes(values: Sequence[Hashable]) -> np.ndarray:
    """Number the values of a column; an absent one is a value like another."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)


def _grouped(parts: Sequence[np.ndarray], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the group of each row and the size of each group."""
    group = np.zeros(rows, np.int64)
    for part in parts:
        # Numbered again after each column, so that products stay small.
        group = group * (int(part.max(initial=0)) + 1) + part
        _, group = np.unique(group, return_inverse=True)
    return group, np.bincount(group) if rows else np.zeros(0, np.int64)


def _rows(columns: Columns) -> int:
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise ValueError("the columns differ in length")
    return lengths.pop() if lengths else 0


def exposure(columns: Columns, threshold: int) -> Exposure:
    """Return how rows look alike on all the columns together.

    Raises ValueError when the columns differ in length.
    """
    rows = _rows(columns)
    _group, sizes = _grouped([_codes(values) for values in columns.values()], rows)
    return Exposure(
        tuple(columns),
        rows,
        threshold,
        int(sizes.min(initial=rows)),
        int((sizes == 1).sum()),
        int(sizes[sizes < threshold].sum()),
        len(sizes),
    )


def diversity(known: Columns, told: Columns) -> list[Diversity]:
    """Return, for each column of `told`, how varied it is in the groups that `known` makes.

    Raises ValueError when the columns differ in length.
    """
    if len({_rows(known), _rows(told)}) > 1:
        raise ValueError("the columns differ in length")
    rows = _rows(known)
    group, sizes = _grouped([_codes(values) for values in known.values()], rows)
    found = []
    for name, values in told.items():
        pairs = np.unique(np.column_stack((group, _codes(values))), axis=0) if rows else group
        distinct = np.bincount(pairs[:, 0]) if rows else sizes
        found.append(
            Diversity(name, int(distinct.min(initial=rows)), int(sizes[distinct == 1].sum()))
        )
    return found


def combined(columns: Columns, sizes: Sequence[int] = (2, 3)) -> list[Combination]:
    """Return the share of rows alone on every set of 2 and of 3 columns; none where too few.

    The first `COLUMNS_MAX` columns only. Raises ValueError when the columns differ in length.
    """
    rows = _rows(columns)
    codes = {name: _codes(columns[name]) for name in list(columns)[:COLUMNS_MAX]}
    found = []
    for size in sizes:
        shares: list[tuple[float, tuple[str, ...]]] = []
        for names in combinations(codes, size):
            _group, counts = _grouped([codes[name] for name in names], rows)
            shares.append((int((counts == 1).sum()) / rows if rows else 0.0, names))
        if shares:
            worst, names = max(shares, key=lambda one: one[0])
            mean = sum(share for share, _names in shares) / len(shares)
            found.append(Combination(size, len(shares), mean, worst, names))
    return found
