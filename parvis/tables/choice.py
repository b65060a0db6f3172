"""Which engine answers: DuckDB in this process, or Spark. Read from the environment.

Imports nothing: whoever asks pays a look in a dictionary, and no engine is loaded for the answer.
"""

import importlib.util
import os
import shutil
from pathlib import Path

DUCKDB, SPARK = "duckdb", "spark"
ENGINES = (DUCKDB, SPARK)
LOCAL = "local[*]"
PACKAGES = ("pyspark", "ibis")


def name() -> str:
    """The engine of `PARVIS_ENGINE`. Raises ValueError on a word that is none."""
    given = os.environ.get("PARVIS_ENGINE") or DUCKDB
    if given not in ENGINES:
        raise ValueError(f"PARVIS_ENGINE: {given!r} is not {' or '.join(ENGINES)}")
    return given


def master() -> str:
    """The address of Spark's master (`PARVIS_SPARK_MASTER`); by default Spark in this process."""
    return os.environ.get("PARVIS_SPARK_MASTER") or LOCAL


def missing() -> str:
    """What Spark needs and this machine lacks, with what installs it; empty if all is there."""
    lacking = []
    if any(importlib.util.find_spec(package) is None for package in PACKAGES):
        lacking.append(
            "the Python packages pyspark and ibis-framework (uv sync --frozen --inexact "
            "--group spark)"
        )
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and (Path(home) / "bin" / "java").exists())):
        lacking.append("Java 17 (apt-get install openjdk-17-jre-headless)")
    return " and ".join(lacking)


def checked() -> str:
    """The engine, once it is sure that it can start here.

    Raises ValueError with what is to be installed, or the word that is no engine.
    """
    engine = name()
    if engine == SPARK and (lacking := missing()):
        raise ValueError(f"PARVIS_ENGINE=spark needs {lacking}")
    return engine
