"""Tables, charts, maps and differences as pages: always what the file says."""

import csv
import io
import json
import math
import random
from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils import translation

from parvis.catalogue import loading, services, store
from parvis.catalogue.tests.catalogue_factories import make_dataset
from parvis.catalogue.viewing import gathering, land, mapping, sheet
from parvis.core.access import SYSTEM
from parvis.tables import difference, figures

pytestmark = pytest.mark.django_db
HEADER = "id,ville,jour,montant,latitude,longitude\n"


def lines(n=173, seed=4):
    chance = random.Random(seed)
    found = []
    for i in range(1, n + 1):
        town = chance.choice(["Québec", "Lévis", "Montréal", "Été | sud", ""])
        day = f"20{chance.randint(20, 23)}-0{chance.randint(1, 9)}-11" if i % 9 else ""
        money = str(chance.randint(-40, 900)) if i % 7 else ""
        place = f"{45 + chance.random() * 3:.4f},{-75 + chance.random() * 5:.4f}"
        found.append(f"{i},{town},{day},{money},{place if i % 11 else ','}\n")
    return HEADER + "".join(found)


def get(client, name, *args, query="", status=200):
    response = client.get(reverse(name, args=args) + query)
    text = b"".join(response) if response.streaming else response.content
    assert response.status_code == status, text.decode()[:3000]
    return response, text.decode()


@pytest.fixture
def table(client):
    dataset = make_dataset("lieux", content=lines())
    file = dataset.resources.get().slug
    rows = list(csv.DictReader(io.StringIO(lines())))
    return dataset, file, rows


def test_pages_forward_and_back_are_the_whole_in_every_order(client, table):
    _dataset, file, rows = table
    for sort in ("", "ville", "-ville", "-montant", "jour", "montant"):
        seen, query, pages = [], f"?sort={sort}", []
        while query:
            shown = get(client, "table", "lieux", file, query=query)[0].context["shown"]
            pages.append([place for place, _cells in shown.rows])
            seen += pages[-1]
            query, back = shown.next, shown.previous
        assert sorted(seen) == [*range(1, len(rows) + 1)] and len(pages) == 4
        key = sort.removeprefix("-")
        if key:
            empty = [rows[place - 1][key] == "" for place in seen]
            assert empty == sorted(empty), "empty cells are last"
        for page in reversed(pages[:-1]):
            shown = get(client, "table", "lieux", file, query=back)[0].context["shown"]
            assert [place for place, _cells in shown.rows] == page
            back = shown.previous
        assert back == "" or page == pages[0]


def test_conditions_words_and_columns_are_in_the_address_and_in_the_files(client, table):
    dataset, file, rows = table
    query = "?filter=ville|eq|Québec&column=montant&operator=gte&value=100&sort=-montant"
    response, text = get(client, "table", "lieux", file, query=query)
    wanted = [
        r for r in rows if r["ville"] == "Québec" and r["montant"] and int(r["montant"]) >= 100
    ]
    wanted.sort(key=lambda row: -int(row["montant"]))
    shown, asked = response.context["shown"], response.context["asked"]
    assert shown.count == len(wanted) > 0 and len(asked.filters) == 2
    # The address that the page writes says the same; one condition less gives more rows.
    again = get(client, "table", "lieux", file, query=asked.link())[0].context["shown"]
    assert again.rows == shown.rows
    less = asked.without(asked.filters[1])
    assert get(client, "table", "lieux", file, query=less)[0].context["shown"].count == sum(
        row["ville"] == "Québec" for row in rows
    )
    chosen = asked.link(columns=["id", "montant"])
    page = get(client, "table", "lieux", file, query=chosen)[0].context["shown"]
    assert [heading.name for heading in page.headings] == ["id", "montant"]
    _response, content = get(client, "table_view", "lieux", file, "csv", query=chosen)
    given = list(csv.reader(io.StringIO(content)))
    assert given[1:] == [[row["id"], row["montant"]] for row in wanted]
    _response, content = get(client, "table_view", "lieux", file, "json", query=chosen)
    assert len(json.loads(content)) == len(wanted)
    for extension in ("xlsx", "parquet"):
        response = client.get(reverse("table_view", args=["lieux", file, extension]) + chosen)
        assert len(b"".join(response)) > 200 and response["X-Content-Type-Options"] == "nosniff"
    # Values of a column: their rows add up, and a click gives as many.
    response, _text = get(client, "table", "lieux", file, query="?facet=ville")
    values = response.context["shown"].values
    assert sum(value.rows for value in values) == len(rows)
    for value in values:
        narrowed = get(client, "table", "lieux", file, query=value.link)[0].context["shown"]
        assert narrowed.count == value.rows
    # The permanent address stays when the file changes.
    pinned = response.context["pinned"]
    services_publish(dataset, HEADER + "1,Laval,,1,,\n")
    response, text = get(client, "table", "lieux", file, query=pinned)
    assert response.context["shown"].count == len(rows) and "ancienne version" in text
    assert get(client, "table", "lieux", file)[0].context["shown"].count == 1


