"""The kernel: one write, one event; the outbox; jobs; search; codes; cache; logs."""

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from parvis.core import access, files, jobs, keys, outbox, search
from parvis.core.cache import PageCache, bump
from parvis.core.errors import Conflict, Forbidden, Invalid, SignInNeeded
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import clean_text, typeset
from parvis.core.logs import JsonFormatter, mask
from parvis.core.models import Delivery, Event, Job, Node, State
from parvis.core.thread import RELATIONS, link, walk
from tests.factories import make_actor, make_person


def _node(kind: str, slug: str, title: str = "Titre", **more: object) -> Node:
    return Node.objects.create(
        kind=kind, slug=slug, title={"fr": title, "en": title}, state=State.PUBLIC, **more
    )


@pytest.mark.django_db
def test_an_event_needs_its_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parvis.core.events.connection", SimpleNamespace(in_atomic_block=False))
    with pytest.raises(RuntimeError):
        emit("site.changed", node=None)


@pytest.mark.django_db
def test_an_unknown_verb_undoes_the_change() -> None:
    with pytest.raises(KeyError), transaction.atomic():
        _node("theme", "gone")
        emit("nobody.knows", node=None)
    assert not Node.objects.filter(slug="gone").exists()


@pytest.mark.django_db
def test_the_same_key_is_one_event_and_other_content_a_conflict() -> None:
    key = IdempotencyKey.of("scope", "k" * 20, {"a": 1})
    with transaction.atomic():
        event = emit("site.changed", node=None, key=key)
    assert replayed(key) == event
    assert replayed(IdempotencyKey.of("other", "k" * 20, {"a": 1})) is None
    with pytest.raises(Conflict):
        replayed(IdempotencyKey.of("scope", "k" * 20, {"a": 2}))


@pytest.mark.django_db
def test_a_consumer_that_fails_is_seen_and_tried_again(
    settings: object, monkeypatch: object
) -> None:
    seen: list[int] = []
    broken = [True]

    def consume(events: list[Event]) -> None:
        if broken[0]:
            raise ValueError("away")
        seen.extend(event.pk for event in events)

    monkeypatch.setattr(outbox, "import_string", lambda name: consume)
    settings.EVENT_CONSUMERS = ["test.consumer"]
    with transaction.atomic():
        event = emit("site.changed", node=None)
    outbox.pump()
    delivery = Delivery.objects.get(event=event)
    assert "away" in delivery.error
    assert not Event.objects.filter(pending=True).exists()
    broken[0] = False
    Delivery.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    outbox.pump()
    assert seen == [event.pk]
    assert not Delivery.objects.exists()


def count_to(progress: object, *, to: int) -> dict[str, int]:
    """A job of the tests."""
    for n in range(to):
        progress(n + 1, to)
    return {"counted": to}


def break_down(progress: object) -> None:
    """A job that fails."""
    raise ValueError("broken")


HERE = "parvis.core.tests.test_kernel"


@pytest.mark.django_db
def test_jobs_run_fail_retry_and_recover(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = {f"{HERE}.count_to": count_to, f"{HERE}.break_down": break_down}
    monkeypatch.setattr(jobs, "import_string", tasks.__getitem__)
    job = jobs.enqueue(f"{HERE}.count_to", actor=access.SYSTEM, arguments={"to": 3})
    assert jobs.run_next()
    job.refresh_from_db()
    assert (job.state, job.done, job.result) == ("done", 3, {"counted": 3})
    failing = jobs.enqueue(f"{HERE}.break_down", actor=access.SYSTEM)
    for _attempt in range(jobs.ATTEMPTS_MAX):
        Job.objects.update(next_at=timezone.now())
        jobs.run_next()
    failing.refresh_from_db()
    assert (failing.state, failing.error) == ("failed", "ValueError: broken")
    Job.objects.filter(pk=job.pk).update(
        state="running", heartbeat_at=timezone.now() - timedelta(hours=1)
    )
    assert jobs.recover() == 1
    waiting = jobs.enqueue(f"{HERE}.count_to", actor=access.SYSTEM, arguments={"to": 1})
    jobs.cancel(waiting, actor=access.SYSTEM)
    waiting.refresh_from_db()
    assert waiting.state == "cancelled"


@pytest.mark.django_db
def test_only_staff_queue_work() -> None:
    with pytest.raises(SignInNeeded):
        jobs.enqueue(f"{HERE}.count_to", actor=access.NOBODY)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ecoles", True),
        ("école", True),
        ("donnee", True),
        ("DONNÉES", True),
        ("l’école", True),
        ("hôpital", False),
        ("", False),
        ("'; DROP TABLE core_node; --", False),
        ('"', False),
    ],
)
def test_search_folds_then_stems(typed: str, found: bool) -> None:
    node = _node("plan", "ecole", "Les écoles et leurs données")
    search.index([node.pk])
    assert (search.search(typed).count == 1) is found


@pytest.mark.django_db
def test_what_is_hidden_leaves_the_index() -> None:
    node = _node("plan", "secret", "Un secret")
    search.index([node.pk])
    Node.objects.filter(pk=node.pk).update(state=State.HIDDEN)
    assert search.search("secret").hits == []
    search.index([node.pk])
    assert search.search("secret").count == 0


@pytest.mark.django_db
def test_the_thread_refuses_what_is_not_in_its_table() -> None:
    theme, plan = _node("theme", "t"), _node("plan", "p")
    with pytest.raises(Invalid):
        link(theme, "leads_to", plan, actor=access.SYSTEM)
    with pytest.raises(Forbidden):
        link(theme, "answered_by", _node("response", "r"), actor=make_actor())


