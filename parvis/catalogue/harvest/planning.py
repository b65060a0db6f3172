"""What would become of what was read: one decision for the preview and for the run. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings

from parvis.catalogue.harvest.models import REMOTE_ID_CHARACTERS, HarvestItem, HarvestSource
from parvis.catalogue.harvest.reasons import Refusal, reason
from parvis.catalogue.harvest.remote import Bad, Found, Remote, clean, line
from parvis.catalogue.models import Dataset

ADDED, CHANGED, UNCHANGED = "added", "changed", "unchanged"
RESTORED, DETACHED, FAILED = "restored", "detached", "failed"


@dataclass(frozen=True)
class Planned:
    """One thing of a source, its earlier item, and what is to be done with it."""

    remote_id: str
    title: str
    outcome: str
    item: HarvestItem | None = None
    remote: Remote | None = None
    digest: str = ""
    reason: Mapping[str, Any] | None = None


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _is_global(remote_id: str) -> bool:
    """Whether an identifier means the same thing in every catalogue."""
    return _as_uuid(remote_id) is not None or remote_id.startswith(("http://", "https://"))


def _cleaned(found: Sequence[Found], licence: str) -> list[Planned]:
    """Clean each; what is refused says why. Ids given twice with other words are refused."""
    out: list[Planned] = []
    seen: dict[str, str] = {}
    for one in found:
        given = one.title if isinstance(one, Bad) else next(iter(one.title.values()), "")
        title = line(given, 200)
        known = line(one.remote_id, REMOTE_ID_CHARACTERS)
        remote_id = known or "? " + sha256(repr(one).encode()).hexdigest()[:12]
        if isinstance(one, Bad):
            out.append(Planned(remote_id, title, FAILED, reason=one.reason))
            continue
        digest = one.digest()
        if seen.setdefault(remote_id, digest) != digest:
            other = f"{remote_id[: REMOTE_ID_CHARACTERS - 10]}#{digest[:8]}"
            out.append(Planned(other, title, FAILED, reason=reason("twice")))
            continue
        try:
            remote = clean(one, licence=licence)
        except Refusal as refusal:
            out.append(Planned(remote_id, title, FAILED, reason=refusal.kept))
        else:
            out.append(Planned(remote_id, title, UNCHANGED, remote=remote, digest=digest))
    # One row an identifier: the first word counts.
    return list({one.remote_id: one for one in reversed(out)}.values())[::-1]


def plan(source: HarvestSource, found: Sequence[Found], run: int = 0) -> list[Planned]:
    """Return what becomes of each thing found, in at most three queries.

    `run`: the run that reads; what it has met already with the same words is left out.
    """
    planned = _cleaned(found, source.licence)
    ids = [one.remote_id for one in planned]
    known = {
        item.remote_id: item
        for item in HarvestItem.objects.filter(source=source, remote_id__in=ids).select_related(
            "dataset__node"
        )
    }
    shared = [remote_id for remote_id in ids if _is_global(remote_id)]
    others = dict(
        HarvestItem.objects.filter(
            remote_id__in=shared, dataset__isnull=False, detached_at__isnull=True
        )
        .exclude(source=source)
        .values_list("remote_id", "source__name")
    )
    uuids = [made for remote_id in shared if (made := _as_uuid(remote_id))]
    ours = set(Dataset.objects.filter(pk__in=uuids).values_list("pk", flat=True))
    out = []
    for one in planned:
        item = known.get(one.remote_id)
        if item and run and item.seen_in == run and item.digest == one.digest:
            continue
        why = one.reason or _foreign(one, item, others, ours)
        out.append(
            Planned(
                one.remote_id,
                one.title,
                FAILED if why else _outcome(one, item),
                item,
                one.remote,
                one.digest,
                why,
            )
        )
    return out


def _foreign(
    one: Planned, item: HarvestItem | None, others: Mapping[str, str], ours: set[UUID]
) -> dict[str, Any] | None:
    """Return why a dataset is not this source's to give, or None."""
    if one.remote_id in others:
        return reason("other_source", source=others[one.remote_id])
    here = settings.SITE_URL + "/"
    page = one.remote.url if one.remote else ""
    if _as_uuid(one.remote_id) in ours or one.remote_id.startswith(here) or page.startswith(here):
        return reason("ours")
    return None


def _outcome(one: Planned, item: HarvestItem | None) -> str:
    if item is None or item.dataset is None:
        return DETACHED if item and item.detached_at else ADDED
    if item.detached_at:
        return DETACHED
    if item.state_before:
        return RESTORED
    return UNCHANGED if item.digest == one.digest else CHANGED
