"""The index answers as a plain reading of the same query over the same entries does."""

import functools
import math
from collections import Counter
from io import StringIO
from random import Random

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.catalogue.ckan import query, search
from parvis.catalogue.finding import bits, index, snapshot, words
from parvis.catalogue.finding.boxes import Box, read_box, touching
from parvis.catalogue.finding.describing import PARTS, WEIGHTS, describe
from parvis.catalogue.finding.models import Entry, Mark, Posting
from parvis.catalogue.finding.tests import finding_factories as factories
from parvis.catalogue.models import Dataset
from parvis.core.models import Node, State

pytestmark = pytest.mark.django_db

VALUES = {
    "organization": ["org-0", "org-*", "*-1", "zzz"],
    "tags": ["Forêt", '"Eau potable"', "eau", "Ro*", "*", "N?IGE"],
    "groups": ["transport", "sante", "(sante OR transport)", "*", "s*"],
    "license_id": ["CC-BY-4.0", "CC0-1.0", "CC*"],
    "res_format": ["CSV", "(CSV OR PDF)", "*", "[C TO G]", "{CSV TO *]"],
    "title": ["forêts", '"forets eau"', "for*", "*au", "zzz", "*", "[e TO f]", "ecole~", "eau^3"],
    "text": ["école", "for*", "potable", "jeanne", "water", "?eige"],
    "notes": ["route", "*"],
    "author": ["jeanne", "*"],
    "name": ["jeu-1-a", "jeu-1*", "[jeu-1 TO jeu-2]", "*-c"],
    "annee": ["9", "[1 TO 9]", "{9 TO *]", "[* TO 10}", "*", "[a TO z]", "Eau"],
    "theme": ["*", "b\\ c", '"b c"'],
    "extras_theme": ["*"],
    "res_url": ["https\\://exemple.test/1/0", "https*", '"https://exemple.test/2/1"'],
    "capacity": ["public", "private"],
    "state": ["active", "draft"],
    "private": ["true", "false"],
    "metadata_modified": [
        "[2026-01-02T00:00:00Z TO *]", "{2026-01-02T00:00:00.000001Z TO *]", "*",
        "[* TO 2026-01-03T00:00:00.000001Z}", "[NOW-7DAYS TO NOW]", '"2026-01-10T00:00:00Z"',
        "[2026-01-01T00:00:00Z/DAY+1DAY TO NOW/DAY]",
    ],
    "metadata_created": ["[2026-01-02T00:00:00Z TO 2026-01-02T23:59:59Z]"],
    "absent": ["*", "x", "[1 TO 2]"],
}  # fmt: skip
LINES = (
    "foret", "l’eau potable", "école -route", "+neige budget", '"eau potable" foret', "zzz",
    "forets ecoles routes eau", "foret eau neige ecole route budget d’etat", "le l’", "jeu",
    "foret AND (eau OR NOT route)", "fo* eau", "jeanne forests", "(eau",
)  # fmt: skip


def lucene(chance: Random, depth: int = 0) -> str:
    """Return a query of the language, drawn at random."""
    if depth < 3 and chance.random() < 0.5:
        parts = [lucene(chance, depth + 1) for _n in range(chance.randrange(2, 4))]
        return "(" + chance.choice([" ", " AND ", " OR ", " && ", " || "]).join(parts) + ")"
    field = chance.choice(sorted(VALUES))
    sign = chance.choice(["", "", "", "-", "+", "NOT ", "!"])
    return f"{sign}{field}:{chance.choice(VALUES[field])}"


def naive_scores(entries, asked):
    """Score as the docstring of `score` says, entry by entry."""

    def there(entry, clause, part=None):
        parts = [part] if part else PARTS
        held = frozenset().union(*(entry.texts.get(one, frozenset()) for one in parts))
        return [bool(forms & held) for forms in clause]

    totals = dict.fromkeys(entries, 0.0)
    for clause in asked:
        rare = [
            math.log(1 + len(entries) / max(1, sum(there(e, [forms])[0] for e in entries.values())))
            for forms in clause
        ]
        for pk, entry in entries.items():
            held = there(entry, clause)
            if all(held):
                for place, forms in enumerate(clause):
                    parts = sum(w for p, w in WEIGHTS.items() if there(entry, [forms], p)[0])
                    totals[pk] += (1 + parts) * rare[place]
    return totals


