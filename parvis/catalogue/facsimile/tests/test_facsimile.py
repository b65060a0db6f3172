"""Files that are no tables, looked at here: every kind, every refusal, no file that runs."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from PIL import Image

from parvis.catalogue import leftovers, loading, others, services
from parvis.catalogue.facsimile import kinds, making, tasks
from parvis.catalogue.facsimile.models import Facsimile, Leaf
from parvis.catalogue.models import Dataset, Resource
from parvis.catalogue.tests.catalogue_factories import make_dataset
from parvis.catalogue.texts.tests.test_texts import docx_of, pdf_of
from parvis.core import jobs, outbox
from parvis.core.access import SYSTEM
from parvis.core.files import store

pytestmark = pytest.mark.django_db
LINE = "Les glaciers fondent plus vite que dans nos calculs"


def picture_of(kind: str, frames: int = 1, **said: Any) -> bytes:
    """Return a picture of some frames."""
    images = [Image.new("RGB", (900, 400), (40 * n, 90, 120)) for n in range(frames)]
    out = io.BytesIO()
    more = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    images[0].save(out, kind, **more, **said)
    return out.getvalue()


def zip_of(*names: str) -> bytes:
    """Return an archive of small files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, b"x" * 2000)
    return out.getvalue()


def add(dataset: Dataset, name: str, content: bytes, media: str = "", **words: Any) -> Resource:
    """Add a file as programs do: nothing looks at what it is."""
    row = Resource.objects.create(
        dataset=dataset, slug=name.replace(".", "-").lower(), name={"fr": name},
        file=store([content], media or "application/octet-stream"), file_name=name,
        mimetype=media, format=name.rsplit(".", 1)[-1].upper(), **words,
    )  # fmt: skip
    return row


def shown(client: Client, row: Resource, query: str = "", status: int = 200) -> tuple[Any, str]:
    """Return the page of a file."""
    address = reverse("file_preview", args=[row.dataset.node.slug, row.slug]) + query
    response = client.get(address)
    text = response.content.decode().replace("\u00a0", " ").replace("\u202f", " ")
    assert response.status_code == status, text[-2000:]
    assert len(response.content) < 100_000 and "style=" not in text
    return response, text


def work() -> None:
    while outbox.pump():
        pass
    while jobs.run_next():
        pass