@pytest.mark.django_db
def test_walk_counts_all_and_names_only_what_is_public() -> None:
    theme, response = _node("theme", "t"), _node("response", "r")
    commitment = _node("commitment", "c")
    link(theme, "answered_by", response, actor=access.SYSTEM)
    link(response, "leads_to", commitment, actor=access.SYSTEM)
    for n in range(5):
        node = _node("contribution", f"x{n}")
        if n:
            Node.objects.filter(pk=node.pk).update(state=State.PRIVATE)
        link(node, "expresses", theme, actor=access.SYSTEM)
    found = walk(commitment)
    assert found.count("contribution") == 5
    assert len(found.of_kind("contribution").nodes) == 1
    assert [level.kind for level in found.levels] == ["response", "theme", "contribution"]


def test_every_relation_reaches_known_words() -> None:
    from parvis.core.thread import LABELS

    assert set(LABELS) == set(RELATIONS)


@pytest.mark.django_db
def test_a_code_is_read_back_however_it_is_typed() -> None:
    from uuid import UUID

    code = keys.receipt_code(UUID(int=7))
    plain = code.replace("-", "")
    assert keys.normalise_code(code) == plain
    assert keys.normalise_code(f" {code.lower()} ") == plain
    assert keys.normalise_code(plain.replace("0", "O").replace("1", "l")) == plain
    wrong = ("2" if plain[0] != "2" else "3") + plain[1:]
    assert keys.normalise_code(wrong) is None
    assert keys.normalise_code("") is None


@given(
    st.text(alphabet=keys.ALPHABET, min_size=16, max_size=16),
    st.integers(0, 15),
    st.integers(1, 31),
)
def test_one_wrong_character_is_always_caught(body: str, place: int, shift: int) -> None:
    code = body + keys._check(body)
    other = keys.ALPHABET[(keys.ALPHABET.index(body[place]) + shift) % 32]
    wrong = body[:place] + other + body[place + 1 :] + code[16:]
    assert keys.normalise_code(code) == code
    assert keys.normalise_code(wrong) is None


def test_the_page_cache_keeps_only_public_answers_until_something_changes() -> None:
    calls: list[str] = []

    def application(environ: dict, start: object) -> list[bytes]:
        calls.append(environ["PATH_INFO"])
        public = environ["PATH_INFO"] == "/public"
        start(
            "200 OK",
            [
                ("Content-Type", "text/html"),
                ("Cache-Control", "public" if public else "private, no-store"),
            ],
        )
        return [b"page"]

    cache = PageCache(application, 60)

    def get(path: str, **environ: str) -> tuple[bytes, dict[str, str]]:
        seen: dict[str, str] = {}
        body = cache(
            {"REQUEST_METHOD": "GET", "PATH_INFO": path, **environ},
            lambda status, headers, exc=None: seen.update(headers),
        )
        return b"".join(body), seen

    assert get("/public")[0] == get("/public")[0] == b"page"
    assert calls == ["/public"]
    assert get("/public")[1]["x-page-cache"] == "hit"
    get("/private"), get("/private")
    assert calls.count("/private") == 2
    get("/public", HTTP_COOKIE="session=abc")
    assert calls.count("/public") == 2
    bump()
    get("/public")
    assert calls.count("/public") == 3


def test_logs_hold_no_code_nor_address() -> None:
    line = logging.LogRecord("x", 20, "", 0, "GET /fr/suivi/ABCD/ by a@b.ca", None, None)
    text = JsonFormatter().format(line)
    assert "ABCD" not in text
    assert "a@b.ca" not in text
    assert mask("/en/follow-up/ABCD/receipt/") == "/en/follow-up/‹code›/receipt/"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b"not a pdf"),
        ("a.png", b"%PDF-1.4"),
        ("a.svg", b"<svg/>"),
        ("a.exe", b"MZ"),
        ("a.csv", b"\x00\x01"),
        ("a.docx", b"hello"),
        ("a", b"x"),
    ],
)
def test_uploads_are_what_their_name_says(name: str, content: bytes) -> None:
    with pytest.raises(Invalid):
        files.sniff(name, content)
    assert files.sniff("b.csv", b"a,b\n1,2\n") == "text/csv"


def test_texts_are_by_language() -> None:
    assert clean_text({"fr": " a ", "en": ""}) == {"fr": "a"}
    for wrong in ("text", {"de": "x"}, {"fr": 3}, {"fr": "x" * 30_000}):
        with pytest.raises(Exception, match=r"."):
            clean_text(wrong)
    once = typeset("« Oui : 75 % » le 1 mars")
    assert once == typeset(once)
    assert "\u00a0:" in once


@pytest.mark.django_db
def test_roles_count_where_they_are_given() -> None:
    from parvis.core.models import Role
    from tests.factories import make_organisation

    here, there = make_organisation("ici"), make_organisation("ailleurs")
    person = make_person(email="scoped@test.example")
    Role.objects.create(person=person, role="steward", scope=here.node)
    actor = access.actor_for(person)
    mine = SimpleNamespace(node=_node("dataset", "d1"), organisation_id=here.pk)
    theirs = SimpleNamespace(node=_node("dataset", "d2"), organisation_id=there.pk)
    assert access.can(actor, "publish_data", mine)
    assert not access.can(actor, "publish_data", theirs)
