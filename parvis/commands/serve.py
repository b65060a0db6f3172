"""`parvis serve`: one command that starts the server and its worker, and watches over both.

This process loads no Django: it prepares the home in a child, starts granian and the worker, and
starts them again when they are killed. When the server ends four times within a minute, everything
ends, so that whatever supervises us (systemd, a container, a person) sees it.
"""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from parvis.commands import stamp
from parvis.commands.words import Stop, gettext, say
from parvis.worker import ALREADY_RUNS

_ = gettext
STOP_SECONDS_MAX = 25
READY_SECONDS_MAX = 60
PORT_SECONDS_MAX = 5
BACKOFF_SECONDS_MAX = 60
SERVER_ENDS_MAX = 3
_SET_PARENT_DEATH_SIGNAL = 1
ROLES = ("citizen", "member", "adviser", "analyst", "steward", "coordinator", "operator")


@dataclass(frozen=True)
class Options:
    """What `parvis serve` was asked."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    threads: int = 1
    worker: bool = True
    demo: str = "none"


def options_from_environment() -> Options:
    """Return the defaults, as the environment sets them. Raises Stop."""

    def number(name: str, default: int) -> int:
        given = os.environ.get(name, str(default))
        if not given.isdigit() or not int(given):
            raise Stop(_("%(name)s is a number above 0, not “%(value)s”.")
                       % {"name": name, "value": given}, 2)  # fmt: skip
        return int(given)

    return Options(
        host=os.environ.get("PARVIS_BIND", "127.0.0.1"),
        port=number("PORT", 8000),
        workers=number("PARVIS_WORKERS", (os.cpu_count() or 1) + 1),
        threads=number("PARVIS_THREADS", 1),
    )


def require_free(host: str, port: int) -> None:
    """Return when the port can be listened on; waits for one that is being freed. Raises Stop."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    until = time.monotonic() + PORT_SECONDS_MAX
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if time.monotonic() > until:
                    raise Stop(
                        _("Cannot listen on %(host)s:%(port)d (%(error)s). Is another program "
                          "there? Choose another with PORT=8001.")
                        % {"host": host, "port": port, "error": error.strerror}
                    ) from None  # fmt: skip
                time.sleep(0.2)
            else:
                return


