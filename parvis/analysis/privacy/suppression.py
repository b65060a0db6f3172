"""Which cells to hide besides the small ones, so that sums give none of them away.

The cell suppression problem: least weight hidden, such that no hidden cell can be known to within
less than the protection asked for. Solved as in Fischetti & Salazar (Management Science 47(7),
2001): a 0-1 programme over the cells (HiGHS by `scipy.optimize.milp`), to which the duals of the
attacker's linear programmes add capacity constraints until no attacker narrows any cell. When time
runs out, a greedy plan (cheapest flows, after Kelly, Golden & Assad, Networks 22(4), 1992).
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from parvis.analysis.privacy.audit import Interval, intervals
from parvis.analysis.privacy.cells import Tables, sensitive

SECONDS_MAX = 30.0
_ROUNDS_MAX = 500
_NEAR = 1e-6


class CannotProtect(ValueError):
    """Even with every cell hidden, a small one could be worked out: publish no such table."""


@dataclass(frozen=True)
class Plan:
    """What to hide, and the proof. `method` is optimal, or greedy when time ran out.

    `primary` are the sensitive cells, `secondary` those hidden for their sake. `bound`: no plan
    weighs less (0 where it is not known). `known` are the audit's intervals, by cell.
    """

    primary: frozenset[int]
    secondary: frozenset[int]
    threshold: int
    weight: float
    bound: float
    method: str
    rounds: int
    known: tuple[Interval, ...]

    @property
    def hidden(self) -> frozenset[int]:
        """Every cell that is not shown."""
        return self.primary | self.secondary


class _Attack:
    """The attacker's linear programme over all cells, and what hiding a cell opens to them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.counts = np.array(tables.counts, float)
        self.up = np.array(tables.most, float) - self.counts
        self.down = self.counts - np.array(tables.least, float)
        self.weights = np.array([1 + c / (1 + tables.counts[0]) for c in tables.counts])

    @cached_property
    def matrix(self) -> csr_array:
        """The sums: each total less its parts is nothing."""
        entries = [
            (row, cell, sign)
            for row, (total, parts) in enumerate(self.tables.sums)
            for cell, sign in ((total, -1.0), *((part, 1.0) for part in parts))
        ]
        rows, cells, signs = zip(*entries, strict=True)
        return csr_array((signs, (rows, cells)), shape=(len(self.tables.sums), len(self.counts)))

    def width(self, cell: int, hidden: np.ndarray) -> tuple[float, np.ndarray]:
        """Return how far apart a cell's bounds are, and what each other cell would add at most.

        `hidden`: 0 to 1 by cell. The second is the capacity constraint of the dual.
        """
        bounds = np.column_stack((self.counts - self.down * hidden, self.counts + self.up * hidden))
        width, capacity = 0.0, np.zeros(len(self.counts))
        for sign in (1.0, -1.0):
            goal = np.zeros(len(self.counts))
            goal[cell] = -sign
            solved = linprog(
                goal, A_eq=self.matrix, b_eq=np.zeros(self.matrix.shape[0]), bounds=bounds,
                method="highs",
            )  # fmt: skip
            if not solved.success:
                raise ArithmeticError(f"the attacker’s programme failed: {solved.message}")
            width += -float(solved.fun) - sign * self.counts[cell]
            capacity += self.down * np.maximum(solved.lower.marginals, 0)
            capacity += self.up * np.maximum(-solved.upper.marginals, 0)
        return width, capacity


def protect(
    tables: Tables,
    threshold: int,
    *,
    whole_groups: bool = True,
    seconds_max: float = SECONDS_MAX,
) -> Plan:
    """Return the least-weight plan under which every hidden cell stays `threshold` wide or more.

    A cell weighs 1, and its share of the people on top: as few cells as possible, then as few
    people. The same tables give the same plan while time suffices. The plan is audited before it
    is returned. Raises ValueError (threshold under the floor), CannotProtect.
    """
    attack = _Attack(tables)
    primary = sensitive(tables, threshold, whole_groups=whole_groups)
    deadline = time.monotonic() + seconds_max
    found = _optimal(attack, primary, threshold, deadline)
    method = "optimal" if found else "greedy"
    hidden, bound, rounds = found or (greedy(tables, primary, threshold), 0.0, 0)
    hidden, known, repaired = _audited(tables, hidden, threshold)
    return Plan(
        primary,
        hidden - primary,
        threshold,
        float(sum(attack.weights[i] for i in hidden)),
        bound,
        "greedy" if repaired else method,
        rounds,
        known,
    )


def _audited(
    tables: Tables, hidden: frozenset[int], threshold: int
) -> tuple[frozenset[int], tuple[Interval, ...], bool]:
    """Hide more until the independent audit finds every cell wide enough; say if it had to."""
    repaired = False
    while True:
        known = intervals(tables, hidden)
        narrow = [i for i, one in known.items() if one.width < threshold - _NEAR]
        if not narrow:
            return hidden, tuple(known.values()), repaired
        more = greedy(tables, hidden, threshold)
        if more == hidden:
            raise CannotProtect
        hidden, repaired = more, True


