"""What the desk's pages of data share: finding a dataset and its files, keys of forms."""

from typing import Any

from parvis.catalogue.models import Dataset, Resource
from parvis.catalogue.requests import Request
from parvis.core import access
from parvis.core.errors import NotFound
from parvis.core.events import IdempotencyKey


def dataset_of(request: Request, slug: str, *actions: str) -> Dataset:
    """Return a dataset for which this person has one of the rights (to manage it by default).

    Raises SignInNeeded, Forbidden, NotFound.
    """
    rights = actions or ("manage_catalogue",)
    found = (
        Dataset.objects.select_related("node", "organisation__node").filter(node__slug=slug).first()
    )
    if found is None:
        access.require(request.actor, rights[0])
        raise NotFound
    if not any(access.can(request.actor, right, found) for right in rights):
        access.require(request.actor, rights[0], found)
    return found


def resource_of(dataset: Dataset, slug: str) -> Resource:
    """Return a file of a dataset. Raises NotFound."""
    found = dataset.resources.select_related("current", "file").filter(slug=slug).first()
    if found is None:
        raise NotFound
    found.dataset = dataset
    return found


def key_in(request: Request, scope: str, content: Any) -> IdempotencyKey | None:
    """Return the key that a form carried, or None."""
    value = request.POST.get("key", "")
    return (
        IdempotencyKey.of(f"{scope}:{request.actor.person_id}", value, content) if value else None
    )


def content_of(form: Any) -> dict[str, str]:
    """Return what a valid form holds, without its key."""
    return {name: str(value) for name, value in form.cleaned_data.items() if name != "key"}
