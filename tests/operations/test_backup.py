"""Backups taken under load restore whole; an old one never makes the register sign less."""

import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.operations.conftest import Home, _new

COUNTS = """
from dataclasses import asdict
from parvis import backup
print(sorted(asdict(backup.counts()).items()))
"""
HEAD = """
from parvis.ledger.store import Store
head = Store.here().head()
print(head.size, head.root.hex())
"""
FOUND = """
import sys
from parvis.consult import contributions
print(sum(1 for code in {codes!r} if contributions.by_code(code)))
"""
WITHDRAW = """
from parvis.consult import contributions
from parvis.core.access import SYSTEM
contributions.withdraw(actor=SYSTEM, contribution=contributions.by_code({code!r}))
"""
PAYLOAD = """
from parvis.consult import contributions
row = contributions.by_code({code!r})
print(row.node.state, row.payload)
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Home]:
    """Another machine: an empty home."""
    home = _new(tmp_path / "elsewhere")
    yield home
    home.close()


def fill(home: Home, count: int) -> list[str]:
    """Answer `count` times; return the receipts."""
    child = home.start("-m", "tests.operations.fill", str(count))
    out, _none = child.communicate(timeout=120)
    assert child.returncode == 0
    return out.split()


@pytest.mark.slow
def test_a_backup_under_load_restores_whole(
    home: Home, elsewhere: Home, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    codes = fill(home, 20)
    (home.path / "files" / "ab").mkdir(parents=True)
    home.python("from parvis.core import files\nfiles.store([b'un document'], 'text/plain')")
    worker = home.start("-m", "parvis.cli", "worker")
    load = home.start("-m", "tests.operations.fill", "0")
    codes += [load.stdout.readline().strip() for _n in range(20)]

    said = home.done("backup", str(tmp_path / "b.tar"))

    assert "b.keys.tar" in said
    assert load.poll() is None, "answers went on meanwhile"
    load.kill()
    worker.terminate()
    assert worker.wait(30) == 0

    restored = elsewhere.done("restore", str(tmp_path / "b.tar"))
    assert "contributions" in restored
    assert elsewhere.python(FOUND.format(codes=codes)) == str(len(codes)), "no receipt was lost"
    elsewhere.done("worker", "--once")
    checked = elsewhere.parvis("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    elsewhere.done("recount")
    # What both signed up to the backup is one history.
    size = int(elsewhere.python(HEAD).split()[0])
    assert size > 20


@pytest.mark.once
@pytest.mark.slow
def test_secrets_are_apart_and_nothing_of_them_is_in_the_data(home: Home, tmp_path: Path) -> None:
    fill(home, 2)
    home.done("worker", "--once")
    home.done("backup", str(tmp_path / "b.tar.gz"))
    with tarfile.open(tmp_path / "b.tar.gz") as data, tarfile.open(tmp_path / "b.keys.tar") as keys:
        names, secret = set(data.getnames()), set(keys.getnames())
        held = b"".join(data.extractfile(m).read() for m in data.getmembers() if m.isfile())
    assert {"home/secret.key", "home/ledger/log.key", "home/ledger/checkpoints.db"} <= secret
    assert not {name for name in names if name.endswith((".key", "checkpoints.db"))}
    assert "home/ledger/checkpoint" in names
    assert not [name for name in names if name.startswith("home/static")]
    assert (home.path / "ledger" / "log.key").read_bytes().strip() not in held
    assert (tmp_path / "b.keys.tar").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_an_old_backup_never_signs_a_smaller_tree(home: Home, tmp_path: Path) -> None:
    first = fill(home, 3)[0]
    home.done("worker", "--once")
    home.done("backup", str(tmp_path / "old.tar"))
    home.python(WITHDRAW.format(code=first))
    fill(home, 5)
    home.done("worker", "--once")
    head = home.python(HEAD)
    checkpoint = (home.path / "ledger" / "checkpoint").read_bytes()

    said = home.parvis("restore", str(tmp_path / "old.tar"), "--replace")

    assert said.returncode == 0, said.stderr
    assert "remembers a later signed head" in said.stderr
    fill(home, 4)
    home.parvis("worker", "--once")
    assert home.python(HEAD) == head, "the head did not move"
    assert (home.path / "ledger" / "checkpoint").read_bytes() == checkpoint
    aside = next(home.path.glob("replaced-*"))
    assert list(aside.iterdir()), "what was there is kept"
    checked = home.parvis("check")
    assert checked.returncode == 1
    assert "the database has no such leaf" in checked.stderr
    resumed = home.done("resume")
    assert "signs again" in resumed
    assert "done again: 1" in resumed
    assert home.python(PAYLOAD.format(code=first)) == "withdrawn {}"
    assert "nothing to do" in home.done("resume")
    size, _root = head.split()
    assert int(home.python(HEAD).split()[0]) > int(size), "it goes on from the head it remembers"
    home.done("verify", str(home.path / "ledger"))


@pytest.mark.once
@pytest.mark.slow
def test_a_damaged_or_foreign_backup_changes_nothing(home: Home, tmp_path: Path) -> None:
    fill(home, 2)
    home.done("worker", "--once")
    data = tmp_path / "b.tar"
    home.done("backup", str(data))
    before = home.python(COUNTS)
    raw = bytearray(data.read_bytes())
    with tarfile.open(data) as tar:
        at = next(m for m in tar.getmembers() if m.name.startswith("database/")).offset_data
    raw[at + 5000] ^= 1
    (tmp_path / "bad.tar").write_bytes(raw)
    shutil.copy(tmp_path / "b.keys.tar", tmp_path / "bad.keys.tar")
    refused = home.parvis("restore", str(data))
    assert refused.returncode == 1
    assert "--replace puts the backup in its place" in refused.stderr
    said = home.parvis("restore", str(tmp_path / "bad.tar"), "--replace")
    assert said.returncode == 1
    assert "is damaged: database/" in said.stderr
    assert home.python(COUNTS) == before
    assert not list(home.path.glob("replaced-*")) + list(home.path.glob(".restore-*"))


@pytest.mark.once
@pytest.mark.slow
def test_check_names_what_is_damaged(home: Home) -> None:
    fill(home, 3)
    path = Path(
        home.python(
            "from parvis.core import files\n"
            "print(files.path_of(files.store([b'un document'], 'text/plain')))"
        )
    )
    home.done("worker", "--once")
    home.done("check")
    path.write_bytes(b"un documend")
    tiles = (home.path / "ledger" / "tile" / "entries").rglob("*.p/*")
    # Earlier widths stay on disk; the head is built from the widest.
    tile = max(tiles, key=lambda path: int(path.name))
    raw = bytearray(tile.read_bytes())
    raw[-10] ^= 1
    tile.write_bytes(raw)
    home.python(
        "from parvis.core import search\nfrom parvis.core.models import SearchEntry\n"
        "search.remove([SearchEntry.objects.first().node_id])"
    )
    said = home.parvis("check")
    assert said.returncode == 1
    assert str(path) in said.stderr
    assert "not in the search index" in said.stderr
    assert "root:" in said.stderr
    assert "leaf" in said.stderr


@pytest.mark.once
@pytest.mark.slow
def test_recount_sees_a_row_that_was_removed_behind_our_back(home: Home) -> None:
    fill(home, 4)
    home.done("worker", "--once")
    assert "kept 4 = 4" in home.done("recount")
    home.python(
        "from parvis.consult.models import Contribution\n"
        "Contribution.objects.filter(pk=Contribution.objects.first().pk).delete()"
    )
    said = home.parvis("recount")
    assert said.returncode == 1
    assert "kept, row by row 3 ≠ 4" in said.stdout


@pytest.mark.once
@pytest.mark.slow
def test_export_writes_counts_and_tables(home: Home, tmp_path: Path) -> None:
    fill(home, 3)
    home.done("worker", "--once")
    home.done("export", str(tmp_path / "out"))
    folder = tmp_path / "out" / "consultations" / "plan"
    assert '"received": 3' in (folder / "consultation.json").read_text()
    rows = (folder / "plan-questionnaire.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 4
    assert (folder / "plan-questionnaire.parquet").read_bytes().startswith(b"PAR1")
    assert '"kind": "consultation"' in (tmp_path / "out" / "nodes.jsonl").read_text()


@pytest.mark.once
@pytest.mark.slow
def test_import_names_bad_rows_and_adds_nothing_twice(home: Home, tmp_path: Path) -> None:
    home.python(
        "from tests.factories import make_consultation\nmake_consultation(with_proposals=True)"
    )
    path = tmp_path / "in.csv"
    path.write_text("texte\nUne idée\n \nUne autre\n", encoding="utf-8")
    command = ("import", "contributions", str(path), "--consultation", "plan")
    unsure = home.parvis(*command)
    assert unsure.returncode == 2
    assert "Choose one activity with --activity: plan-questionnaire, plan-propo" in unsure.stderr
    command = (*command, "--activity", "plan-propositions")
    first = home.parvis(*command)
    assert first.returncode == 1
    assert "2 contributions received" in first.stdout
    assert "Row 3: The text is empty." in first.stderr
    second = home.parvis(*command)
    assert "0 contributions received" in second.stdout
    assert "2 rows were there already" in second.stdout
