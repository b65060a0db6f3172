"""The register for people and for machines: what is shown is what is signed."""

import hashlib
import re
import subprocess
from html import unescape

import pytest
from django.urls import reverse
from django.utils.translation import override

from parvis.ledger import openings, receipts, sequencer
from parvis.ledger.models import Leaf
from parvis.ledger.resume import resume
from parvis.ledger.verify import verify
from parvis.merkle import tlogproof
from parvis.merkle.audit import audit
from parvis.merkle.checkpoint import open_checkpoint
from tests.factories import make_answer, make_site
from tests.ledger.helpers import accept, act, contribute


@pytest.fixture(autouse=True)
def _site(db, home):
    make_site()


class Served:
    """The register as the application serves it."""

    def __init__(self, client):
        self.client = client

    def read(self, path):
        answer = self.client.get(f"/ledger/{path}")
        return None if answer.status_code == 404 else answer.content


def words(answer):
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_addresses():
    with override("fr"):
        assert reverse("register") == "/fr/registre/"
        assert reverse("register_entry", args=[7]) == "/fr/registre/7/"
    with override("en"):
        assert reverse("register") == "/en/register/"


def test_an_empty_register_says_so(client):
    text = words(client.get("/fr/registre/"))
    assert "Il n’y a pas encore d’entrée" in text and 'id="verifier"' in text
    for path in ("checkpoint", "vkey", "openings.jsonl", "tile/0/000.p/1", "proof/0.tlog-proof"):
        assert client.get(f"/ledger/{path}").status_code == 404


def test_what_is_served_is_audited_by_anybody(client, consultation, survey, store):
    make_answer(survey)
    accept(300)
    sequencer.run_once()
    served = Served(client)
    report = audit(served, served.read("vkey").decode())
    assert report.ok and report.leaves == 303


def test_headers(client, store):
    accept(300)
    sequencer.run_once()
    answer = client.get("/ledger/checkpoint")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    assert open_checkpoint(answer.content, store.verifier).head.size == 301
    for path in ("tile/0/000", "tile/entries/000", "tile/entries/001.p/45", "tile/1/000.p/1"):
        answer = client.get(f"/ledger/{path}")
        assert answer["Content-Type"] == "application/octet-stream"
        assert "immutable" in answer["Cache-Control"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer.content == store.read(path)
    assert client.get("/ledger/vkey").content.decode().strip() == store.verifier.vkey
    assert client.post("/ledger/checkpoint").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001",
        "tile/0/000.p/6",
        "tile/0/000.p/05",
        "tile/0/0",
        "tile/64/000",
        "tile/0/../../log.key",
        "tile/..%2flog.key",
        "tile/%2e%2e/log.key",
        "log.key",
        "checkpoints.db",
        "origin",
        "lost/1/checkpoint",
        "lost/0/checkpoint",
        "tile/0/000.p/.4.new",
    ],
)
def test_nothing_else_is_served(client, path):
    accept(4)
    sequencer.run_once()
    assert client.get(f"/ledger/{path}").status_code == 404


def test_a_tile_is_not_served_before_its_head(client, store):
    class Killed(BaseException):
        pass

    def die(name):
        if name == "head":
            raise Killed

    accept(2)
    sequencer.run_once()
    accept(3)
    with pytest.raises(Killed):
        sequencer.run_once(step=die)
    assert store.read("tile/0/000.p/6") is not None
    assert client.get("/ledger/tile/0/000.p/6").status_code == 404
    assert client.get("/ledger/tile/0/000.p/3").status_code == 200


def test_register_page(client, store):
    (answer,), _more = accept(), accept(29)
    act("answer.rejected", answer, {"reason": "duplicate"})
    sequencer.run_once()
    page = client.get("/fr/registre/")
    text = words(page)
    assert "public" in page["Cache-Control"]
    assert store.head().root.hex()[:4] in text and store.origin in text
    assert store.verifier.vkey in unescape(text)
    assert text.index("/fr/registre/31/") < text.index("/fr/registre/30/")
    assert "/fr/registre/11/" not in text and "Réponse écartée" in text
    assert "Aucun témoin externe" in text and "parvis verify" in text
    assert 'class="notice late"' not in text
    text = words(client.get("/fr/registre/?page=2"))
    assert "/fr/registre/11/" in text and "Registre ouvert" in text
    assert "Register opened" in words(client.get("/en/register/?page=2"))


@pytest.mark.parametrize("page", ["0", "-1", "99999", "x", "1.5", ""])
def test_strange_page_numbers(client, page):
    accept(3)
    sequencer.run_once()
    assert "/fr/registre/" in words(client.get(f"/fr/registre/?page={page}"))


