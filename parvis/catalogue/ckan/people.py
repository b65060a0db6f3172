"""Accounts, tokens, follows, activity and statuses of tasks in the Action API.

People are nobody's business: an account is shown to its owner and to operators only.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from parvis.catalogue import statuses
from parvis.catalogue.ckan import objects
from parvis.catalogue.ckan.errors import NotHere, ValidationFailed
from parvis.catalogue.ckan.finding import dataset_of, find, page_of, required, resource_of
from parvis.catalogue.ckan.incoming import Reader
from parvis.catalogue.ckan.models import TaskStatus
from parvis.catalogue.ckan.organisations import organisations
from parvis.catalogue.ckan.registry import Data, action
from parvis.catalogue.ckan.search import listed, whole
from parvis.core import access, tokens
from parvis.core.access import Actor
from parvis.core.errors import SignInNeeded
from parvis.core.models import ApiToken, Event, Follow, Node, Person, State

_DAY = 86_400


def _self(actor: Actor) -> Person:
    if actor.person is None:
        raise SignInNeeded
    return actor.person


def user_dict(person: Person) -> dict[str, Any]:
    """Return an account; its name is its id, since nobody chooses one here."""
    roles = {role.role for role in person.roles.all()}
    return {
        "id": str(person.pk),
        "name": str(person.pk),
        "fullname": person.display_name,
        "display_name": person.display_name or str(person.pk),
        "email": person.email,
        "about": None,
        "image_url": "",
        "image_display_url": "",
        "created": objects.naive(person.created_at),
        "state": "active" if person.is_active else "deleted",
        "sysadmin": access.OPERATOR in roles,
        "activity_streams_email_notifications": False,
    }


@action()
def user_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return an account: one's own, or any for an operator. id (one's own without it)."""
    person = _self(actor)
    text = str(data.get("id") or person.pk)
    if text.lower() not in {str(person.pk), person.email}:
        access.require(actor, "manage_people")
        pk = objects.is_id(text)
        rows = Person.objects.filter(pk=pk) if pk else Person.objects.filter(email__iexact=text)
        found = rows.first()
        if found is None:
            raise NotHere(f"user {text!r}")
        person = found
    return user_dict(person)


@action()
def user_list(data: Data, actor: Actor) -> list[dict[str, Any]]:
    """Return the accounts: operators only; anybody else gets their own. limit (1,000), offset."""
    person = _self(actor)
    if not access.can(actor, "manage_people"):
        return [user_dict(person)]
    rows = Person.objects.prefetch_related("roles").order_by("created_at", "pk")
    return [user_dict(one) for one in rows[page_of(data, 1_000)]]


def _token_dict(row: ApiToken) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "name": row.name,
        "user_id": str(row.person_id),
        "created_at": objects.naive(row.created_at),
        "last_access": objects.naive(row.last_used_at),
        "expires_at": objects.naive(row.expires_at),
        "scopes": row.scopes,
    }


@action()
def api_token_list(data: Data, actor: Actor) -> list[dict[str, Any]]:
    """Return one's own tokens that still open something, without their secret."""
    rows = ApiToken.objects.filter(person=_self(actor), revoked_at=None).order_by("pk")
    now = timezone.now()
    return [_token_dict(row) for row in rows if row.expires_at is None or row.expires_at > now]


