"""Which datasets and files an actor may see: everybody what is public, staff their drafts too."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from parvis.catalogue.models import Dataset, Resource, Version
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.models import State

KEPT = (State.DRAFT, State.PRIVATE, State.WITHDRAWN)
"""What only the staff of a dataset sees."""
_ACTIONS = ("read_catalogue", "manage_catalogue")


def _mine(actor: Actor) -> Q | None:
    """Return which datasets are of this actor's organisations; None: none, Q(): every one."""
    opened = [name for name in _ACTIONS if actor.only is None or name in actor.only]
    roles = {role for name in opened for rule in access.MATRIX[name] for role in rule.roles}
    if actor.roles & roles:
        return Q()
    scopes = [scope for role, scope in actor.scopes if role in roles]
    return Q(organisation__in=scopes) | Q(pk__in=scopes) if scopes else None


def visible(actor: Actor) -> QuerySet[Dataset]:
    """Return the datasets that an actor may see, each with node, organisation and files.

    The files are in `published`: for staff also those that wait, but not tables taken away, whose
    versions stay at their addresses only.
    """
    mine = _mine(actor)
    states = Q(node__state=State.PUBLIC)
    if mine is not None:
        states |= Q(node__state__in=KEPT) & mine
    return (
        Dataset.objects.filter(states)
        .select_related("node", "organisation__node", "organisation__face")
        .prefetch_related(files(everything=mine is not None), "ckan_groups")
    )


def standing() -> Q:
    """Return which files are there: shown, or never shown yet."""
    versions = Version.objects.filter(resource=OuterRef("pk"))
    return (
        Q(published_at__isnull=False)
        | Exists(versions.filter(published_at__isnull=True))
        | ~Exists(versions)
    )


def files(*, everything: bool = False) -> Prefetch:
    """Prefetch files as `published`, each with its version and, for staff, the one that waits."""
    rows = (
        Resource.objects.select_related(
            "current__original__file", "current__conformity", "file", "table"
        )
        .defer("current__profile")
        .order_by("position", "pk")
    )
    if not everything:
        return Prefetch("resources", rows.filter(published_at__isnull=False), to_attr="published")
    waiting = Version.objects.filter(published_at__isnull=True)
    waiting = waiting.select_related("original__file", "conformity")
    rows = rows.filter(standing()).prefetch_related(
        Prefetch("versions", waiting.defer("profile"), to_attr="waiting")
    )
    return Prefetch("resources", rows, to_attr="published")


def shown_version(resource: Resource) -> Version | None:
    """Return the version of a table that the asker gets, or None for what is no table."""
    if resource.current is not None:
        return resource.current
    waiting: Iterable[Any] = getattr(resource, "waiting", ())
    return next(iter(waiting), None)