def public():
    """Return every public dataset, described."""
    everything = describe(Dataset.objects.values_list("pk", flat=True))
    return {pk: one for pk, one in everything.items() if one.state == State.PUBLIC}


def naive(data, entries):
    """Answer as `package_search` does, from every dataset, without index."""
    asked = search.read(data)
    docs = {pk: one.document() for pk, one in entries.items()}
    kept = [pk for pk in docs if all(fits(docs[pk]) for fits in asked.filters)]
    wanted = None
    if asked.lucene is not None:
        kept = [pk for pk in kept if asked.lucene(docs[pk])]
    elif asked.q not in {"", "*", "*:*"}:
        line = words.read(asked.q)
        kept = [pk for pk in kept if words.answers(line, docs[pk]["text:stems"])]
        wanted = line.wanted
    scores = naive_scores(entries, wanted) if wanted else dict.fromkeys(entries, 0.0)
    if asked.lucene is None:
        kept.sort(reverse=True)
        for name, descending in reversed(asked.order):
            kept.sort(key=functools.partial(sort_value, docs, entries, scores, name, descending))
    facets = {}
    for name in asked.facets:
        counts = Counter(value for pk in kept for value in set(entries[pk].values.get(name, ())))
        pairs = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        facets[name] = {v: n for v, n in pairs if n >= asked.facet_mincount}
        if asked.facet_limit >= 0:
            facets[name] = dict(list(facets[name].items())[: asked.facet_limit])
    return kept, facets


def sort_value(docs, entries, scores, name, descending, pk):
    """Return what a dataset is sorted by, those without it last."""
    if name == "score":
        return (0, Reverse(round(scores[pk], 6)) if descending else round(scores[pk], 6))
    if name == "title_string":
        value = entries[pk].title_key
    else:
        values = docs[pk].get(name)
        value = min(values) if isinstance(values, list) else values
    if value in (None, ""):
        return (0 if name == "title_string" and not descending else 1, "")
    return (0, Reverse(value) if descending else value)


