"""The library of pictures: added, described, used, removed. One transaction each."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from parvis.core import files, pictures
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import LANGUAGES, missing
from parvis.core.models import File
from parvis.core.rows import LANGUAGE_NAMES, apply, check_row, site_languages
from parvis.pages.models import Block, Image, ImageSize, News, Page
from parvis.pages.rights import require_pages

FIELDS = ("name", "alt", "decorative", "credit")
MEDIA_TYPES = {"webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}


def _check(image: Image) -> None:
    """Refuse a picture that says nothing to who does not see it. WCAG 2.2, 1.1.1."""
    check_row(image)
    if image.decorative:
        image.alt = {}
        return
    if absent := missing(image.alt, site_languages()):
        raise Invalid(
            {
                "alt": [
                    _("Say what the picture shows (%(language)s), or say that it only decorates.")
                    % {"language": LANGUAGE_NAMES.get(code, code)}
                    for code in absent
                ]
            }
        )


@transaction.atomic
def add_image(
    *,
    actor: Actor,
    file: tuple[str, bytes],
    fields: Mapping[str, Any],
    key: IdempotencyKey | None = None,
) -> Image:
    """Add a picture and return it; `file` is (name, bytes). The bytes received are not kept.

    Raises Invalid, Forbidden; Invalid too for a picture that the library has already.
    """
    if earlier := replayed(key):
        return Image.objects.get(pk=earlier.data["image"])
    require_pages(actor)
    # What is said is checked first: it costs less than reading pixels.
    row = Image(width=1, height=1, sha256="0" * 64)
    apply(row, fields, FIELDS)
    _check(row)
    picture = pictures.read(*file)
    largest = picture.sizes[-1]
    row.width, row.height = picture.width, picture.height
    row.sha256 = hashlib.sha256(largest.content).hexdigest()
    if twin := Image.objects.filter(sha256=row.sha256).first():
        raise Invalid(
            {"file": [_("The library has this picture already: number %(n)d.") % {"n": twin.pk}]}
        )
    row.save(force_insert=True)
    for size in picture.sizes:
        ImageSize.objects.create(
            image=row, width=size.width, height=size.height, extension=size.extension,
            file=files.store([size.content], MEDIA_TYPES[size.extension]),
        )  # fmt: skip
    emit("media.added", node=None, actor=actor, data={"image": row.pk}, key=key)
    return row


@transaction.atomic
def change_image(*, actor: Actor, image: Image, fields: Mapping[str, Any]) -> Image:
    """Change what is said of a picture, wherever it is used. Raises Invalid, Forbidden."""
    require_pages(actor)
    apply(image, fields, FIELDS)
    _check(image)
    image.save()
    emit("media.changed", node=None, actor=actor, data={"image": image.pk})
    return image


def _holding(field: str, words: str) -> Q:
    found = Q()
    for code in LANGUAGES:
        found |= Q(**{f"{field}__{code}__icontains": words})
    return found


def uses(image: Image) -> list[models.Model]:
    """Return the pages (public or being written), news and blocks that show a picture."""
    words = f"](media:{image.pk})"
    pages = Page.objects.filter(_holding("body", words) | _holding("working__body", words))
    news = News.objects.filter(Q(image=image) | _holding("body", words))
    return [
        *pages.select_related("node").order_by("node__slug"),
        *news.select_related("node").order_by("node__slug"),
        *Block.objects.filter(_holding("body", words)),
    ]


@transaction.atomic
def remove_image(*, actor: Actor, image: Image) -> None:
    """Remove a picture and its bytes. Raises Conflict while something shows it, Forbidden."""
    require_pages(actor)
    if uses(image):
        raise Conflict(_("This picture is shown somewhere: take it out there first."))
    held = [size.file for size in image.sizes.select_related("file")]
    number = image.pk
    image.delete()
    for file in held:
        _let_go(file)
    emit("media.removed", node=None, actor=actor, data={"image": number})


def _let_go(file: File) -> None:
    """Remove a file that nothing holds any more: bytes are kept once, whoever brought them."""
    try:
        with transaction.atomic():
            file.delete()
    except (models.ProtectedError, models.RestrictedError):
        return
    path = files.path_of(file)
    transaction.on_commit(lambda: path.unlink(missing_ok=True))