def services_publish(dataset, content):
    resource = dataset.resources.get()
    version = loading.add_version(
        actor=SYSTEM, resource=resource, source=content.encode(), name="a.csv"
    )
    services.publish_dataset(actor=SYSTEM, dataset=dataset)
    version.refresh_from_db()
    return version


def test_what_cannot_be_answered_says_what_to_do_and_loses_nothing(client, table):
    _dataset, file, _rows = table
    for query, words in (
        ("?filter=rien|eq|1&filter=ville|eq|Québec", "Il n’y a pas de colonne « rien »"),
        ("?sort=rien", "rien"),
        ("?columns=rien&columns=id", "rien"),
        ("?filter=montant|eq|beaucoup", "beaucoup"),
        ("?column=ville&operator=eq", "Écrivez une valeur"),
        ("?filter=ville", "colonne|opérateur|valeur"),
        ("?after=x", "numéro de ligne"),
        ("?facet=rien", "rien"),
    ):
        response, text = get(client, "table", "lieux", file, query=query, status=422)
        assert words in text.replace("\u00a0", " ").replace("\u202f", " "), text[:4000]
        assert 'role="alert"' in text and "Continuer sans cela" in text
        get(client, "table_view", "lieux", file, "csv", query=query, status=422)
    response, text = get(
        client, "table", "lieux", file, query="?filter=rien|eq|1&filter=ville|eq|Québec", status=422
    )
    without = response.context["asked"].wrong[0].without
    assert get(client, "table", "lieux", file, query=without)[0].context["shown"].count > 0


HOSTILE = [
    "%00", "'%22;DROP TABLE x;--", "%3Cscript%3E", "9" * 400, "-1", "1e999", "nan", "|", "||",
    "%F0%9F%8C%B2", "ville|eq|%00", "id|gt|99999999999999999999", "jour|lt|0000-99-99", "1,2,3,4",
    "nan,nan,nan,nan", "-180,-90,180,90", "5,5,1,1", "latitude|empty|", "ville|contains|%25",
]  # fmt: skip


def test_hostile_addresses_are_answered(client, table):
    _dataset, file, _rows = table
    names = ["filter", "words", "sort", "columns", "after", "before", "facet", "x", "y", "kind",
             "measure", "box", "value", "version", "format", "de", "a", "key"]  # fmt: skip
    chance = random.Random(1)
    for name in ("table", "table_chart", "table_map", "file_differences", "file_differences_csv"):
        for _ in range(30):
            parts = [f"{chance.choice(names)}={chance.choice(HOSTILE)}" for _ in range(3)]
            response = client.get(reverse(name, args=["lieux", file]) + "?" + "&".join(parts))
            assert response.status_code in (200, 404, 422), (name, parts)
            if not response.streaming:
                assert b"<script>" not in response.content
    for args in (("rien", file), ("lieux", "rien")):
        get(client, "table", *args, status=404)
    get(client, "table_view", "lieux", file, "exe", status=404)


