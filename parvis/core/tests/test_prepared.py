"""A prepared query gives what its queryset gives, and an insert what `save` writes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, OuterRef
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from parvis.core.ids import new_id
from parvis.core.models import Event, Key, Link, Node, State
from parvis.core.prepared import Many, Prepared, insert

pytestmark = pytest.mark.django_db

by_slug = Prepared(
    lambda slug: Node.objects.select_related("space").annotate(
        linked=Exists(Link.objects.filter(source=OuterRef("pk")))
    ).filter(slug=slug),
    slug=models.CharField(),
)  # fmt: skip
by_ids = Prepared(
    lambda ids: Node.objects.filter(pk__in=ids).order_by("slug"), ids=Many(models.UUIDField())
)
inside = Prepared(
    lambda spaces: Node.objects.filter(space__in=spaces).order_by("slug"),
    spaces=Many(models.UUIDField()),
)
ordered = Prepared(
    lambda order, after: (
        Node.objects.filter(created_at__gt=after)
        .order_by(order)
        .values_list("slug", "title", "created_at")[:2]
    ),
    after=models.DateTimeField(),
)
flat = Prepared(
    lambda kind: Node.objects.filter(kind=kind).order_by("slug").values_list("pk", flat=True),
    kind=models.CharField(),
)


def node(slug: str, **more: object) -> Node:
    given = {"kind": "document", "title": {"fr": slug}, "state": State.PUBLIC, **more}
    return Node.objects.create(slug=slug, **given)


def test_rows_of_a_model_come_with_what_is_joined_and_annotated() -> None:
    whole = node("whole")
    part = node("part", space=whole)
    Link.objects.create(source=part, relation="informs", target=whole)
    (found,) = by_slug(slug="part")
    assert found == part and found.title == {"fr": "part"} and found.linked is True
    with CaptureQueriesContext(connection) as seen:
        assert found.space == whole
    assert len(seen) == 0
    (alone,) = by_slug(slug="whole")
    assert alone.space is None and alone.linked is False
    assert by_slug(slug="none") == [] and by_slug.first(slug="none") is None
    found.title = {"fr": "renamed"}
    found.save()
    assert Node.objects.get(pk=part.pk).title == {"fr": "renamed"}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 60])
def test_lists_of_any_length(count: int) -> None:
    rows = [node(f"n{n:02}") for n in range(count)]
    parts = [node(f"p{n:02}", space=row) for n, row in enumerate(rows)]
    other = node("other", space=node("x"))
    assert by_ids(ids=[row.pk for row in rows]) == rows
    assert inside(spaces=[row.pk for row in rows]) == parts
    assert other not in parts


def test_tuples_shapes_and_flat_values() -> None:
    now = timezone.now()
    first, second = node("a", created_at=now), node("b", created_at=now + timedelta(hours=1))
    before = now - timedelta(days=1)
    assert ordered("-slug", after=before) == [
        ("b", {"fr": "b"}, second.created_at),
        ("a", {"fr": "a"}, first.created_at),
    ]
    assert [row[0] for row in ordered("slug", after=before)] == ["a", "b"]
    assert flat(kind="document") == [first.pk, second.pk]


def test_the_sql_is_written_once() -> None:
    node("a")
    by_slug(slug="a")
    with CaptureQueriesContext(connection) as seen:
        assert [row.slug for row in by_slug(slug="a")] == ["a"]
        assert by_slug(slug="'; DROP TABLE core_node; --") == []
    assert len(seen) == 2


def test_what_it_does_not_do_is_refused() -> None:
    with pytest.raises(TypeError):
        Prepared(lambda: Node.objects.values("slug"))()
    with pytest.raises(TypeError):
        Prepared(lambda: Node.objects.prefetch_related("inside"))()


def test_an_insert_writes_what_save_writes() -> None:
    row = Node(kind="document", slug="i", title={"fr": "Été"}, space=node("s"), state=State.PUBLIC)
    insert(row)
    again = Node.objects.get(pk=row.pk)
    for field in Node._meta.concrete_fields:
        assert getattr(again, field.attname) == getattr(row, field.attname)
    row.slug = "j"
    row.save()
    assert Node.objects.get(pk=row.pk).slug == "j"
    key = Key(purpose="test", secret=b"\x00\xff" * 16)
    insert(key)
    assert bytes(Key.objects.get(pk=key.pk).secret or b"") == b"\x00\xff" * 16


def test_an_insert_gives_the_key_that_the_database_counts() -> None:
    events = [Event(verb="x", node=None, data={"n": n}) for n in range(2)]
    for event in events:
        insert(event)
    assert events[0].pk and events[1].pk == events[0].pk + 1
    assert Event.objects.get(pk=events[1].pk).data == {"n": 1}


def test_a_refused_insert_says_so_and_spoils_only_its_savepoint() -> None:
    taken = node("taken")
    with transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic():
            insert(Node(id=new_id(), kind="document", slug="taken"))
        assert Node.objects.get(slug="taken") == taken
