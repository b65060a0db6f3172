"""Quick copies say exactly what their Parquet files say, and may go at any time."""

import datetime
import itertools
import random

import pyarrow as pa

from parvis.tables import condition, engine, quick
from parvis.tables.query import Aggregate, Query, Sort, Where
from parvis.tables.store import Store

WORDS = ("ÉTÉ", "oeu", "e", "o", "2024-07 3", "A%_'", "-1.5", "true", "ж", "été 3 œ", "zzz")
TEXTS = ("Été", "e\u0301te\u0301", "œuf", "", "a%_’", "é" * 40, "Ж да")
NAMES = ("n", 'l"abel', "x", "ok", "day", "at")


def table(rows: int) -> pa.Table:
    chance = random.Random(4)
    some = lambda values: [chance.choice([None, *values]) for _n in range(rows)]  # noqa: E731
    day, utc = datetime.date(2024, 2, 29), datetime.UTC
    return pa.table({
        "n": pa.array(some(range(9)), pa.int64()),
        'l"abel': pa.array(some(TEXTS), pa.string()),
        "x": pa.array(some([-1.5, 0.1, 3.0]), pa.float64()),
        "ok": pa.array(some([True, False]), pa.bool_()),
        "day": pa.array(some([day, day + datetime.timedelta(1)]), pa.date32()),
        "at": pa.array(
            some([datetime.datetime(2024, 7, 1, 3, 4, 5, 6, utc)]), pa.timestamp("us", "UTC")
        ),
    })  # fmt: skip


def copy(version) -> bool:
    return quick.make(version.path, condition.said(version.schema))


def test_a_copy_answers_as_its_table_does(tmp_path, monkeypatch):
    store = Store(tmp_path)
    version = store.put(table(700))
    wheres = [(), (Where("n", "=", 3),), (Where('l"abel', "contains", "OEU"),),
              (Where("at", ">", "2024-01-01T00:00:00+00:00"), Where("ok", "!=", True))]  # fmt: skip
    sorts = [(), (Sort('l"abel'), Sort("x", True)), (Sort("at", True),)]
    single = [
        Query(where=where, sort=sort, limit=20, row_number="_id", **more)
        for where, sort in itertools.product(wheres, sorts)
        for more in ({}, {"offset": 7}, {"after": 350}, {"before": 350}, {"search": "ete 2024"})
    ]
    asked = [
        *single[::5],
        Query(group_by=("ok", "day"), aggregates=(Aggregate("sum", "x", "s"),)),
        Query(where=wheres[1], place="_id", columns=("_id", "n"), limit=3),
        Query(distinct=True, columns=("n", "ok")),
        *(Query(search=words, columns=("n",)) for words in WORDS),
    ]

    def answers():
        rows = [store.query(version, one).read_all() for one in asked]
        counts = [store.count(version, one) for one in asked if not one.aggregates]
        return rows, counts, [store.facets(version, name) for name in NAMES]

    before = answers()
    assert "read_parquet" in engine.source(version.path)
    assert copy(version) and not copy(version)
    assert "read_parquet" not in engine.source(version.path)
    assert answers() == before
    # One that cannot be read is removed, and asked nothing.
    broken = store.put(table(30))
    quick.path_of(broken.path).write_bytes(b"no database")
    assert len(store.query(broken, Query()).read_all()) == 30
    assert not quick.path_of(broken.path).exists()
    # With the table goes its copy, from the disk and from memory; more than a few are not held.
    assert store.delete(version) and not quick.path_of(version.path).exists()
    monkeypatch.setattr(quick, "ATTACHED_MAX", 2)
    for rows in range(1, 5):
        small = store.put(table(rows))
        copy(small)
        reader = store.query(small, Query())
        store.count(broken, Query(where=(Where("n", "=", 1),)))
        assert len(reader.read_all()) == rows
    with engine.cursor(store.root) as cursor:
        names = {
            row[0] for row in cursor.execute("SELECT name FROM (SHOW DATABASES) t(name)").fetchall()
        }
    assert len([name for name in names if name.startswith("quick_")]) <= quick.ATTACHED_MAX
    assert f"quick_{version.sha256}" not in names
