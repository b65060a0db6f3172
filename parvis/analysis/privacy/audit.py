"""What a reader can work out: for each hidden cell, the least and the most it can hold.

Written apart from `suppression`, which it checks: only hidden cells are variables here, shown ones
are numbers (Fischetti & Salazar, Management Science 47(7), 2001, s. 2: the attacker's problem).
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from parvis.analysis.privacy.cells import Tables


@dataclass(frozen=True)
class Interval:
    """What a reader knows of a hidden cell: from `low` to `high` people."""

    cell: int
    low: float
    high: float

    @property
    def width(self) -> float:
        """How many people apart the bounds are."""
        return self.high - self.low


def intervals(tables: Tables, hidden: Collection[int]) -> dict[int, Interval]:
    """Return the feasibility interval of each hidden cell, by two linear programmes each.

    Raises ArithmeticError when the solver gives no answer.
    """
    order = sorted(hidden)
    place = {cell: i for i, cell in enumerate(order)}
    rows: list[np.ndarray] = []
    rights: list[float] = []
    for total, parts in tables.sums:
        row, right = np.zeros(len(order)), 0.0
        for cell, sign in ((total, -1), *((part, 1) for part in parts)):
            if cell in place:
                row[place[cell]] += sign
            else:
                right -= float(sign * tables.counts[cell])
        if row.any():
            rows.append(row)
            rights.append(right)
    bounds = [(tables.least[cell], None) for cell in order]
    found = {}
    for cell in order:
        ends = []
        for way in (1.0, -1.0):
            goal = np.zeros(len(order))
            goal[place[cell]] = way
            solved = linprog(
                goal, A_eq=np.array(rows), b_eq=np.array(rights), bounds=bounds, method="highs"
            )
            if not solved.success:
                raise ArithmeticError(f"no interval for cell {cell}: {solved.message}")
            ends.append(float(way * solved.fun))
        found[cell] = Interval(cell, ends[0], ends[1])
    return found


def narrowest(tables: Tables, hidden: Collection[int]) -> float:
    """Return the least width of any hidden cell; infinity where nothing is hidden."""
    widths = [interval.width for interval in intervals(tables, hidden).values()]
    return min(widths, default=float("inf"))
