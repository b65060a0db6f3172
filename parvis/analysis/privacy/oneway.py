"""One-way tables with small cells merged, and row numbers that tell nothing of the order."""

import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

THRESHOLD = 10
FLOOR = 5


@dataclass(frozen=True, slots=True)
class OneWayTable:
    """The published counts of one characteristic.

    `cells` are (value, count), most frequent first; None stands for "no answer". `other` is what
    the merged cells hold together, 0 if nothing was merged. `merged` names them for the people in
    charge: do not publish it with counts. When `suppressed`, only `total` may be shown, or nothing
    if `total` is None. `sum(cells)` + `other` = `total`.
    """

    column: str
    total: int | None
    cells: tuple[tuple[str | None, int], ...]
    other: int
    merged: tuple[str | None, ...]
    suppressed: bool


def one_way_tables(
    columns: Mapping[str, Sequence[str | None]], threshold: int = THRESHOLD, floor: int = FLOOR
) -> dict[str, OneWayTable]:
    """One protected table per characteristic; characteristics are never crossed.

    Cells under `threshold` persons are merged into "other". The smallest remaining cells follow
    until "other" holds at least two cells and so many persons that, even for a reader who knows
    which cells were merged and that nobody's is empty, each may take `threshold` values or more:
    otherwise the total would give a lone cell away (complementary suppression). If that leaves
    fewer than two cells, the table is suppressed; with fewer than `threshold` rows, its total too.

    `floor` is the lowest threshold that may be asked for. Raises ValueError when `threshold` is
    below it, or when the columns differ in length.
    """
    if threshold < floor:
        raise ValueError(f"the threshold may not be under {floor}")
    if len({len(values) for values in columns.values()}) > 1:
        raise ValueError("the columns differ in length")
    return {name: _table(name, Counter(values), threshold) for name, values in columns.items()}


def _table(name: str, counts: Counter[str | None], threshold: int) -> OneWayTable:
    total = sum(counts.values())
    # The order may not depend on the order of the rows, which could tell who came first.
    cells = sorted(counts.items(), key=lambda cell: (-cell[1], cell[0] is None, cell[0] or ""))
    merged: list[tuple[str | None, int]] = []
    while cells and (cells[-1][1] < threshold or (merged and not _hidden(merged, threshold))):
        merged.append(cells.pop())
    if merged and (not _hidden(merged, threshold) or not cells):
        names = tuple(value for value, _ in [*cells, *merged])
        shown = total if total >= threshold else None
        return OneWayTable(name, shown, (), 0, names, suppressed=True)
    other = sum(count for _, count in merged)
    names = tuple(value for value, _ in merged)
    return OneWayTable(name, total, tuple(cells), other, names, suppressed=False)


def _hidden(merged: list[tuple[str | None, int]], threshold: int) -> bool:
    """With m cells of at least 1 that make up s, each lies between 1 and s - m + 1."""
    people = sum(count for _, count in merged)
    return len(merged) >= 2 and people - len(merged) + 1 >= threshold


def shuffled_row_numbers(n: int, seed: str | bytes) -> list[int]:
    """A permutation of 1..n: the public number of each row, unrelated to when it arrived.

    Rows are ranked by HMAC-SHA256 of their place (8 bytes, big-endian) under the seed, so the same
    seed gives the same numbers in any language. Keep the seed secret and destroy it after
    publication: whoever has it can undo the order. Raises ValueError on an empty seed or a negative
    n.
    """
    key = seed.encode() if isinstance(seed, str) else seed
    if not key or n < 0:
        raise ValueError("a seed and a number of rows are needed")
    order = sorted(range(n), key=lambda i: hmac.digest(key, i.to_bytes(8), "sha256"))
    numbers = [0] * n
    for number, place in enumerate(order, start=1):
        numbers[place] = number
    return numbers
