"""Pages, news, pictures and announcements for tests, made by the services."""

import io
from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from PIL import Image as Pillow

from parvis.core.access import SYSTEM
from parvis.pages import banners, blocks, hosts, media, newsroom, services
from parvis.pages.models import Banner, Block, HostName, Image, News, Page
from tests.factories import make_site


def both(text: str) -> dict[str, str]:
    """Return a text in French and English."""
    return {"fr": text, "en": f"{text} (en)"}


def make_page(slug: str = "a-propos", *, public: bool = True, **texts: Any) -> Page:
    """Return a page, public by default."""
    make_site()
    given = {"title": both("À propos"), "summary": both("En bref."), "body": both("Le texte.")}
    page = services.create_page(actor=SYSTEM, texts={**given, **texts}, slug=slug)
    return services.publish_page(actor=SYSTEM, page=page) if public else page


def make_news(slug: str = "annonce", *, public: bool = True, title: str = "Une annonce",
              **fields: Any) -> News:  # fmt: skip
    """Return a piece of news, public by default."""
    make_site()
    consultations = fields.pop("consultations", ())
    given = {"dated_on": date(2026, 3, 1), "lead": both("En bref."), "body": both("Le texte.")}
    news = newsroom.draft_news(
        actor=SYSTEM, title=both(title), fields={**given, **fields}, slug=slug,
        consultations=consultations,
    )  # fmt: skip
    return newsroom.publish_news(actor=SYSTEM, news=news) if public else news


def make_external(slug: str = "communique", **fields: Any) -> News:
    """Return a link to a release published elsewhere."""
    given = {
        "form": "external", "lead": {}, "body": {}, "publisher": "Le ministère",
        "external_url": "https://exemple.test/communique",
    }  # fmt: skip
    return make_news(slug, title="Le titre du communiqué", **{**given, **fields})


def picture(
    size: tuple[int, int] = (1600, 900), kind: str = "PNG", mode: str = "RGB", **save: Any
) -> bytes:
    """Return the bytes of a picture."""
    out = io.BytesIO()
    Pillow.effect_mandelbrot(size, (-2, -1, 1, 1), 20).convert(mode).save(out, kind, **save)
    return out.getvalue()


def make_image(name: str = "Carte", *, size: tuple[int, int] = (800, 450), **fields: Any) -> Image:
    """Return a picture of the library."""
    make_site()
    given = {"name": name, "alt": both("Une carte du Québec")}
    return media.add_image(
        actor=SYSTEM, file=("carte.png", picture(size)), fields={**given, **fields}
    )


def make_banner(hours: tuple[float, float] = (-1, 1), **fields: Any) -> Banner:
    """Return an announcement, shown now by default; hours are from now."""
    make_site()
    now = timezone.now()
    given = {
        "text": both("Le site sera fermé ce soir."),
        "starts": now + timedelta(hours=hours[0]),
        "ends": now + timedelta(hours=hours[1]),
    }
    return banners.save_banner(actor=SYSTEM, fields={**given, **fields})


def make_block(kind: str = "text", **fields: Any) -> Block:
    """Return a block of the home page."""
    make_site()
    given: dict[str, Any] = {"title": both("Un bloc")}
    if kind == "text":
        given["body"] = both("Des mots.")
    if kind == "links":
        given["links"] = {"fr": "Les données | /fr/donnees/", "en": "The data | /en/data/"}
    return blocks.add_block(actor=SYSTEM, kind=kind, fields={**given, **fields})


def make_host(host: str = "Consultation.Québec.ca", **fields: Any) -> HostName:
    """Return another name of the site."""
    return hosts.save_host(actor=SYSTEM, host=host, fields={"section": "consultations", **fields})