def _die_with_parent() -> None:
    """Have the kernel stop this child when its parent is killed: no orphan keeps the port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a child in a group of its own, so that a Ctrl-C reaches only us."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, *command],
        start_new_session=True,
        preexec_fn=_die_with_parent,
        stdin=subprocess.DEVNULL,
    )


def granian(options: Options) -> list[str]:
    """Return the arguments of Python that start the server."""
    return [
        "-m", "granian", "parvis.wsgi:application",
        "--interface", "wsgi",
        "--host", options.host,
        "--port", str(options.port),
        "--workers", str(options.workers),
        "--blocking-threads", str(options.threads),
        "--backlog", "2048",
        "--backpressure", "512",
        "--no-ws",
        "--no-access-log",
        "--log-level", "error",
        "--respawn-failed-workers",
        "--workers-kill-timeout", "15",
    ]  # fmt: skip


class Supervisor:
    """The server, the worker, and when each is to be started again."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.server: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self.worker_started = 0.0
        self.worker_again_at = 0.0
        self.worker_failures = 0
        self.server_ends: list[float] = []
        self.stopping = False

    def ask_stop(self, number: int, frame: FrameType | None) -> None:
        """Signal handler."""
        self.stopping = True

    def run(self) -> int:
        """Start everything and watch; return the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask_stop)
        try:
            announced = False
            started = time.monotonic()
            while not self.stopping:
                self._watch_server()
                if not announced:
                    announced = self._announce(started)
                # After the first answer: while the server starts it needs the processor.
                if self.options.worker and announced:
                    self._watch_worker()
                time.sleep(0.1 if not announced else 0.5)
        finally:
            self._end()
        return 0

    def _watch_server(self) -> None:
        """Start the server, again when it was killed. Raises Stop when it keeps ending."""
        if self.server is None:
            self.server = start(granian(self.options))
            return
        if (status := self.server.poll()) is None:
            return
        # Its own processes, when only their parent was killed, still hold the port.
        end_group(self.server.pid)
        now = time.monotonic()
        self.server_ends = [at for at in self.server_ends if now - at < 60] + [now]
        if len(self.server_ends) > SERVER_ENDS_MAX:
            raise Stop(_("The server ended (%(n)d).") % {"n": status})
        self.server = None

    def _announce(self, started: float) -> bool:
        if not answers(self.options.host, self.options.port):
            if time.monotonic() - started > READY_SECONDS_MAX:
                raise Stop(
                    _("The server did not answer within %(n)d s.") % {"n": READY_SECONDS_MAX}
                )
            return False
        base = os.environ["PARVIS_SITE_URL"]
        say(f"Parvis: {base}/")
        if self.options.demo != "none" or os.environ.get("PARVIS_DEMO") == "1":
            say(_("Demo, choose a role: %(url)s") % {"url": f"{base}/fr/demo/"})
            for role in ROLES:
                say(f"  {role:12} {base}/fr/demo/{role}/")
        say(_("Ctrl-C stops it; what was entered stays."))
        return True

    def _watch_worker(self) -> None:
        now = time.monotonic()
        if self.worker is None:
            if now >= self.worker_again_at:
                self.worker = start(["-m", "parvis.cli", "worker", "--quiet"])
                self.worker_started = now
            return
        status = self.worker.poll()
        if status is None:
            return
        self.worker = None
        if now - self.worker_started > BACKOFF_SECONDS_MAX:
            self.worker_failures = 0
        self.worker_failures += 1
        wait = min(BACKOFF_SECONDS_MAX, 2 ** min(self.worker_failures - 1, 6))
        if status == ALREADY_RUNS:
            # Another command's worker serves this home: look again later, quietly.
            wait = 5
        else:
            say(_("The worker ended (%(n)d); started again in %(s)d s.") % {"n": status, "s": wait})
        self.worker_again_at = now + wait

    def _end(self) -> None:
        children = [child for child in (self.server, self.worker) if child is not None]
        for child in children:
            if child.poll() is None:
                child.terminate()
        until = time.monotonic() + STOP_SECONDS_MAX
        for child in children:
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(_("Process %(pid)d did not stop in time: killed.") % {"pid": child.pid})
            end_group(child.pid)


def end_group(pid: int) -> None:
    """End what is left of the group of a process that ended."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def answers(host: str, port: int) -> bool:
    """Whether the server answers on /health/live."""
    where = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    try:
        with socket.create_connection((where, port), timeout=10) as link:
            link.sendall(b"GET /health/live HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            return b" 200 " in link.recv(200)
    except OSError:
        return False


def serve(options: Options) -> int:
    """Prepare the home, serve until told to stop; return the exit status. Raises Stop."""
    shown = "127.0.0.1" if options.host in {"0.0.0.0", "::"} else options.host  # noqa: S104
    os.environ.setdefault("PARVIS_SITE_URL", f"http://{shown}:{options.port}")
    require_free(options.host, options.port)
    held = _hold_home()
    if not stamp.is_prepared(options.demo):
        prepared = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "parvis.cli", "prepare", "--demo", options.demo], check=False
        )
        if prepared.returncode:
            return prepared.returncode
    try:
        return Supervisor(options).run()
    finally:
        os.close(held)


def _hold_home() -> int:
    """Say that this home is served (a shared lock): `parvis restore` refuses. Raises Stop."""
    home = stamp.home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(home / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Stop(
            _("The folder of PARVIS_HOME cannot be used: %(error)s") % {"error": error}
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Stop(_("A backup is being restored in %(home)s.") % {"home": home}) from None
    return descriptor
