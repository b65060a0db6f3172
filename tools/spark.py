"""Runs pytest where Spark is: in .venv-spark/, which has what .venv has, pyspark and Ibis.

    .venv/bin/python tools/spark.py -m spark tests/tables/test_spark.py

An environment of its own, since pandas, which Ibis brings, is loaded by pyarrow wherever it finds
it: every process of .venv would start 0.7 s later. Made from uv.lock when it is not there yet;
files are shared with .venv through uv's cache.
"""

# ruff: noqa: S603

import os
import subprocess
import sys
from collections.abc import Sequence

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from setup import ROOT, digest, find_uv, say

VENV = ROOT / ".venv-spark"


def install() -> None:
    """Bring .venv-spark in step with uv.lock."""
    stamp = VENV / "parvis.stamp"
    wanted = digest(ROOT / "uv.lock", ROOT / "pyproject.toml")
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"Spark: installing it in {VENV.name}/")
    environment = {
        **os.environ,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PROJECT_ENVIRONMENT": str(VENV),
    }
    environment.pop("VIRTUAL_ENV", None)
    command = [find_uv(), "sync", "--frozen", "--quiet", "--group", "spark"]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    (VENV / ".gitignore").write_text("*\n")
    stamp.write_text(wanted)


def main(arguments: Sequence[str]) -> int:
    """Install, run, return what pytest returned."""
    install()
    command = [str(VENV / "bin" / "pytest"), *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