def test_private_tables_have_no_pages(client):
    hidden = make_dataset("secret", public=False, content=lines(5))
    file = hidden.resources.get().slug
    for name in ("table", "table_chart", "table_map", "file_differences", "file_differences_csv"):
        get(client, name, "secret", file, status=404)
    get(client, "table_view", "secret", file, "csv", status=404)
    public = make_dataset("lieux", content=lines(6))
    waiting = hidden.resources.get().versions.get()
    query = f"?version={waiting.sha256}"
    get(client, "table", "lieux", public.resources.get().slug, query=query, status=404)


def figure_of(client, file, query):
    response, _text = get(client, "table_chart", "lieux", file, query=query)
    _csv, content = get(client, "table_chart", "lieux", file, query=query + "&format=csv")
    return response.context["figure"], list(csv.DictReader(io.StringIO(content)))


def test_charts_equal_the_file(client, table):
    _dataset, file, rows = table
    kept = [row for row in rows if row["ville"] != "Lévis"]
    narrow = "&filter=ville|ne|Lévis"
    for query, kind in (
        ("?x=ville", "bar"), ("?x=jour", "line"), ("?x=montant&kind=histogram", "histogram"),
        ("?x=montant&y=latitude", "points"), ("?x=longitude&y=latitude&kind=points", "points"),
    ):  # fmt: skip
        figure, given = figure_of(client, file, query + narrow)
        assert figure.kind == kind
        counted = sum(mark.rows for mark in figure.marks)
        assert counted + figure.other + figure.missing == figure.rows == len(kept)
        assert counted == sum(int(row["rows"]) for row in given) > 0
    figure, given = figure_of(client, file, "?x=ville&y=montant&measure=sum")
    for row in given:
        mine = [int(r["montant"]) for r in rows if r["ville"] == row["ville"] and r["montant"]]
        assert float(row["sum"]) == sum(mine)
    figure, given = figure_of(client, file, "?x=jour&y=montant&measure=max")
    for row in given:
        mine = [
            int(r["montant"]) for r in rows if r["jour"][:7] == row["jour"][:7] and r["montant"]
        ]
        assert (float(row["max"]) if row["max"] else None) == (max(mine) if mine else None)
    for query in ("?x=ville&kind=line", "?x=ville&kind=histogram", "?x=jour&kind=points",
                  "?x=ville&measure=sum", "?kind=pie", "?x=rien"):  # fmt: skip
        get(client, "table_chart", "lieux", file, query=query, status=422)


def test_the_map_counts_every_row_and_closer_maps_add_up(client, table):
    _dataset, file, rows = table
    placed = [row for row in rows if row["latitude"]]
    response, text = get(client, "table_map", "lieux", file)
    whole = response.context["map"]
    assert whole.land and whole.borders and 'class="land"' in text, "never points on nothing"
    assert {town.name for town in whole.towns} <= {name for name, _x, _y in land.TOWNS}
    assert whole.points == len(placed) and whole.without == len(rows) - len(placed)
    assert sum(one.rows for one in whole.clusters) == len(placed)
    assert "<image" not in text and "https://" not in text.split("<figure")[1].split("</figure")[0]
    for cluster in whole.clusters[:6]:
        closer = get(client, "table_map", "lieux", file, query=cluster.link)[0].context["map"]
        assert closer.points >= cluster.rows - 1 and closer.points + closer.outside == len(placed)
    box = "-73,46,-71,47"
    inside = [r for r in placed if -73 <= float(r["longitude"]) <= -71
              and 46 <= float(r["latitude"]) <= 47]  # fmt: skip
    shown = get(client, "table_map", "lieux", file, query=f"?box={box}")[0].context["map"]
    assert shown.points == len(inside) and shown.outside == len(placed) - len(inside)
    get(client, "table_map", "lieux", file, query="?box=1,1,0,0", status=422)
    assert len(text.encode()) < 100_000


class Flat:
    """A drawing of one unit by degree."""

    def x(self, longitude):
        return longitude

    def y(self, latitude):
        return latitude