@functools.total_ordering
class Reverse:
    """A value in the opposite order."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return self.value == other.value

    def __lt__(self, other):
        return other.value < self.value


SORTS = (
    "", "name asc", "title_string desc, name asc", "metadata_modified asc", "id asc", "id desc",
    "organization desc, metadata_created asc, name desc", "score desc, name desc", "annee asc",
    "score asc, id asc",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_the_index_answers_as_a_plain_reading_does(seed):
    chance = Random(seed)
    factories.catalogue(chance, 24)
    entries, told = public(), 0
    slugs = sorted(Node.objects.filter(kind="organisation").values_list("slug", flat=True))
    for _n in range(40):
        text = lucene(chance)
        for n in range(3):
            text = text.replace(f"org-{n}", slugs[n])
        data = {"fq": text, "sort": chance.choice(SORTS), "rows": 1000, "fl": "id"}
        data["facet.field"] = ["tags", "organization", "annee", "res_format"]
        data["facet.limit"] = chance.choice([-1, 2])
        data["facet.mincount"] = chance.choice([1, 2])
        if chance.random() < 0.5:
            data["q"] = chance.choice([*LINES, text])
        found = search.package_search(data)
        ids, facets = naive(data, entries)
        told += 0 < len(ids) < len(entries)
        listed = [row["id"] for row in found["results"]]
        if search.read(data).lucene is None:
            assert listed == [str(pk) for pk in ids], data
        assert sorted(listed) == sorted(str(pk) for pk in ids), data
        assert found["count"] == len(ids)
        assert found["facets"] == facets, data
        cut = chance.randrange(8)
        page = search.package_search({**data, "rows": cut, "start": 2})["results"]
        assert [row["id"] for row in page] == listed[2 : 2 + cut]
    assert told >= 6  # most queries that are drawn find nothing, or everything


def test_each_line_of_words_before_and_after_the_merge():
    factories.catalogue(Random(99), 30)

    entries = public()

    def all_lines():
        return [search.package_search({"q": q, "rows": 99, "fl": "id"}) for q in LINES]

    for q, found in zip(LINES, all_lines(), strict=True):
        ids, _facets = naive({"q": q}, entries)
        assert {row["id"] for row in found["results"]} == {str(pk) for pk in ids}, q
    before = all_lines()
    assert any(one["count"] for one in before) and Mark.objects.exists()
    index.merge()
    assert not Mark.objects.exists() and all_lines() == before
    index.rebuild()
    assert all_lines() == before


def test_what_is_merged_again_leaves_no_word_behind():
    chance = Random(5)
    owners = factories.organisations(chance)
    dataset = factories.one(chance, owners, 1, State.PUBLIC)
    other = factories.one(chance, owners, 2, State.PUBLIC)
    dataset.node.title = {"fr": "Zygomatique"}
    dataset.node.save()
    index.merge()
    found = Posting.objects.filter(value__startswith="zygomat").exclude(rows=b"")
    assert found.exists() and search.package_search({"q": "zygomatique"})["count"] == 1
    number = Entry.objects.get(node=dataset.pk.hex).number
    dataset.node.delete()
    index.mark([dataset.pk])
    assert search.package_search({"q": "zygomatique"})["count"] == 0
    index.merge()
    assert not found.exists()
    assert search.package_search({})["count"] == 1
    for row in Posting.objects.all():
        assert number not in bits.unpack(bytes(row.rows))
    # Nothing more is written when nothing changed.
    stamps = set(Posting.objects.values_list("pk", "stamp"))
    index.mark([other.pk])
    index.merge()
    assert set(Posting.objects.values_list("pk", "stamp")) == stamps


def test_a_rebuild_replaces_what_was_wrong():
    factories.catalogue(Random(3), 10)
    index.merge()
    before = search.package_search({"facet.field": ["tags"], "rows": 99, "fl": "id"})
    Posting.objects.filter(field="tags").delete()
    Entry.objects.update(state="gone")
    said = StringIO()
    call_command("rebuild_catalogue_index", stdout=said)
    assert int(said.getvalue()) == Dataset.objects.count()
    assert search.package_search({"facet.field": ["tags"], "rows": 99, "fl": "id"}) == before


def test_two_processes_see_the_same_and_read_only_what_changed(monkeypatch):
    chance = Random(8)
    owners = factories.organisations(chance)
    datasets = [factories.one(chance, owners, n, State.PUBLIC) for n in range(12)]
    index.merge()
    data = {"facet.field": ["tags", "theme"], "rows": 99, "fl": "id", "sort": "title_string asc"}
    for step in range(6):
        dataset = datasets[step]
        dataset.tags, dataset.extras = [{"fr": f"Neuf {step}"}], {"theme": "neuf"}
        dataset.save()
        dataset.node.title = {"fr": f"{chance.choice('azé')} titre"}
        dataset.node.save()
        factories.one(chance, owners, 20 + step, State.PUBLIC)
        index.mark([dataset.pk])
        if step % 2:
            index.merge()
        kept = search.package_search(data)
        # Another process has nothing in memory.
        monkeypatch.setattr(snapshot, "_kept", None)
        monkeypatch.setattr(snapshot, "_described", {})
        monkeypatch.setattr(snapshot.columns_kept, "_epoch", "another")
        assert search.package_search(data) == kept
        assert kept["facets"]["tags"][f"Neuf {step}"] == 1
        assert kept["facets"]["theme"]["neuf"] == step + 1


def test_a_long_queue_hides_what_is_private_and_keeps_the_rest(monkeypatch):
    owners = factories.organisations(Random(6))
    datasets = [factories.one(Random(n), owners, n, State.PUBLIC) for n in range(6)]
    index.merge()
    monkeypatch.setattr(snapshot, "FRESH_MAX", 2)
    datasets[0].node.state = State.PRIVATE
    datasets[0].node.save()
    datasets[1].node.delete()
    index.mark([one.pk for one in datasets[:3] if one.pk])
    assert search.package_search({})["count"] == 4
    for dataset in datasets[2:]:
        dataset.tags = [{"fr": "Nouveau"}]
        dataset.save()
        index.mark([dataset.pk])
    found = search.package_search({"facet.field": ["tags"]})
    # Two are read from their source, two stand as they were until the worker comes to them.
    assert found["count"] == 4 and found["facets"]["tags"]["Nouveau"] == 2
    index.merge()
    found = search.package_search({"facet.field": ["tags"]})
    assert found["count"] == found["facets"]["tags"]["Nouveau"] == 4


def test_an_undone_transaction_leaves_nothing_in_memory():
    class Undo(Exception):
        pass

    factories.one(Random(1), [], 1, State.PUBLIC)
    with pytest.raises(Undo), transaction.atomic():
        factories.one(Random(2), [], 2, State.PUBLIC)
        index.merge()
        assert search.package_search({})["count"] == 2
        raise Undo
    assert search.package_search({})["count"] == 1
    factories.one(Random(3), [], 3, State.PUBLIC)
    index.merge()
    assert search.package_search({})["count"] == 2


@pytest.mark.parametrize("merged", [False, True])
def test_a_search_costs_the_same_at_two_sizes(merged):
    chance = Random(4)
    owners = factories.organisations(chance)

    def cost():
        if merged:
            index.merge()
        snapshot.current()
        data = {"q": "jeu", "fq": "capacity:p* AND (organization:x OR groups:sante OR name:j*)"}
        with CaptureQueriesContext(connection) as captured:
            data["facet.field"] = ["organization", "tags", "license_id"]
            assert search.package_search(data)["count"] >= 3
        return len(captured)

    for n in range(3):
        factories.one(chance, owners, n, State.PUBLIC)
    cost()
    small = cost()
    for n in range(3, 40):
        factories.one(chance, owners, n, State.PUBLIC)
    cost()
    assert cost() == small <= 14


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, bits.SIZE - 1), max_size=900))
def test_blocks_keep_their_rows(offsets):
    data = bits.pack(offsets)
    assert bits.unpack(data).tolist() == sorted(offsets)
    rows, pieces = bits.rows([0, 3], [data, data])
    assert rows.tolist() == [*sorted(offsets), *(o + 3 * bits.SIZE for o in sorted(offsets))]
    assert pieces.tolist() == [0] * len(offsets) + [1] * len(offsets)


def test_boxes_touch_as_their_points_do():
    chance = Random(11)
    for n in range(40):
        factories.one(chance, [], n, State.PUBLIC)
    Dataset.objects.filter(box__isnull=False).order_by("?")
    crossing = Dataset.objects.filter(box__isnull=False).first()
    crossing.box = [175, -10, -175, 10]
    crossing.save()
    index.mark([crossing.pk])
    index.merge()
    here = snapshot.current()

    def spans(west, east):
        return [(west, east)] if west <= east else [(west, 180), (-180, east)]

    def touch(one, other):
        flat = any(
            a <= d and b >= c
            for a, b in spans(one[0], one[2])
            for c, d in spans(other[0], other[2])
        )
        return flat and one[1] <= other[3] and one[3] >= other[1]

    boxes = {str(row.pk): row.box for row in Dataset.objects.all()}
    for _n in range(30):
        west, east = chance.uniform(-180, 180), chance.uniform(-180, 180)
        south, north = sorted((chance.uniform(-90, 90), chance.uniform(-90, 90)))
        asked = Box(west, south, east, north)
        rows = touching(here, asked).nonzero()[0]
        expected = {
            pk for pk, box in boxes.items() if box and touch(box, (west, south, east, north))
        }
        assert {str(here.pk(row)) for row in rows} == expected
        found = search.package_search({"ext_bbox": f"{west},{south},{east},{north}", "rows": 99})
        assert {row["id"] for row in found["results"]} == expected


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "0,10,1,5", "-190,0,1,1", "0,nan,1,1"])
def test_a_box_that_is_none_is_refused(box):
    with pytest.raises(ValueError):
        read_box(box.split(","))
    with pytest.raises(search.SearchError):
        search.read({"ext_bbox": box})


def test_what_would_read_the_whole_index_is_refused():
    for text in ("*a " * 6, "a* " * 30, "f:a OR " * 1050 + "f:a", "[a TO b] " * 6):
        with pytest.raises(search.SearchError):
            search.package_search({"fq": text[: query.CHARACTERS_MAX]})
