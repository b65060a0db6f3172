"""The library of pictures: what is accepted, what is made of it, what is refused, and why."""

import io
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image as Pillow

from parvis.core import pictures
from parvis.core.access import SYSTEM
from parvis.core.errors import Conflict, Forbidden, Invalid
from parvis.core.models import File
from parvis.pages import markup, media, services
from parvis.pages.models import Image, ImageSize
from parvis.pages.tests.pages_factories import (
    both,
    make_block,
    make_image,
    make_news,
    make_page,
    picture,
)
from tests.factories import make_actor, make_person, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_every_format_becomes_three_sizes_in_two_formats(kind: str) -> None:
    made = pictures.read(f"x.{kind.lower()}", picture(kind=kind))
    assert [(s.width, s.extension) for s in made.sizes] == [
        (width, ending) for width in (320, 640, 1280) for ending in ("webp", "jpg")
    ]
    assert (made.width, made.height) == (1280, 720)
    for size in made.sizes:
        with Pillow.open(io.BytesIO(size.content)) as again:
            assert again.size == (size.width, size.height)


def test_nothing_is_enlarged_and_what_is_see_through_stays_so() -> None:
    made = pictures.read("x.png", picture((200, 100), mode="RGBA"))
    assert [(s.width, s.height, s.extension) for s in made.sizes] == [
        (200, 100, "webp"), (200, 100, "png")
    ]  # fmt: skip
    with Pillow.open(io.BytesIO(made.sizes[1].content)) as again:
        assert again.mode == "RGBA"


def test_place_date_and_camera_are_removed_and_the_picture_stands_upright() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Appareil-Espion"
    exif.get_ifd(0x8825)[1] = "N"
    content = picture((400, 200), "JPEG", exif=exif, comment=b"Commentaire-Secret")
    assert b"Appareil-Espion" in content
    made = pictures.read("photo.jpg", content)
    assert (made.width, made.height) == (200, 400)
    for size in made.sizes:
        with Pillow.open(io.BytesIO(size.content)) as again:
            assert not again.getexif() and "comment" not in again.info
        assert b"Espion" not in size.content and b"Secret" not in size.content