def test_circles_never_lie_on_each_other_and_lose_no_row():
    chance = random.Random(7)
    for cells_max in (1, 2, 12, 60, 100):
        cells = []
        for column, line in chance.sample(
            [(c, r) for c in range(10) for r in range(10)], cells_max
        ):
            x, y = 48 * (column + chance.random()), 48 * (line + chance.random())
            cells.append(figures.Cell(column, line, chance.choice([1, 1, 3, 50, 9_000]), x, y))
        made = gathering.circles(cells, (480, 480), Flat())
        assert sum(one.rows for one in made) == sum(one.rows for one in cells)
        for place, one in enumerate(made):
            assert one.radius <= one.x <= 480 - one.radius and one.radius <= one.y
            assert one.right - one.left <= 2 and one.high - one.low <= 2, "its map is closer"
            for two in made[:place]:
                far = math.hypot(one.x - two.x, one.y - two.y)
                assert far > (one.radius + two.radius) * 0.9, (one, two)


def test_land_is_cut_at_the_edges():
    square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)]
    cut = land.clipped(square, (5, 5, 20, 20))
    assert {(5.0, 5.0), (10.0, 5.0), (10.0, 10.0), (5.0, 10.0)} == set(cut)
    assert land.clipped(square, (11, 11, 20, 20)) == []
    assert set(land.clipped(square, (2, 2, 3, 3))) == {(2, 2), (3, 2), (3, 3), (2, 3)}
    assert land.runs([(0, 0), (2, 0), (4, 0), (6, 0)], (1, -1, 5, 1)) == [
        [(0, 0), (2, 0), (4, 0), (6, 0)]
    ]
    assert land.runs([(0, 0), (9, 0), (9, 9)], (3, -1, 4, 1)) == [[(0, 0), (9, 0)]], "crosses"
    for box in ((-72, 46, -70, 47), (-180, -90, 180, 90), (150, -40, 152, -30), (-81, 43, -57, 63)):
        drawn = sheet.under(sheet.View(box))
        assert drawn[0].startswith("M") and sum(map(len, drawn)) <= sheet.LAND_CHARACTERS
    middle = sheet.under(sheet.View((-30, 10, -28, 12)))
    assert middle == ("", ""), "the Atlantic"
    lines = sheet.graticule(sheet.View((-74, 45, -70, 48)), [])
    assert {line.anchor for line in lines} == {"start", "end"}, "no edge cuts a number"
    assert not any(
        line.words for line in sheet.graticule(sheet.View((-74, 45, -70, 48)), [(0, 0, 480, 480)])
    ), "nothing is written under a circle"
    with translation.override("en"):
        numbers = (7, 999, 1_000, 2_605, 9_960, 26_049, 999_400, 999_600, 1_249_999)
        assert [sheet.short(n) for n in numbers] == [
            "7", "999", "1k", "2.6k", "10k", "26k", "999k", "1M", "1.2M",
        ]  # fmt: skip


def test_areas_and_points_of_geojson_are_drawn(client, monkeypatch):
    def feature(name, kind, coordinates):
        shape = {"type": kind, "coordinates": coordinates}
        return {"type": "Feature", "properties": {"nom": name}, "geometry": shape}

    ring = [[-72 + i / 400, 46 + (i % 7) / 300] for i in range(400)]
    features = [feature("parc", "Polygon", [[*ring, ring[0]]]) for _ in range(40)]
    features += [feature("arrêt", "Point", [-71.2 - i / 50, 46.8]) for i in range(9)]
    features.append({"type": "Feature", "properties": {"nom": "rien"}, "geometry": None})
    whole = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    dataset = make_dataset("parcs", public=False)
    resource = dataset.resources.get()
    loading.add_version(actor=SYSTEM, resource=resource, source=whole, name="p.geojson")
    services.publish_dataset(actor=SYSTEM, dataset=dataset)
    response, text = get(client, "table_map", "parcs", resource.slug)
    drawn = response.context["map"]
    assert (drawn.points, drawn.areas_total, len(drawn.areas), drawn.without) == (9, 40, 40, 1)
    assert drawn.rows == 50 and len(text.encode()) < 100_000
    monkeypatch.setattr(mapping, "SHAPE_ROWS_MAX", 49)
    monkeypatch.setattr(mapping, "SHAPES_MAX", 20)
    # Too many to be drawn: gathered by their first corner, until few are left in a closer map.
    response, text = get(client, "table_map", "parcs", resource.slug)
    gathered = response.context["map"]
    assert "chacune est comptée à son premier sommet" in text and not gathered.areas
    assert (gathered.points, gathered.areas_total, gathered.without) == (49, 0, 1)
    assert sum(one.rows for one in gathered.clusters) == 49 and gathered.rows == 50
    closer = get(client, "table_map", "parcs", resource.slug, query="?box=-71.5,46.7,-71.1,46.9")[0]
    assert (closer.context["map"].points, closer.context["map"].outside) == (9, 40)
    monkeypatch.setattr(mapping, "SHAPES_MAX", 40)
    closer = get(client, "table_map", "parcs", resource.slug, query="?box=-72.1,45.9,-71.9,46.2")[0]
    assert len(closer.context["map"].areas) == closer.context["map"].points == 40


