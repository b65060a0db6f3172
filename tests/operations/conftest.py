"""Homes of their own, driven through the command line as an operator does."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import template

ROOT = Path(__file__).resolve().parents[2]
INIT = (
    "init", "--no-input", "--administrator", "admin@ville.example", "--name-fr", "Ville d’essai",
    "--name-en", "Test City", "--privacy-contact", "vp@ville.example",
)  # fmt: skip


@dataclass
class Home:
    """A PARVIS_HOME (and its database on PostgreSQL) with the command line on it."""

    path: Path
    database: str = ""
    children: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What its processes see."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PARVIS_")}
        own = {
            "PARVIS_HOME": str(self.path),
            "DJANGO_SETTINGS_MODULE": "parvis.settings",
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
        }
        if self.database:
            own["PARVIS_DATABASE_URL"] = template.address_of(self.database)
        return {**kept, **own}

    def parvis(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `parvis` and return what it said."""
        return subprocess.run(
            [sys.executable, "-m", "parvis.cli", *arguments],
            env={**self.environment, **more},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
            stdin=subprocess.DEVNULL,
        )

    def done(self, *arguments: str) -> str:
        """Run a command that must succeed; return its output."""
        result = self.parvis(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def python(self, code: str) -> str:
        """Run code with Django started; return what it printed."""
        result = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{code}"],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start Python with these arguments; it is ended with the test."""
        child = subprocess.Popen(
            [sys.executable, *arguments],
            env={**self.environment, **more},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        self.children.append(child)
        return child

    def close(self) -> None:
        """End what was started, remove everything."""
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        if self.database:
            template.on_server(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
        shutil.rmtree(self.path, ignore_errors=True)


def _new(path: Path, copied: str = "") -> Home:
    home = Home(path)
    if template.on_postgresql():
        home.database = f"ops_{secrets.token_hex(6)}"
        after = f' TEMPLATE "{copied}"' if copied else ""
        template.on_server(f'CREATE DATABASE "{home.database}"{after}')
    return home


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A site made by `parvis init`, once; tests work on copies. Its tables were there already."""
    home = _new(tmp_path_factory.mktemp("founded") / "home")
    try:
        template.give(home.database or home.path / "parvis.db")
        home.done(*INIT)
        yield home
    finally:
        home.close()


@pytest.fixture
def empty_home(tmp_path: Path) -> Iterator[Home]:
    """A home in which nothing was ever done."""
    home = _new(tmp_path / "empty")
    yield home
    home.close()


@pytest.fixture
def home(founded: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of an empty site."""
    shutil.copytree(founded.path, tmp_path / "home")
    copy = _new(tmp_path / "home", founded.database)
    yield copy
    copy.close()


@pytest.fixture
def wait_until() -> Callable[[Callable[[], object], float], None]:
    """Return a function that waits for a condition, and fails when it does not come."""

    def wait(condition: Callable[[], object], seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "it did not come in time"
            time.sleep(0.1)

    return wait
