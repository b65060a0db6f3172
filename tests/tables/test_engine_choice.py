"""Which engine answers is said by the environment; what it lacks is said at once."""

import subprocess
import sys

import pytest
from django.urls import reverse

from parvis.catalogue.tests.catalogue_factories import make_dataset
from parvis.tables import choice, spark


@pytest.mark.django_db
def test_an_engine_that_does_not_answer_is_503_with_its_reason_in_the_log(
    client, monkeypatch, caplog
):
    dataset = make_dataset("loin", content="a,b\n1,x\n2,y\n")
    file, search = dataset.resources.get(), "/api/3/action/datastore_search"
    address = reverse("table", args=["loin", file.slug])
    assert client.get(address).status_code == 200
    monkeypatch.setenv("PARVIS_ENGINE", "spark")
    monkeypatch.setenv("PARVIS_SPARK_MASTER", "spark://127.0.0.1:1")
    monkeypatch.setattr(spark, "_sessions", {})
    for missing, reason in (("Java 17", "needs Java 17"), ("", "127.0.0.1:1 does not answer")):
        monkeypatch.setattr(choice, "missing", lambda words=missing: words)
        caplog.clear()
        assert client.get(address).status_code == 503
        assert client.get(f"{search}?resource_id={file.pk}").status_code == 503
        assert reason in caplog.text


def test_what_is_missing_is_named_before_anything_starts(monkeypatch):
    monkeypatch.delenv("PARVIS_ENGINE", raising=False)
    assert (choice.checked(), choice.master()) == ("duckdb", "local[*]")
    monkeypatch.setenv("PARVIS_ENGINE", "spark")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(choice, "PACKAGES", ("absent_package",))
    with pytest.raises(
        ValueError, match=r"--group spark.* and Java 17 .apt-get install openjdk-17"
    ):
        choice.checked()
    monkeypatch.setenv("PARVIS_ENGINE", "trino")
    with pytest.raises(ValueError, match="'trino' is not duckdb or spark"):
        choice.checked()


def test_nothing_of_spark_is_loaded_for_duckdb(tmp_path):
    code = (
        "import sys, pyarrow as pa\n"
        "from pathlib import Path\n"
        "from parvis.tables.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "assert store.profile(store.put(pa.table({'a': [1, 2]}))).rows == 2\n"
        "print([m for m in ('pyspark', 'ibis', 'sqlglot', 'py4j', 'parvis.tables.spark') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
