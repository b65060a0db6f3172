"""Real processes on real files, on the database that the tests run on."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests import template

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def scenario(tmp_path):
    """Run a scenario in a home, and on PostgreSQL in a database, made for it."""
    environment = {**os.environ, "PARVIS_HOME": str(tmp_path), "PARVIS_LOG_LEVEL": "CRITICAL"}
    environment |= {"DJANGO_SETTINGS_MODULE": "parvis.settings", "PARVIS_TESTING": "1"}
    server = template.on_postgresql()
    name = f"parvis_{uuid.uuid4().hex[:12]}"
    template.give(name if server else tmp_path / "parvis.db")
    if server:
        environment["PARVIS_DATABASE_URL"] = template.address_of(name)
    else:
        environment.pop("PARVIS_DATABASE_URL", None)

    def run(which):
        command = [sys.executable, "-m", "tests.ledger.processes", which]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr[-3000:]
        result = json.loads(done.stdout.splitlines()[-1])
        assert result["vendor"] == ("postgresql" if server else "sqlite")
        return result

    yield run
    if server:
        template.on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_kill_9_at_each_step(scenario):
    result = scenario("crash")
    assert result["killed"] >= 8
    assert result["findings"] == [] and result["gapless"] and result["refused"] == 0
    # What is accepted is indexed once: 3, then 92 a kill, then the last 90, and log.opened.
    assert result["leaves"] == result["rows"] == 4 + 92 * result["killed"] + 90


def test_two_sequencers_and_four_writers(scenario):
    result = scenario("two")
    assert result["failed"] == [] and result["findings"] == [] and result["gapless"]
    assert result["leaves"] == result["rows"] == 1 + 4 * (40 + 14)


def test_counts_published_while_others_write(scenario):
    result = scenario("counts")
    assert result["failed"] == [] and result["published"] == 60
    assert result["findings"] == [] and result["refused"] == 0
    assert result["leaves"] == result["rows"] == 1 + 3 * 60 + 60


def test_erased_words_are_nowhere(scenario):
    result = scenario("erase")
    assert result["asked"] and not result["again"]
    assert result["findings"] == [] and result["gapless"]
    if result["vendor"] == "sqlite":
        assert all(result["before"][1:]), "the test must see the words before"
        assert result["after"] == [[], [], []]
        assert result["stems"] == []
