"""Announcements: written, changed, removed."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.core.access import Actor
from parvis.core.errors import Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.rows import apply, check_row, holes, site_languages
from parvis.pages import standing
from parvis.pages.addresses import checked_address
from parvis.pages.models import Banner
from parvis.pages.rights import require_pages

FIELDS = ("text", "url", "level", "starts", "ends")
SHOWN_MAX = 3
"""Announcements at once: more, and none is read."""


def _check(banner: Banner) -> None:
    if banner.starts and banner.ends and banner.ends <= banner.starts:
        raise Invalid({"ends": [_("It ends after it starts.")]})
    check_row(banner)
    wrong = holes({"text": banner.text}, site_languages())
    if banner.url:
        try:
            banner.url = checked_address(banner.url)
        except ValueError as error:
            wrong["url"] = [str(error)]
    near = Banner.objects.filter(starts__lt=banner.ends, ends__gt=banner.starts)
    if near.exclude(pk=banner.pk).count() >= SHOWN_MAX:
        wrong["starts"] = [_("Three announcements are shown at these moments already.")]
    if wrong:
        raise Invalid(wrong)


@transaction.atomic
def save_banner(
    *,
    actor: Actor,
    fields: Mapping[str, Any],
    banner: Banner | None = None,
    key: IdempotencyKey | None = None,
) -> Banner:
    """Write an announcement, or change `banner`, and return it. Raises Invalid, Forbidden."""
    if earlier := replayed(key):
        return Banner.objects.get(pk=earlier.data["banner"])
    require_pages(actor)
    row = banner or Banner()
    apply(row, fields, FIELDS)
    _check(row)
    row.save()
    standing.now.forget()
    emit("banner.changed", node=None, actor=actor, data={"banner": row.pk}, key=key)
    return row


@transaction.atomic
def remove_banner(*, actor: Actor, banner: Banner) -> None:
    """Remove an announcement, shown or not. Raises Forbidden."""
    require_pages(actor)
    number = banner.pk
    banner.delete()
    standing.now.forget()
    emit("banner.changed", node=None, actor=actor, data={"banner": number})