@action(writes=True)
def api_token_create(data: Data, actor: Actor) -> dict[str, Any]:
    """Make a token of one's own, shown this once. name; expires_in (days, or seconds with unit=1)
    or days; scopes: read, write:catalogue. It opens no more, and lasts no longer, than the token
    that makes it."""
    person = _self(actor)
    reader = Reader(data)
    name = reader.text("name", 80)
    if not name:
        reader.wrong("name", "Missing value")
    reader.finish()
    days = None
    if "expires_in" in data or "days" in data:
        unit = whole(data, "unit", _DAY)
        days = -(-whole(data, "expires_in", whole(data, "days", 0)) * unit // _DAY)
        if not 1 <= days <= tokens.DAYS_MAX:
            raise ValidationFailed({"expires_in": [f"1 to {tokens.DAYS_MAX} days"]})
    value = tokens.issue(
        actor=actor, person=person, name=name, days=days, scopes=listed(data, "scopes")
    )
    return {"token": value}


@action(writes=True)
def api_token_revoke(data: Data, actor: Actor) -> None:
    """End a token of one's own. token: its value; or jti (or id): what api_token_list gives."""
    person = _self(actor)
    rows = ApiToken.objects.filter(person=person)
    if value := str(data.get("token") or ""):
        row = rows.filter(digest=tokens.digest(value)).first()
    else:
        text = required(data, "jti", "id")
        row = rows.filter(pk=text).first() if text.isdecimal() else None
    if row is None:
        raise NotHere("token")
    tokens.revoke(actor=actor, token_id=row.pk)


# Follows -------------------------------------------------------------------------------------


def _node(data: Data, actor: Actor, kind: str) -> Node:
    if kind == "dataset":
        return dataset_of(data, actor, "id").node
    row = find(organisations(), required(data, "id"), "group")
    node: Node = row.node
    return node


def _follow(data: Data, actor: Actor, kind: str, *, wanted: bool) -> dict[str, Any] | None:
    person, node = _self(actor), _node(data, actor, kind)
    # Said by name: domains do not import one another, and following is another's.
    follow = import_string("parvis.notify.services.follow")
    changed = follow(actor=actor, node=node, wanted=wanted)
    if wanted and not changed:
        raise ValidationFailed({"message": ["You are already following this"]})
    if not wanted:
        if not changed:
            raise NotHere("You are not following this.")
        return None
    return {
        "follower_id": str(person.pk),
        "object_id": str(node.pk),
        "datetime": objects.naive(timezone.now()),
    }


def _follows(data: Data, actor: Actor, kind: str) -> QuerySet[Follow]:
    return Follow.objects.filter(node=_node(data, actor, kind))


@action(writes=True)
def follow_dataset(data: Data, actor: Actor) -> dict[str, Any] | None:
    """Follow a dataset with one's account. id."""
    return _follow(data, actor, "dataset", wanted=True)


@action(writes=True)
def unfollow_dataset(data: Data, actor: Actor) -> None:
    """Follow a dataset no longer. id."""
    _follow(data, actor, "dataset", wanted=False)


@action(writes=True)
def follow_group(data: Data, actor: Actor) -> dict[str, Any] | None:
    """Follow an organisation with one's account. id."""
    return _follow(data, actor, "group", wanted=True)


@action(writes=True)
def unfollow_group(data: Data, actor: Actor) -> None:
    """Follow an organisation no longer. id."""
    _follow(data, actor, "group", wanted=False)


@action()
def am_following_dataset(data: Data, actor: Actor) -> bool:
    """Return whether one follows a dataset. id."""
    return _follows(data, actor, "dataset").filter(person=_self(actor)).exists()


@action()
def am_following_group(data: Data, actor: Actor) -> bool:
    """Return whether one follows an organisation. id."""
    return _follows(data, actor, "group").filter(person=_self(actor)).exists()


@action()
def dataset_follower_count(data: Data, actor: Actor) -> int:
    """Return how many people follow a dataset. id."""
    return _follows(data, actor, "dataset").count()


@action()
def organization_follower_count(data: Data, actor: Actor) -> int:
    """Return how many people follow an organisation. id."""
    return _follows(data, actor, "group").count()


@action()
def group_follower_count(data: Data, actor: Actor) -> int:
    """Return how many people follow an organisation. id."""
    return _follows(data, actor, "group").count()


def _followed(actor: Actor, kind: str) -> QuerySet[Follow]:
    rows = Follow.objects.filter(person=_self(actor), node__kind=kind, node__state=State.PUBLIC)
    return rows.select_related("node").order_by("-at", "-pk")


@action()
def followee_count(data: Data, actor: Actor) -> int:
    """Return how many datasets and organisations one follows."""
    return _followed(actor, "dataset").count() + _followed(actor, "organisation").count()


@action()
def followee_list(data: Data, actor: Actor) -> list[dict[str, Any]]:
    """Return the datasets and organisations that one follows."""
    return [
        {"type": name, "display_name": objects.plain(row.node.title), "dict": _short(row.node)}
        for name, kind in (("dataset", "dataset"), ("organization", "organisation"))
        for row in _followed(actor, kind)
    ]


def _short(node: Node) -> dict[str, str]:
    return {"id": str(node.pk), "name": node.slug, "title": objects.plain(node.title)}


@action()
def dataset_followee_list(data: Data, actor: Actor) -> list[dict[str, str]]:
    """Return the datasets that one follows."""
    return [_short(row.node) for row in _followed(actor, "dataset")]


# Activity ------------------------------------------------------------------------------------

_ACTIVITIES = {
    "dataset.drafted": "new package",
    "dataset.published": "changed package",
    "dataset.changed": "changed package",
    "dataset.made_private": "changed package",
    "dataset.withdrawn": "deleted package",
}


@action()
def package_activity_list(data: Data, actor: Actor) -> list[dict[str, Any]]:
    """Return what happened to a dataset, the newest first, without saying who did it. id, limit
    (31), offset."""
    dataset = dataset_of(data, actor, "id")
    rows = Event.objects.filter(node=dataset.node, verb__in=_ACTIVITIES)
    first = rows.order_by("id").values_list("pk", flat=True).first()
    part = page_of({"limit": 31, **data}, 100)
    return [
        {
            "id": objects.stable_id("event", str(row.pk)),
            "timestamp": objects.naive(row.at),
            "user_id": None,
            "object_id": str(dataset.pk),
            "activity_type": "new package" if row.pk == first else _ACTIVITIES[row.verb],
            "data": {"package": {**_short(dataset.node), "id": str(dataset.pk)}},
        }
        for row in rows.order_by("-id")[part]
    ]


# Statuses of tasks ---------------------------------------------------------------------------


def _status_dict(row: TaskStatus) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "entity_id": str(row.entity_id),
        "entity_type": row.entity_type,
        "task_type": row.task_type,
        "key": row.key,
        "value": row.value,
        "state": row.state,
        "error": row.error,
        "last_updated": objects.naive(row.last_updated),
    }