def test_pages_pictures_texts_and_lists(
    client: Client, django_assert_max_num_queries: Any, monkeypatch: Any
) -> None:
    """What a desk adds is drawn by the worker, then shown page by page; in both languages."""
    monkeypatch.setattr(making, "BATCH_PAGES", 3)
    monkeypatch.setattr(tasks, "PAGES_MAX", 5)
    dataset = make_dataset("fonte", public=False)
    pdf = pdf_of(
        LINE,
        *[f"Page suivante {n} du rapport sur les glaciers" for n in range(2, 6)],
        "",
        "Derniere page",
    )
    geojson = {"type": "Feature", "properties": {"a": [1]}, "geometry": {
        "type": "Polygon", "coordinates": [[[-72, 46], [-71, 46], [-71, 47], [-72, 46]]],
    }}  # fmt: skip
    files = {
        "rapport.pdf": pdf, "note.docx": docx_of(LINE), "carte.png": picture_of("PNG"),
        "lot.zip": zip_of("a/un.txt", "a/deux.txt", "<script>.csv"),
        "zone.geojson": json.dumps(geojson).encode(),
        "lisez-moi.md": b"# Titre\n\n<b>gras</b>\n\n```\n# code\n```\n",
    }  # fmt: skip
    rows = {}
    for name, content in files.items():
        rows[name] = others.add_other(
            actor=SYSTEM, dataset=dataset, name={"fr": name}, content=content, file_name=name,
            description={"fr": "Le fleuve <vu> du ciel"} if name == "carte.png" else None,
        )  # fmt: skip
    address = reverse("file_preview", args=["fonte", rows["rapport.pdf"].slug])
    assert client.get(address).status_code == 404, "a draft"
    services.publish_dataset(actor=SYSTEM, dataset=dataset)
    _response, text = shown(client, rows["rapport.pdf"])
    assert "L’aperçu se prépare" in text, "never made in a request"
    work()
    assert tasks.ask() == 0, "once"
    # A PDF: each page has a picture, its text, its address.
    with django_assert_max_num_queries(14):
        response, text = shown(client, rows["rapport.pdf"])
    assert f"<h1>{rows['rapport.pdf'].name['fr']}</h1>" in text and LINE in text
    assert 'alt="Page 1 sur 7 : en plus grand"' in text and 'rel="next" href="?page=2"' in text
    assert Leaf.objects.filter(facsimile=rows["rapport.pdf"].file_id).count() == 10
    for number, words, drawn in (
        (5, "Page suivante 5", True), (6, "est une image, ou elle est vide", False),
        (7, "Derniere page", False),
    ):  # fmt: skip
        text = shown(client, rows["rapport.pdf"], f"?page={number}")[1]
        assert words in text and LINE not in text and ('class="leaf' in text) is drawn
        assert ("Seules les premières pages" in text) is not drawn
    large = response.context["leaves"][-1]
    leaf = reverse("file_leaf", args=["fonte", rows["rapport.pdf"].slug, 1, large.file.sha256[:20]])
    assert leaf in response.content.decode()
    given = client.get(leaf)
    pixels = Image.open(io.BytesIO(b"".join(given)))  # type: ignore[arg-type]
    assert pixels.size == (1440, 480) and given["Content-Type"] == "image/webp"
    assert min(pixels.convert("L").getdata()) < 100, "something is written on it"
    assert "sandbox" in given["Content-Security-Policy"] and given["X-Content-Type-Options"]
    assert client.get(leaf, headers={"If-None-Match": given["ETag"]}).status_code == 304
    assert client.get(leaf.replace("/1-", "/2-")).status_code == 404
    assert LINE in shown(client, rows["note.docx"])[1]
    text = shown(client, rows["carte.png"])[1]
    assert 'alt="Le fleuve &lt;vu&gt; du ciel"' in text and "srcset=" in text
    text = shown(client, rows["lot.zip"])[1]
    assert "3 fichiers dans cette archive" in text and "&lt;script&gt;.csv" in text
    response, text = shown(client, rows["zone.geojson"])
    assert response.context["map"].areas_total == 1 and 'class="series"' in text
    shown(client, rows["zone.geojson"], "?box=9,9,1,1", status=422)
    table = Facsimile.objects.get(kind="places").table
    assert table["sha256"] in leftovers.tables_kept(), "swept away neither at once nor later"
    loading.drop_table(table["sha256"])
    assert shown(client, rows["zone.geojson"])[0].context["map"]
    text = shown(client, rows["lisez-moi.md"])[1]
    assert "<h3>Titre</h3>" in text and "# code" in text and "## code" not in text
    assert "&lt;b&gt;gras" in text and "<b>" not in text
    assert "&lt;b&gt;" in shown(client, rows["lisez-moi.md"], "?as=source")[1]
    # The dataset leads there, with no more queries; its table has a page of its own.
    text = client.get(reverse("dataset", args=["fonte"])).content.decode()
    assert text.count("/fr/donnees/fonte/apercu/") == len(files)
    table = dataset.resources.get(current__isnull=False)
    answer = client.get(reverse("file_preview", args=["fonte", table.slug]))
    assert answer.status_code == 302 and "/tableau/" in answer["Location"]
    with translation.override("en"):
        text = shown(client, rows["rapport.pdf"], "?page=99")[1]
        assert "Page 7 of 7" in text and "/en/data/fonte/preview/" in text
    services.make_private(actor=SYSTEM, dataset=dataset)
    assert client.get(address).status_code == client.get(leaf).status_code == 404