def test_differences_are_those_of_the_tables(client, table):
    dataset, file, _rows = table
    old = dataset.resources.get().current
    get(client, "file_differences", "lieux", file)  # one version: says so
    changed = lines().splitlines()[1:]
    changed[3] = (
        changed[3].replace(changed[3].split(",")[1], "Gaspé", 1) if "," in changed[3] else ""
    )
    changed = [*changed[:10], *changed[12:], "900,Neuve,,5,,", "901,Neuve,,5,,"]
    new = services_publish(dataset, HEADER + "\n".join(changed) + "\n")
    query = f"?de={old.sha256}&a={new.sha256}"
    response, text = get(client, "file_differences", "lieux", file, query=query)
    found = response.context["found"]
    assert list(found.key) == ["id"], "guessed"
    pair = store.stored(old), store.stored(new)
    assert found.counts == difference.difference(store.store(), *pair, ["id"])
    assert (found.counts.added, found.counts.removed) == (2, 2)
    kinds = [row.change for row in found.rows]
    assert kinds.count("added") == 2 and kinds.count("removed") == 2
    assert kinds.count("changed") == found.counts.changed == 1
    for words in ("+ ajoutée", "− retirée", "≠ changée", "<del>", "<ins>Gaspé</ins>"):
        assert words in text.replace("\u00a0", " ")
    _response, content = get(client, "file_differences_csv", "lieux", file, query=query)
    given = list(csv.DictReader(io.StringIO(content)))
    cells = difference.changes(store.store(), *pair, ["id"]).read_all().num_rows
    assert len(given) == cells > 3
    # By whole rows, the changed one is one less and one more; a key that tells nothing is refused.
    whole = get(client, "file_differences", "lieux", file, query=query + "&key=")[0]
    assert whole.context["found"].counts.added == 3
    get(client, "file_differences", "lieux", file, query=query + "&key=ville", status=422)
    for name in ("version_page", "dataset_history"):
        args = ["lieux", new.sha256] if name == "version_page" else ["lieux"]
        link = reverse("file_differences", args=["lieux", file])
        assert f"{link}?a={new.sha256}" in get(client, name, *args)[1]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_are_light_in_both_languages(client, language, table, django_assert_max_num_queries):
    _dataset, file, _rows = table
    base = reverse("dataset", args=["lieux"])
    assert reverse("table", args=["lieux", file]) == f"/fr/donnees/lieux/tableau/{file}/"
    assert f"/tableau/{file}/" in client.get(base).content.decode()
    words = {"fr": ("tableau", "graphique", "carte"), "en": ("table", "chart", "map")}[language]
    data = {"fr": "donnees", "en": "data"}[language]
    top = f"/{language}/{data}/lieux/{words[0]}/{quote(file)}/"
    for address in (top, f"{top}{words[1]}/", f"{top}{words[2]}/"):
        with django_assert_max_num_queries(25):
            response = client.get(address)
        assert response.status_code == 200 and len(response.content) < 100_000
        assert "style=" not in response.content.decode()