def bomb(width: int, height: int) -> bytes:
    """Return a PNG whose header announces a huge picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", body), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def animated() -> bytes:
    out = io.BytesIO()
    frames = [Pillow.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


BAD = {
    "svg": ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Seules les images"),
    "gif": ("x.gif", b"GIF89a", "Seules les images"),
    "page": ("x.png", b"<html><script>alert(1)</script>", "lisible"),
    "empty": ("x.png", b"", "lisible"),
    "lie": ("x.png", picture((20, 20), "JPEG"), "malgré son nom"),
    "cut": ("x.jpg", picture((400, 300), "JPEG")[:3000], "abîmée"),
    "cut png": ("x.png", picture((400, 300))[:4000], "abîmée"),
    "bomb": ("x.png", bomb(60_000, 60_000), "trop grande"),
    "wide": ("x.png", bomb(30_000, 10), "trop grande"),
    "just over": ("x.png", bomb(7_000, 6_000), "trop grande"),
    "hollow": ("x.png", bomb(3_000, 2_000), "abîmée"),
    "moving": ("x.webp", animated(), "animées"),
    "heavy": ("x.png", b"\x89PNG\r\n\x1a\n" + b"0" * 10_000_001, "10 Mo"),
    "no ending": ("png", picture((20, 20))[:9], "lisible"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_get_a_clear_error(name: str) -> None:
    file, content, words = BAD[name]
    with pytest.raises(Invalid) as caught:
        pictures.read(file, content)
    assert words in str(caught.value.errors["file"][0]).replace("\u00a0", " ")


def test_a_picture_says_what_it_shows_or_that_it_decorates() -> None:
    for fields in ({"alt": {}}, {"alt": {"fr": "Une carte"}}):
        with pytest.raises(Invalid) as caught:
            make_image(**fields)
        assert "alt" in caught.value.errors
    row = make_image(alt={}, decorative=True)
    assert 'alt=""' in markup.picture(row)
    with pytest.raises(Invalid, match="numéro"):
        make_image()  # the same pixels again


def test_a_text_shows_a_picture_with_its_words_and_sizes(client: Client) -> None:
    image = make_image()
    make_page(body=both(f"Voici ![autre chose](media:{image.pk}) et ![parti](media:999)"))
    text = client.get("/fr/pages/a-propos/").content.decode()
    assert 'alt="Une carte du Québec"' in text and "autre chose" not in text
    assert "parti" in text and 'src="media:' not in text
    pattern = r'<img src="(/media/[^"]+)" srcset="([^"]+)"[^>]* width="800" height="450"'
    shown = re.search(pattern, text)
    assert shown and "320w" in shown[2] and "800w" in shown[2]
    english = client.get("/en/pages/a-propos/").content.decode()
    assert 'alt="Une carte du Québec (en)"' in english
    answer = client.get(shown[1])
    assert answer.status_code == 200 and answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert len(b"".join(answer.streaming_content)) > 1000
    again = client.get(shown[1], headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304
    for wrong in ("/media/1-640-0000000000000000.jpg", f"{shown[1][:-3]}exe", "/media/../x"):
        assert client.get(wrong).status_code == 404


def test_the_pictures_of_a_text_cost_two_queries() -> None:
    ids = [make_image(size=(100 + n, 100)).pk for n in range(4)]
    for few in (ids[:1], ids):
        text = " ".join(f"![](media:{pk})" for pk in few)
        with CaptureQueriesContext(connection) as caught:
            markup.render(text)
        assert len(caught) == 3


def test_a_picture_is_removed_with_its_bytes_once_nothing_shows_it() -> None:
    image = make_image()
    words = both(f"![](media:{image.pk})")
    page = make_page(body=words)
    written = make_page("ecrite")
    services.save_page(actor=SYSTEM, page=written,
                       texts={**services.texts_of(written), "body": words})  # fmt: skip
    news, body = make_news(image=image), make_news("autre", body=words)
    block = make_block(body=words)
    other = make_page("dix", body=both(f"![](media:{image.pk}0)"))
    assert {use.pk for use in media.uses(image)} == {
        page.pk, written.pk, news.pk, body.pk, block.pk
    }  # fmt: skip
    assert other.pk not in {use.pk for use in media.uses(image)}
    with pytest.raises(Conflict):
        media.remove_image(actor=SYSTEM, image=image)
    lonely = make_image(size=(300, 200))
    paths = [Path(settings.MEDIA_ROOT) / s.file.storage_key for s in lonely.sizes.all()]
    assert paths and all(path.exists() for path in paths)
    number = lonely.pk
    with CaptureOnCommit() as run:
        media.remove_image(actor=SYSTEM, image=lonely)
    run()
    assert not any(path.exists() for path in paths)
    assert not ImageSize.objects.filter(image_id=number).exists()
    assert File.objects.count() == ImageSize.objects.count()


class CaptureOnCommit:
    """Runs what waits for a commit, which a test's transaction never makes."""

    def __enter__(self) -> Any:
        self.start = len(connection.run_on_commit)
        return self._run

    def __exit__(self, *error: object) -> None:
        self.waiting = [entry[1] for entry in connection.run_on_commit[self.start :]]

    def _run(self) -> None:
        for act in self.waiting:
            act()


def test_the_desk_of_pictures(client: Client) -> None:
    make_site()
    client.force_login(make_person("coordinator"))
    page = client.get("/fr/bureau/images/nouvelle/").content.decode()
    assert 'enctype="multipart/form-data"' in page
    upload = SimpleUploadedFile("carte.png", picture((700, 400)))
    said = {"name": "Carte", "alt_fr": "Une carte", "alt_en": "A map", "key": "k"}
    answer = client.post("/fr/bureau/images/nouvelle/", {"file": upload, **said})
    row = Image.objects.get()
    assert answer["Location"] == f"/fr/bureau/images/{row.pk}/"
    bad = SimpleUploadedFile("x.png", b"pas une image")
    answer = client.post("/fr/bureau/images/nouvelle/", {"file": bad, **said, "key": "l"})
    assert answer.status_code == 422 and "lisible" in answer.content.decode()
    assert client.post("/fr/bureau/images/nouvelle/", said).status_code == 422
    client.post(f"/fr/bureau/images/{row.pk}/", {**said, "name": "Autre nom"})
    assert "Autre nom" in client.get("/fr/bureau/images/").content.decode()
    make_page(body=both(f"![](media:{row.pk})"))
    assert "À propos" in client.get(f"/fr/bureau/images/{row.pk}/").content.decode()
    client.post(f"/fr/bureau/images/{row.pk}/supprimer/")
    assert Image.objects.exists()
    with pytest.raises(Forbidden):
        media.remove_image(actor=make_actor("steward"), image=row)
