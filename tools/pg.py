"""Runs a command with a PostgreSQL of its own, started for it and stopped after it.

    .venv/bin/python tools/pg.py -- .venv/bin/pytest ...

The command finds PARVIS_DATABASE_URL set. The server listens on a Unix socket in a temporary
folder only, does not sync to disk (it lives as long as the command), and runs as `postgres` when
we are root, since PostgreSQL refuses to run as root.
"""

# ruff: noqa: S603

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "128MB",
    "max_connections": "60",
}


class Missing(Exception):
    """PostgreSQL's programs are not on this machine."""


def programs() -> Path:
    """Return the folder of initdb and pg_ctl, of the newest version there is. Raises Missing."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    if (here := shutil.which("initdb")) and shutil.which("pg_ctl"):
        return Path(here).resolve().parent
    raise Missing("initdb and pg_ctl")


def _as_owner(command: Sequence[str]) -> list[str]:
    if os.geteuid() == 0:
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
    return list(command)


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(
        _as_owner(command), capture_output=True, text=True, cwd=folder, check=False, timeout=120
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")


@contextmanager
def server() -> Iterator[str]:
    """Start a server; yield the address of an empty database; stop it and remove everything."""
    bin_ = programs()
    folder = Path(tempfile.mkdtemp(prefix="parvis-pg-"))
    data, port = folder / "data", 20_000 + secrets.randbelow(40_000)
    started = False
    try:
        folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        initdb = [str(bin_ / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
        _run([*initdb, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], folder)
        chosen = {**SETTINGS, "unix_socket_directories": str(folder), "port": str(port)}
        lines = [f"{name} = '{value}'\n" for name, value in chosen.items()]
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(lines)
        control = [str(bin_ / "pg_ctl"), "-D", str(data), "-w"]
        # With a log file: pg_ctl would otherwise keep our pipes open as long as the server lives.
        _run([*control, "-l", str(folder / "log"), "start"], folder)
        started = True
        _run(
            [
                str(bin_ / "createdb"),
                "-h",
                str(folder),
                "-p",
                str(port),
                "-U",
                "postgres",
                "parvis",
            ],
            folder,
        )
        yield f"postgresql://postgres@/parvis?host={folder}&port={port}"
    finally:
        if started:
            _run([*control, "-m", "immediate", "stop"], folder)
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str]) -> int:
    """Run the command given after `--`; return its exit status."""
    command = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
    if not command:
        sys.stderr.write("usage: tools/pg.py -- command ...\n")
        return 2
    try:
        with server() as url:
            environment = {**os.environ, "PARVIS_DATABASE_URL": url}
            return subprocess.run(command, env=environment, check=False).returncode
    except Missing as error:
        sys.stderr.write(f"PostgreSQL is not installed ({error}): apt-get install postgresql\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
