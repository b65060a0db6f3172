"""A demonstration of its own, served as `make run` serves it, and a browser to look at it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 240
STOP_SECONDS_MAX = 40
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass(frozen=True)
class Demo:
    """Where the demonstration answers, and where its files are."""

    base: str
    home: Path


def chromium() -> str | None:
    """Return the path of Debian's Chromium, or None when it is not installed."""
    return shutil.which("chromium")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(home: Path) -> dict[str, str]:
    # What the tests set (testing mode, their home, no page cache) would hide what people get.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARVIS_")}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    kept.pop("PORT", None)
    return {**kept, "PARVIS_HOME": str(home), "PARVIS_DEMO": "1"}


def _wait(base: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{base}/health/ready", timeout=10) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"The demonstration did not start:\n{log.read_text()[-3000:]}")


@contextmanager
def demo(home: Path) -> Iterator[Demo]:
    """Serve a demonstration filled in `home` until the block ends.

    Raises RuntimeError, with what the server said, when it does not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    log = home / "serve.log"
    command = [sys.executable, "-m", "parvis.cli", "serve", "--port", str(port), "--demo", "once"]
    with log.open("wb") as out:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(base, server, log)
        yield Demo(base, home)
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


@contextmanager
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium until the block ends. Raises RuntimeError when it is absent."""
    path = chromium()
    if path is None:
        raise RuntimeError("chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        try:
            yield running
        finally:
            running.close()
