"""Hidden cells stay hidden: no attacker narrows one below the threshold, and no plan is cheaper."""

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.analysis.privacy import audit, cells, risk, suppression
from parvis.analysis.privacy.cells import Tables

T = 5


def columns(seed: int, rows: int, values: tuple[int, ...], least: int = T) -> dict[str, list[str]]:
    """Skewed categories of one person each; every category holds `least` people or more."""
    r = random.Random(seed)
    made = {}
    for n, count in enumerate(values):
        weights = [r.random() ** 3 + 0.02 for _ in range(count)]
        drawn = r.choices(range(count), weights, k=rows - count * least)
        column = [f"{value}" for value in [*drawn, *(list(range(count)) * least)]]
        r.shuffle(column)
        made["abc"[n]] = column
    return made


def attacked(tables: Tables, hidden: frozenset[int]) -> dict[int, set[int]]:
    """Every value that each hidden cell takes in some table that agrees with what is shown.

    By trying all, cell after cell: no linear programme.
    """
    order = sorted(hidden)
    found: dict[int, set[int]] = {cell: set() for cell in order}
    values = dict(enumerate(tables.counts))

    def fits(rest: set[int]) -> bool:
        for total, parts in tables.sums:
            known = sum(values[p] for p in parts if p not in rest)
            if known > values[total]:
                return False
            if not rest & set(parts) and known != values[total]:
                return False
        return True

    def go(n: int) -> None:
        if n == len(order):
            for cell in order:
                found[cell].add(values[cell])
            return
        rest = set(order[n + 1 :])
        before = values[order[n]]
        for value in range(tables.most[order[n]] + 1):
            values[order[n]] = value
            if fits(rest):
                go(n + 1)
        values[order[n]] = before

    go(0)
    return found


def width(values: set[int]) -> int:
    return max(values) - min(values)


@given(seed=st.integers(0, 10**6), shape=st.sampled_from([(2, 2), (2, 3), (3, 2)]))
@settings(deadline=None, max_examples=12)
def test_no_plan_is_cheaper_and_the_audit_says_what_trying_all_says(seed, shape):
    tables = cells.count_tables(columns(seed, 34, shape), [("a", "b")])
    plan = suppression.protect(tables, T)
    assert plan.method == "optimal"
    truth = attacked(tables, plan.hidden)
    for one in plan.known:
        assert (min(truth[one.cell]), max(truth[one.cell])) == (round(one.low), round(one.high))
    inner = tables.of(("a", "b"))
    weights = [1 + count / (1 + tables.counts[0]) for count in tables.counts]
    for size in range(len(plan.primary), len(inner) + 1):
        for chosen in itertools.combinations(inner, size):
            hidden = frozenset(chosen)
            if not plan.primary <= hidden or sum(weights[i] for i in hidden) >= plan.weight - 1e-9:
                continue
            # Cheaper: then some cell of it must be too narrow.
            assert any(width(values) < T for values in attacked(tables, hidden).values())


@given(
    seed=st.integers(0, 10**6),
    shape=st.sampled_from([(3, 4), (3, 3, 2), (2, 7)]),
    threshold=st.integers(5, 12),
    hideable=st.booleans(),
)
@settings(deadline=None, max_examples=10)
def test_no_hidden_cell_is_known_within_the_threshold(seed, shape, threshold, hideable):
    made = columns(seed, 150, shape, least=2 if hideable else threshold)
    names = [("a", "b"), ("b", "c")][: len(shape) - 1]
    tables = cells.count_tables(made, names, margins_hideable=hideable)
    for total, parts in tables.sums:
        assert tables.counts[total] == sum(tables.counts[i] for i in parts)
    small = {i for i, n in enumerate(tables.counts) if 0 < n < threshold}
    try:
        plan = suppression.protect(tables, threshold)
    except suppression.CannotProtect:
        assert hideable and small
        return
    assert small <= plan.primary and not plan.primary & plan.secondary
    assert all(tables.hideable[i] for i in plan.hidden)
    # The audit again, on its own, and on the greedy plan.
    assert audit.narrowest(tables, plan.hidden) >= threshold - 1e-6
    other = suppression.greedy(tables, plan.primary, threshold)
    assert audit.narrowest(tables, other) >= threshold - 1e-6
    weigh = [1 + n / (1 + tables.counts[0]) for n in tables.counts]
    assert plan.weight <= sum(weigh[i] for i in other) + 1e-6
    assert plan.bound <= plan.weight + 1e-6
    assert suppression.protect(tables, threshold).hidden == plan.hidden


def test_without_time_the_plan_is_greedy_and_safe():
    tables = cells.count_tables(columns(4, 200, (5, 4)), [("a", "b")])
    plan = suppression.protect(tables, T, seconds_max=0)
    assert plan.method == "greedy" and plan.secondary and plan.bound == 0
    assert audit.narrowest(tables, plan.hidden) >= T
    assert min(one.width for one in plan.known) >= T - 1e-6


