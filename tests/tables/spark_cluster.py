"""A real standalone cluster of Spark on this machine: a master, a worker, the JVMs they start."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
# Compiled once and lightly: these JVMs live for a minute.
SHORT = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"
DEFAULTS = f"""
spark.driver.bindAddress {HOST}
spark.driver.host {HOST}
spark.driver.memory 640m
spark.driver.extraJavaOptions {SHORT}
spark.executor.memory 512m
spark.executor.extraJavaOptions {SHORT}
spark.sql.shuffle.partitions 2
spark.sql.adaptive.enabled false
spark.scheduler.minRegisteredResourcesRatio 1
"""


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return taken.getsockname()[1]


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((HOST, port)) == 0


@contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """Start it; the environment that Parvis needs to use it. Its files are in `folder`."""
    import pyspark

    home = Path(pyspark.__file__).parent
    (folder / "conf").mkdir()
    (folder / "conf" / "spark-defaults.conf").write_text(DEFAULTS)
    environment = {
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(folder / "conf"),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(folder / "local"),
    }
    daemon = {
        **os.environ,
        **environment,
        "SPARK_DAEMON_MEMORY": "192m",
        "SPARK_DAEMON_JAVA_OPTS": SHORT,
    }
    port = _free_port()
    master = f"spark://{HOST}:{port}"
    started: list[subprocess.Popen[bytes]] = []
    log = (folder / "daemons.log").open("wb")

    def start(name: str, *arguments: str) -> None:
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", *arguments]
        started.append(subprocess.Popen(command, env=daemon, stdout=log, stderr=log, cwd=folder))

    try:
        start("master.Master", "--host", HOST, "--port", str(port), "--webui-port", "0")
        start("worker.Worker", master, "--host", HOST, "--cores", "2", "--memory", "640m",
              "--webui-port", "0", "--work-dir", str(folder / "work"))  # fmt: skip
        until = time.monotonic() + 120
        while not _listens(port):
            if time.monotonic() > until or started[0].poll() is not None:
                raise RuntimeError((folder / "daemons.log").read_text()[-2000:])
            time.sleep(0.05)
        yield {**environment, "PARVIS_ENGINE": "spark", "PARVIS_SPARK_MASTER": master}
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(timeout=30)
        log.close()
