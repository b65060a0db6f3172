"""The messages to owners: broken links by organisation and dataset, discussions that wait."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from parvis.catalogue.discussing.models import Discussion
from parvis.catalogue.models import Dataset, Resource
from parvis.core import keys
from parvis.core.i18n import tr
from parvis.core.models import Organisation
from parvis.notify.messages import absolute, compose
from parvis.site.owners.keepers import Keeper

FOLDER = "owners/mail"
LINES_MAX = 100
_MAC_BYTES = 16


def token_of(email: str) -> str:
    """Return the token of the links that stop these messages: 128 bits of HMAC."""
    data = keys.mac("owner", email.strip().lower())[:_MAC_BYTES]
    return base64.b32encode(data).decode().rstrip("=").lower()


def digest(token: str) -> bytes:
    """Return the 32 bytes that find the row of a token."""
    return hashlib.sha256(token.strip().lower().encode()).digest()


@dataclass(frozen=True)
class Group:
    """What is told of one organisation."""

    name: str
    lines: Sequence[dict[str, Any]]


def _name(owner: Organisation | None) -> str:
    return tr(owner.node.title) if owner else _("Without organisation")


def _grouped(
    rows: Sequence[Any], dataset_of: Callable[[Any], Dataset], line: Callable[[Any], dict[str, Any]]
) -> list[Group]:
    def key(row: Any) -> tuple[str, str]:
        dataset = dataset_of(row)
        return _name(dataset.organisation), str(tr(dataset.node.title))

    kept = sorted(rows, key=key)[:LINES_MAX]
    return [
        Group(name, [line(row) for row in some])
        for name, some in groupby(kept, key=lambda row: key(row)[0])
    ]


def links(keeper: Keeper, rows: Sequence[Resource]) -> Any:
    """Return the message that tells of broken links (at least one), in the reader's language."""

    def line(row: Resource) -> dict[str, Any]:
        page = "desk_dataset" if keeper.staff else "dataset"
        return {
            "dataset": tr(row.dataset.node.title),
            "name": tr(row.name),
            "address": row.url,
            "status": row.check_status or None,
            "since": row.broken_since,
            "url": absolute(reverse(page, args=[row.dataset.node.slug])),
        }

    with override(keeper.language):
        count = len(rows)
        subject = ngettext(
            "%(n)d link of your data does not answer", "%(n)d links of your data do not answer",
            count,
        ) % {"n": count}  # fmt: skip
        desk = absolute(reverse("desk_links")) if keeper.staff else ""
        groups = _grouped(rows, lambda row: row.dataset, line)
        return _message("links", keeper, subject, groups, count, desk)


def discussions(keeper: Keeper, rows: Sequence[Discussion]) -> Any:
    """Return the message that tells of discussions that wait (at least one)."""

    def line(row: Discussion) -> dict[str, Any]:
        page = "desk_data_discussion" if keeper.staff else "data_discussion"
        return {
            "dataset": tr(row.dataset.node.title),
            "title": tr(row.node.title),
            "since": row.waiting_since,
            "url": absolute(reverse(page, args=[row.pk])),
        }

    with override(keeper.language):
        count = len(rows)
        subject = ngettext(
            "%(n)d discussion of your data waits for you",
            "%(n)d discussions of your data wait for you", count,
        ) % {"n": count}  # fmt: skip
        desk = absolute(reverse("desk_data_discussions")) if keeper.staff else ""
        groups = _grouped(rows, lambda row: row.dataset, line)
        return _message("discussions", keeper, subject, groups, count, desk)


def _message(
    name: str, keeper: Keeper, subject: str, groups: Sequence[Group], count: int, desk: str
) -> Any:
    url = absolute(reverse("owner_unsubscribe", args=[token_of(keeper.email)]))
    context = {
        "groups": groups,
        "others": max(0, count - LINES_MAX),
        "desk": desk,
        "staff": keeper.staff,
        "unsubscribe_url": url,
    }
    headers = {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
    }
    return compose(name, keeper.email, subject, context, headers, folder=FOLDER)