def test_what_cannot_be_shown_says_so_and_nothing_runs(client: Client, monkeypatch: Any) -> None:
    """Damaged, false, hostile, unknown: words for each; what is served never runs."""
    dataset = make_dataset("divers")
    now = dataset.resources.get().published_at
    script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    wanted = {
        "faux.pdf": (b"%PDF-1.4 rien", "abîmé"),
        "faux.png": (b"GIF89a" + b"\0" * 40, "abîmé"),
        "bombe.jpg": (b"\xff\xd8\xff" + b"\0" * 999, "abîmé"),
        "faux.zip": (b"PK\x03\x04" + b"\0" * 99, "abîmé"),
        "faux.docx": (zip_of("x"), "abîmé"),
        "faux.geojson": (b'{"a": [1', "abîmé"),
        "film.mp4": (b"\0\0\0\x18ftyp", "ne sont pas montrés ici"),
        "faux.txt": (b"MZ\0\0\0", "pas du texte"),
        "carte.svg": (script, "&lt;script&gt;alert(1)"),
        "page.html": (script, "&lt;script&gt;alert(1)"),
        "vide.txt": (b"", "Lignes 1 à 1 sur 1"),
        "court.json": (b'{"b": {"c": [1, 2]}, "d": "' + b"x" * 3000 + b'"}', "Mis en lignes"),
        "faux.json": (b"[" * 30_000, "raccourcies"),
        "long.log": (b"caf\xe9 <i>\r\n" * 51_000, "Seul le début est montré"),
        "anime.gif": (picture_of("GIF", 3), "900 × 400"),
        "scan.tif": (picture_of("TIFF", 2), "900 × 400"),
    }
    media = {"carte.svg": "image/svg+xml", "page.html": "text/html"}
    rows = {
        name: add(dataset, name, content, media.get(name, ""), published_at=now)
        for name, (content, _words) in wanted.items()
    }
    assert tasks.ask() == 8
    work()
    for name, (_content, words) in wanted.items():
        text = shown(client, rows[name])[1]
        assert words in text and "<script>alert" not in text, name
    text = shown(client, rows["long.log"], "?page=3")[1]
    assert "café &lt;i&gt;" in text and '<ol class="code" start="501"' in text
    assert shown(client, rows["court.json"])[1].count("<li>") > 5
    for name in media:
        address = reverse("ckan_download", args=[dataset.pk, rows[name].pk, name])
        answer = client.get(address)
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
    assert kinds.kind_of(Resource(file_name="x", mimetype="application/pdf")) == "pdf"
    # The same contents elsewhere: drawn once. A table that a map is drawn from is not dropped.
    add(dataset, "encore.gif", wanted["anime.gif"][0], published_at=now)
    assert tasks.ask() == 0
    for attempt in ("?page=0", "?page=-1", "?page=x", "?as=%00", "?page=9999999", "?box=1"):
        shown(client, rows["long.log"], attempt)
    for args in (["divers", "rien"], ["rien", "long-log"]):
        assert client.get(reverse("file_preview", args=args)).status_code == 404
    # Once no dataset holds a file, its preview goes too, and its pictures are left to nobody.
    held = Facsimile.objects.count()
    Resource.objects.filter(file=rows["scan.tif"].file).delete()
    leftovers.sweep()
    assert Facsimile.objects.count() == held - 1
    leaves = Leaf.objects.filter(facsimile=rows["scan.tif"].file_id)
    assert not leaves.exists() and rows["anime.gif"].file.facsimile.leaves.exists()


def test_what_the_process_answers_is_checked(tmp_path: Path, monkeypatch: Any) -> None:
    """A reader that a file took over cannot make us keep what is no picture."""
    good = picture_of("WEBP")
    assert making.size_of_webp(good) == (900, 400)
    assert making.size_of_webp(picture_of("WEBP", lossless=True)) == (900, 400)
    assert making.size_of_webp(picture_of("PNG")) is making.size_of_webp(b"RIFF") is None
    said = {"number": 1, "width": 900, "height": 400, "bytes": len(good)}
    for head, body, state in (
        (said, good, "ready"), ({**said, "width": 901}, good, "damaged"),
        (said, picture_of("PNG"), "damaged"), ({**said, "bytes": -1}, good, "damaged"),
        ({"state": "waiting"}, b"", "damaged"), ([1], b"", "damaged"),
    ):  # fmt: skip
        output = json.dumps(head).encode() + b"\n" + body + b'{"state": "ready", "pages": 1}\n'
        assert making._answer(io.BytesIO(output)).state == state, head
    assert making._answer(io.BytesIO(b"")).state == "damaged"
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of(*[f"{n}\u202e" for n in range(2_100)]))
    made = making.make("archive", path)
    assert (made.state, made.pages, len(made.parts), made.cut) == ("ready", 2_100, 2_000, True)
    assert made.parts[7] == ["7", 2000]
    assert making.make("archive", path, seconds_max=0.0).state == "too_long"
    monkeypatch.setattr(making, "ANSWER_BYTES", 50)
    assert making.make("archive", path).state == "too_long"
    assert not Facsimile.objects.exists()