def _optimal(
    attack: _Attack, primary: frozenset[int], threshold: int, deadline: float
) -> tuple[frozenset[int], float, int] | None:
    """Return what to hide, a bound on its weight and the rounds; None once time is over."""
    if not primary:
        return frozenset(), 0.0, 0
    size = len(attack.counts)
    least = np.zeros(size)
    least[list(primary)] = 1
    most = np.array(attack.tables.hideable, float)
    cuts = _never_alone(attack.tables)
    relaxed = True
    for rounds in range(1, _ROUNDS_MAX + 1):
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        solved = milp(
            attack.weights,
            integrality=np.full(size, 0 if relaxed else 1),
            bounds=Bounds(least, most),
            constraints=LinearConstraint(csr_array(np.array(cuts)), lb=0) if cuts else None,
            options={"time_limit": left, "mip_rel_gap": 0.0},
        )
        if solved.status == 2:
            raise CannotProtect
        if solved.status != 0 or solved.x is None:
            return None
        hidden = np.clip(solved.x, 0, 1) if relaxed else np.round(solved.x)
        new = _violated(attack, hidden, threshold, deadline)
        if new is None:
            return None
        cuts += new
        if not new and not relaxed:
            chosen = frozenset(int(i) for i in np.flatnonzero(hidden > 0.5))
            return chosen, float(solved.mip_dual_bound or solved.fun), rounds
        # The relaxation finds most cuts cheaply; it stops where it would only polish.
        relaxed = relaxed and bool(new) and rounds < 40
    return None


def _never_alone(tables: Tables) -> list[np.ndarray]:
    """A hidden cell needs another hidden one in each of its sums: rows that must be 0 or more."""
    rows = []
    for total, parts in tables.sums:
        cells = [cell for cell in (total, *parts) if tables.hideable[cell]]
        for cell in cells:
            row = np.zeros(len(tables.counts))
            row[cells] = 1
            row[cell] = -1
            rows.append(row)
    return rows


def _violated(
    attack: _Attack, hidden: np.ndarray, threshold: int, deadline: float
) -> list[np.ndarray] | None:
    """Return a constraint for each hidden cell that is too narrow; None once time is over."""
    new = []
    for cell in np.flatnonzero(hidden > 1e-4):
        if time.monotonic() > deadline:
            return None
        width, capacity = attack.width(int(cell), hidden)
        if width < threshold * hidden[cell] - 1e-5:
            # width <= sum(capacity * hidden) for every choice, and it must reach the threshold.
            own = min(capacity[cell], float(threshold))
            row = np.minimum(capacity, threshold - own)
            row[cell] = own - threshold
            new.append(row)
    return new


def greedy(tables: Tables, primary: Collection[int], threshold: int) -> frozenset[int]:
    """Return a safe plan, not always the least: each narrow cell gets its cheapest way out.

    A way out is a pair of flows through the sums that lift and lower the cell by `threshold` in
    all; the cells they pass through are hidden. Raises CannotProtect.
    """
    attack = _Attack(tables)
    hidden = set(primary)
    todo = sorted(hidden, key=lambda i: (tables.counts[i], i))
    while todo:
        cell = todo.pop(0)
        width, _capacity = attack.width(cell, _indicator(attack, hidden))
        if width >= threshold - _NEAR:
            continue
        new = _way_out(attack, cell, hidden, threshold) - hidden
        hidden |= new
        todo += sorted(new)
    return frozenset(hidden)


def _indicator(attack: _Attack, hidden: Collection[int]) -> np.ndarray:
    found = np.zeros(len(attack.counts))
    found[list(hidden)] = 1
    return found


def _way_out(attack: _Attack, cell: int, hidden: Collection[int], threshold: int) -> frozenset[int]:
    """Return the cells of the cheapest pair of flows that leave `cell` wide enough."""
    size = len(attack.counts)
    free = np.array(attack.tables.hideable, float)
    costs = np.where(_indicator(attack, hidden) > 0, 0.0, attack.weights)
    # Four blocks: up and down in the lifting flow, up and down in the lowering one.
    room = np.concatenate([attack.up * free, attack.down * free] * 2)
    flow = attack.matrix.toarray()
    none = np.zeros_like(flow)
    sums = np.block([[flow, -flow, none, none], [none, none, flow, -flow]])
    reach = np.zeros(4 * size)
    for block, sign in enumerate((-1.0, 1.0, 1.0, -1.0)):
        reach[block * size + cell] = sign
    room[[size + cell, 2 * size + cell]] = 0
    solved = linprog(
        np.tile(costs, 4),
        A_ub=reach[None, :],
        b_ub=[-float(threshold)],
        A_eq=sums,
        b_eq=np.zeros(sums.shape[0]),
        bounds=np.column_stack((np.zeros(4 * size), room)),
        method="highs",
    )
    if not solved.success:
        raise CannotProtect
    used = solved.x.reshape(4, size).max(axis=0) > 1e-7
    return frozenset(int(i) for i in np.flatnonzero(used)) | {cell}
