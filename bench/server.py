"""Starts what is measured, with the options of `parvis serve`, and reads what it costs in /proc."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.settings import HOST, PORT, ROOT
from parvis.commands.serve import Options, granian

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Group:
    """A process and all that it started: one session of the kernel, killed together."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _stats(self) -> Iterator[tuple[int, list[str]]]:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid:
                yield int(folder.name), fields

    def cpu_seconds(self) -> float:
        """User and system time of every process, of its threads and of its ended children."""
        return sum(sum(map(int, fields[11:15])) for _pid, fields in self._stats()) / _TICKS

    def rss_bytes(self) -> dict[int, int]:
        """Resident memory of each process."""
        return {pid: int(fields[21]) * _PAGE for pid, fields in self._stats()}

    def kill(self) -> None:
        """End everything with -9, at once."""
        for pid, _fields in list(self._stats()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(10)

    def stop(self) -> None:
        """End everything, politely first."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                pass
        self.kill()


def wait_ready(seconds: float = 40) -> None:
    """Return once somebody listens and answers. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with socket.create_connection((HOST, PORT), timeout=5) as link:
                link.sendall(b"GET /health/live HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                if link.recv(100).startswith(b"HTTP/1."):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"nothing answers on {HOST}:{PORT}")


def start(target: str = "parvis.wsgi:application", **environment: str) -> Group:
    """Start granian as `parvis serve` does (2 workers of 1 thread), for any WSGI callable."""
    arguments = granian(Options(host=HOST, port=PORT, workers=2, threads=1))
    arguments[2] = target
    group = Group(arguments, {"PARVIS_SITE_URL": f"http://{HOST}:{PORT}", **environment})
    try:
        wait_ready()
    except BaseException:
        group.kill()
        raise
    return group


@contextmanager
def serving(target: str = "parvis.wsgi:application", **environment: str) -> Iterator[Group]:
    """Start, give, stop."""
    group = start(target, **environment)
    try:
        yield group
    finally:
        group.stop()
