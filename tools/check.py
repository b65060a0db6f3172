"""Everything that `make test` runs, in order; stops at the first step that fails.

.venv/bin/python tools/check.py          everything
.venv/bin/python tools/check.py fast     style and SQLite tests, without slow and browser ones
"""

# ruff: noqa: S603, S607, T201

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
PYTEST = [str(BIN / "pytest"), "--durations=5"]
# One more than cores: some tests wait for processes that they kill.
WORKERS = ["-n", "3", "--dist", "worksteal"]
# What touches no database is tested once. So are pages: they are drawn from the queries and written
# by the services that every other test asks on both databases.
PURE = [f"--ignore=tests/{name}" for name in ("merkle", "tables", "analysis")]
FILES = [f"parvis/catalogue/{name}" for name in ("texts", "dcat", "conformity")]
DRAWN = [
    *(
        f"--ignore-glob=*/test_*{name}*.py"
        for name in (
            "pages",
            "desk",
            "media",
            "readers",
            "launch",
            "facsimile",
            "editor",
            "routing",
            "keeping",
        )
    ),
    *(f"--ignore={name}" for name in ("tests/trust", *FILES)),
]
# Two, each with a demonstration of its own: a browser and a server keep a core busy.
BROWSERS = ["-n", "2", "--dist", "worksteal"]
PACKAGES = {"chromium": "chromium", "initdb": "postgresql", "java": "openjdk-17-jre-headless"}


@dataclass(frozen=True)
class Step:
    """A name, and the command that succeeds or fails.

    One that is `aside` begins with the first: it leaves a core to those that need one only.
    """

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    aside: bool = False


def _bin(name: str, *arguments: str) -> list[str]:
    return [str(BIN / name), *arguments]


def style() -> list[Step]:
    """Return the steps that read the code without running it."""
    return [
        Step("format", _bin("ruff", "format", "--check", ".")),
        Step("lint", _bin("ruff", "check", ".")),
        Step("templates", _bin("python", "tools/templates.py")),
        Step("types", _bin("mypy", "parvis")),
        Step("imports", _bin("lint-imports", "--no-cache")),
        Step("French", _bin("python", "-m", "parvis.core.catalogs", "missing")),
        Step("migrations", _bin("python", "manage.py", "makemigrations", "--check", "--dry-run")),
    ]


def everything() -> list[Step]:
    """Return every step; the last one is pytest, whose last line closes the output."""
    return [
        *style(),
        Step(
            "tests on Spark",
            _bin(
                "python",
                "tools/spark.py",
                "-m",
                "spark",
                "--durations=5",
                "tests/tables/test_spark.py",
            ),
            aside=True,
        ),
        Step("tests on SQLite", [*PYTEST, *WORKERS, "-m", "not browser and not spark"]),
        Step(
            "tests on PostgreSQL",
            [
                *_bin("python", "tools/pg.py", "--"),
                *PYTEST,
                *WORKERS,
                "-m",
                "not browser and not spark and not once",
                *PURE,
                *DRAWN,
            ],
        ),
        Step("tests in a browser", [*PYTEST, *BROWSERS, "-m", "browser", "tests/browser"]),
    ]


def fast() -> list[Step]:
    """Return the steps of `make test-fast`."""
    return [
        *style(),
        Step(
            "tests on SQLite", [*PYTEST, "-n", "2", "-m", "not browser and not spark and not slow"]
        ),
    ]


def _there(program: str) -> bool:
    if program == "initdb" and list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return True
    return bool(shutil.which(program))


def install_services() -> bool:
    """Install a browser, PostgreSQL and Java when we may; return whether all is there."""
    missing = [PACKAGES[program] for program in PACKAGES if not _there(program)]
    if not missing:
        return True
    if os.geteuid() or not shutil.which("apt-get"):
        print(f"Missing: {', '.join(missing)}. Install them, or run make test-fast.", flush=True)
        return False
    print(f"Installing {', '.join(missing)} with apt-get", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["update", "-qq"],
        ["install", "-y", "-qq", "--no-install-recommends", *missing],
    ):
        done = subprocess.run(
            ["apt-get", *command], env=environment, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            print(f"FAILED: apt-get {command[0]}", flush=True)
            return False
    return True


def _begin(
    step: Step, base: dict[str, str], out: IO[bytes] | None = None, err: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    environment = {**base, **step.environment}
    return subprocess.Popen(step.command, cwd=ROOT, env=environment, stdout=out, stderr=err)


def run(steps: list[Step]) -> int:
    """Run the steps; print the time of each; return the exit status of the first that fails."""
    times: list[str] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="parvis-check-") as home:
        base = {**os.environ, "PARVIS_HOME": home, "PARVIS_TESTING": "1", "LANG": "C.UTF-8"}
        for name in ("PARVIS_DATABASE_URL", "PARVIS_DEMO", "PARVIS_SITE_URL", "VIRTUAL_ENV",
                     "PYTHONDONTWRITEBYTECODE"):  # fmt: skip
            base.pop(name, None)
        with tempfile.TemporaryFile() as said:
            begun = {step.name: _begin(step, base, said, said) for step in steps if step.aside}
            for number, step in enumerate(steps, 1):
                if number == len(steps) and times:
                    print(f"\nSo far, {time.monotonic() - started:.0f} s: {', '.join(times)}")
                print(f"\n[{number}/{len(steps)}] {step.name}", flush=True)
                at = time.monotonic()
                process = begun.get(step.name) or _begin(step, base)
                status = process.wait()
                if step.aside:
                    said.seek(0)
                    print(said.read().decode(errors="replace"), flush=True)
                took = f"{step.name} {time.monotonic() - at:.0f} s"
                if status:
                    print(f"FAILED: {took} ({' '.join(step.command[:4])})", flush=True)
                    for other in begun.values():
                        other.terminate()
                    return status
                times.append(took)
    return 0


def main(arguments: list[str]) -> int:
    """Run `fast` or everything."""
    if arguments == ["fast"]:
        return run(fast())
    return run(everything()) if install_services() else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