def test_queries_do_not_grow(client, django_assert_max_num_queries):
    for size in (5, 400):
        accept(size)
        sequencer.run_once()
        with django_assert_max_num_queries(6):
            client.get("/fr/registre/")
        with django_assert_max_num_queries(3):
            client.get("/fr/registre/3/")


def test_entry_page(client, store):
    (answer,), _more = accept(), accept()
    act("answer.rejected", answer, {"reason": "duplicate"})
    sequencer.run_once()
    text = words(client.get("/fr/registre/3/"))
    assert "Entrée n° 3 : Réponse écartée" in text.replace("\xa0", " ")
    assert "doublon, selon la règle publiée" in text
    assert 'href="/fr/registre/1/"' in text
    text = words(client.get("/fr/registre/1/"))
    assert 'href="/fr/registre/3/"' in text and "answers" in text
    assert "Réponse 0" not in unescape(text), "what is sealed is never shown"
    for index in (4, 99999999999):
        assert client.get(f"/fr/registre/{index}/").status_code == 404


def test_the_command_of_an_entry_gives_its_hash(client):
    contribute()
    sequencer.run_once()
    page = client.get("/fr/registre/1/").content.decode()
    command = unescape(re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.S)[1])
    printed = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    leaf = Leaf.objects.get(index=1)
    expected = hashlib.sha256(b"\0" + bytes(leaf.bytes)).hexdigest()
    assert printed.stdout.split()[0] == expected
    assert expected[:4] in page


def test_public_proof(client, store):
    accept(5)
    sequencer.run_once()
    answer = client.get("/ledger/proof/2.tlog-proof")
    assert tlogproof.verify(answer.content, store.verifier).openings == {}
    assert "attachment" in answer["Content-Disposition"]


def test_an_entry_hides_what_it_holds_from_markup(client, store):
    from django.db import transaction

    from parvis.core.events import emit

    evil = "<script>alert(1)</script>'"
    with transaction.atomic():
        emit("commitment.created", node=None, on="commitment/x", data={"title": {"fr": evil}})
    sequencer.run_once()
    page = client.get("/fr/registre/1/").content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_banner_when_something_is_wrong(client, store):
    accept(3)
    sequencer.run_once()
    (store.folder / "tile" / "0" / "000.p" / "4").write_bytes(b"\0" * 128)
    text = words(client.get("/fr/registre/"))
    assert "Certains de ses fichiers sont endommagés" in text
    assert client.get("/fr/registre/1/").status_code == 200
    resume()
    text = words(client.get("/fr/registre/"))
    assert "remis en état le" in text and "endommagés" not in text


@pytest.mark.parametrize("name", ["checkpoint", "tile"])
def test_the_page_stands_when_files_are_damaged(client, store, name):
    accept(3)
    sequencer.run_once()
    target = store.folder / name
    if target.is_dir():
        for file in target.rglob("*"):
            if file.is_file():
                file.write_bytes(b"x")
    else:
        target.write_bytes(b"x")
    text = words(client.get("/fr/registre/"))
    assert 'class="notice late"' in text and 'id="verifier"' in text
    assert client.get("/fr/registre/1/").status_code == 404


def test_the_register_before_is_still_served(client, store):
    accept(3)
    sequencer.run_once()
    receipt = receipts.public_proof(2)
    (store.folder / "checkpoints.db").unlink()
    resume(new_origin=True)
    key = client.get("/ledger/lost/1/vkey").content.decode()
    assert tlogproof.verify(receipt, key).index == 2
    assert client.get("/ledger/lost/1/checkpoint").status_code == 200
    assert client.get("/ledger/lost/1/tile/0/000.p/4").status_code == 200
    for path in ("log.key", "checkpoints.db", "../../log.key"):
        assert client.get(f"/ledger/lost/1/{path}").status_code == 404


def test_openings_are_served_and_checked(client, proposals, store, tmp_path):
    from parvis.methods.proposals import services
    from tests.factories import make_actor

    services.propose(actor=make_actor(), activity=proposals, title="Un", body="Corps")
    sequencer.run_once()
    openings.publish()
    assert client.get("/ledger/openings.jsonl").status_code == 404
    sequencer.run_once()
    raw = client.get("/ledger/openings.jsonl").content
    (tmp_path / "openings.jsonl").write_bytes(raw)
    assert b"Corps" in raw
    for path in ("checkpoint", "log.vkey"):
        (tmp_path / path).write_bytes(store.read(path))
    (tmp_path / "tile").symlink_to(store.folder / "tile")
    assert verify(str(tmp_path)).report.leaves == 4


def test_weight(client):
    accept(300)
    sequencer.run_once()
    assert len(client.get("/fr/registre/").content) < 30_000