def _entity(data: Data, actor: Actor) -> UUID:
    """Return the id of the resource or dataset that a status is of. Raises NotHere, Forbidden."""
    access.require(actor, "manage_catalogue")
    if data.get("entity_type") in {None, "", "resource"}:
        dataset, row = resource_of(data, actor, "entity_id")
        pk = row.pk
    else:
        dataset = dataset_of(data, actor, "entity_id")
        pk = dataset.pk
    access.require(actor, "manage_catalogue", dataset)
    return pk


@action()
def task_status_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return where a task is. id; or entity_id, task_type and key."""
    if pk := objects.is_id(str(data.get("id") or "")):
        row = TaskStatus.objects.filter(pk=pk).first()
    else:
        text, kind, key = (required(data, name) for name in ("entity_id", "task_type", "key"))
        entity = objects.is_id(text)
        rows = TaskStatus.objects.filter(task_type=kind, key=key)
        row = rows.filter(entity_id=entity).first() if entity else None
    if row is None:
        raise NotHere("task status")
    _entity({"entity_id": str(row.entity_id), "entity_type": row.entity_type}, actor)
    return _status_dict(row)


def _put_status(data: Data, actor: Actor) -> dict[str, Any]:
    reader = Reader(data)
    for name in ("entity_id", "task_type", "key"):
        if not reader.text(name):
            reader.wrong(name, "Missing value")
    reader.finish()
    entity = _entity(data, actor)
    row = statuses.put_status(
        actor=actor,
        entity_id=entity,
        task_type=reader.text("task_type", 80),
        key=reader.text("key", 80),
        values={
            "entity_type": reader.text("entity_type", 40) or "resource",
            "value": reader.text("value", 10_000),
            "state": reader.text("state", 40),
            "error": reader.text("error", 10_000),
            "last_updated": _moment(reader.text("last_updated")),
        },
    )
    return _status_dict(row)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return timezone.now()
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@action(writes=True)
def task_status_update(data: Data, actor: Actor) -> dict[str, Any]:
    """Say where a task is. entity_id (a resource, or a dataset with entity_type), task_type, key,
    value, state, error, last_updated."""
    return _put_status(data, actor)


@action(writes=True)
def task_status_update_many(data: Data, actor: Actor) -> dict[str, Any]:
    """Say where several tasks are. data: list of what task_status_update takes."""
    rows = data.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValidationFailed({"data": ["Missing value"]})
    return {"results": [_put_status(row, actor) for row in rows[:1_000]]}


@action(writes=True)
def task_status_delete(data: Data, actor: Actor) -> None:
    """Forget where a task is. id."""
    pk = objects.is_id(required(data, "id"))
    row = TaskStatus.objects.filter(pk=pk).first() if pk else None
    if row is None:
        raise NotHere("task status")
    _entity({"entity_id": str(row.entity_id), "entity_type": row.entity_type}, actor)
    statuses.drop_status(actor=actor, row=row)