def test_one_small_cell_takes_three_others():
    made = {"a": ["x"] * 50 + ["y"] * 50, "b": ["p"] * 3 + ["q"] * 47 + ["p"] * 30 + ["q"] * 20}
    tables = cells.count_tables(made, [("a", "b")])
    plan = suppression.protect(tables, 10)
    assert (len(plan.primary), len(plan.secondary)) == (1, 3)
    nothing = cells.count_tables(
        {"a": ["x", "y"] * 40, "b": ["p", "p", "q", "q"] * 20}, [("a", "b")]
    )
    assert suppression.protect(nothing, 10).hidden == frozenset()


def test_a_group_that_said_one_thing_is_not_shown():
    made = {"a": ["x"] * 20 + ["y"] * 40, "b": ["p"] * 20 + ["p", "q"] * 20}
    tables = cells.count_tables(made, [("a", "b")])
    whole = tables.keys.index((("a", "x"), ("b", "p")))
    assert whole in suppression.protect(tables, 10).primary
    assert suppression.protect(tables, 10, whole_groups=False).hidden == frozenset()


def test_a_margin_that_two_tables_share_is_one_cell():
    made = columns(3, 120, (3, 3, 3), least=T)
    tables = cells.count_tables(made, [("a", "b"), ("c", "b"), ("b",)])
    assert len(tables.keys) == len(set(tables.keys)) == 1 + 9 + 18
    alone = cells.count_tables(made, [("a", "b")])
    assert len(alone.of(("b", "a"))) == 9


def test_what_cannot_be_is_refused():
    made = {"a": ["x"] * 3 + ["y"] * 30, "b": ["p", "q", "q"] * 11}
    with pytest.raises(ValueError, match="too few"):
        suppression.protect(cells.count_tables(made, [("a", "b")]), 10)
    with pytest.raises(ValueError, match="under 5"):
        suppression.protect(cells.count_tables(made, [("a", "b")]), 4)
    for bad in ([("a", "a")], [("a", "z")], [("a", "b", "a")], [()]):
        with pytest.raises(ValueError, match="one or two"):
            cells.count_tables(made, bad)
    for worse in ({}, {"a": []}, {"a": ["x"], "b": []}):
        with pytest.raises(ValueError, match="same length"):
            cells.count_tables(worse, [("a",)])
    # Both small, both in one total: whatever is hidden, the total gives their sum away.
    few = cells.count_tables({"a": ["x"] * 2 + ["y"] * 4}, [("a",)], margins_hideable=True)
    with pytest.raises(suppression.CannotProtect):
        suppression.protect(few, 5)


def test_tables_in_a_circle_are_seen():
    assert cells.acyclic([("a", "b"), ("b", "c"), ("d", "e")])
    assert not cells.acyclic([("a", "b"), ("b", "c"), ("c", "a")])
    assert not cells.acyclic([("a", "b"), ("b", "a")])
    assert not cells.acyclic([("a", "a")])


# ---- microdata


@given(
    seed=st.integers(0, 10**6), rows=st.integers(0, 60), shape=st.sampled_from([(3, 2), (5, 4, 3)])
)
@settings(deadline=None, max_examples=25)
def test_rows_alike_are_counted_as_a_counter_does(seed, rows, shape):
    r = random.Random(seed)
    made = {
        "abc"[n]: [r.choice([None, *range(size)]) for _ in range(rows)]
        for n, size in enumerate(shape)
    }
    groups = Counter(zip(*made.values(), strict=True))
    found = risk.exposure(made, 5)
    assert found.k == min(groups.values(), default=0)
    assert found.unique == sum(n == 1 for n in groups.values())
    assert found.under == sum(n for n in groups.values() if n < 5)
    assert (found.groups, found.rows) == (len(groups), rows)
    by_a: dict[object, set[object]] = {}
    for a, b in zip(made["a"], made["b"], strict=True):
        by_a.setdefault(a, set()).add(b)
    (varied,) = risk.diversity({"a": made["a"]}, {"b": made["b"]})
    assert varied.least == min(map(len, by_a.values()), default=0)
    assert varied.told == sum(len(by_a[a]) == 1 for a in made["a"])
    pairs = risk.combined(made)
    assert [one.size for one in pairs] == list(range(2, len(shape) + 1))
    shares = [
        sum(n == 1 for n in Counter(zip(*(made[c] for c in names), strict=True)).values())
        / (rows or 1)
        for names in itertools.combinations(made, 2)
    ]
    assert pairs[0].worst_share == pytest.approx(max(shares))
    assert pairs[0].mean_share == pytest.approx(sum(shares) / len(shares))


def test_columns_of_different_lengths_are_refused():
    for call in (lambda c: risk.exposure(c, 5), risk.combined):
        with pytest.raises(ValueError, match="length"):
            call({"a": [1], "b": [1, 2]})
    with pytest.raises(ValueError, match="length"):
        risk.diversity({"a": [1]}, {"b": [1, 2]})
    assert risk.exposure({}, 5).unique_share == 0
