"""SQL from anybody, over versions: in processes of their own, limited and killed when late."""

import json
import os
import queue
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from parvis.tables.errors import REASONS, TableError
from parvis.tables.store import Store, Version

SECONDS_MAX = 5.0
ROWS_MAX = 32_000
BYTES_MAX = 10_000_000
CHARACTERS_MAX = 10_000
PROCESSES = 2
# A process is replaced after so many statements: what one may have left dies with it.
STATEMENTS_MAX = 200
_HEADER_MAX = 1 << 20
_PROJECT = Path(__file__).resolve().parents[2]
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from parvis.tables import sandbox_child; sandbox_child.serve(sys.argv[2])"
)


@dataclass(frozen=True, slots=True)
class Named:
    """A version that statements may read; `place`: it gets a first column `_id`, a row's place."""

    version: Version
    place: bool = False


Find = Callable[[Sequence[str]], Named | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of a statement; `truncated` when there were more than the limits let through."""

    table: pa.Table
    truncated: bool
    seconds: float


class _Late(Exception):
    """The time is over, or the process is gone."""


class _Child:
    def __init__(self, root: Path) -> None:
        self.statements = 0
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter, our own code
            [sys.executable, "-I", "-c", _START, str(_PROJECT), str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},  # no secret to find
            cwd="/",
            close_fds=True,
            bufsize=0,
        )

    def ask(self, request: dict[str, object], until: float) -> tuple[dict[str, object], bytes]:
        """Send a request and return header and body. Raises `_Late`."""
        self.statements += 1
        said = json.dumps(request).encode()
        source = self._process.stdin
        if source is None:
            raise _Late
        try:
            source.write(struct.pack("<I", len(said)) + said)
            source.flush()
        except OSError as error:
            raise _Late from error
        head, body = struct.unpack("<II", self._read(8, until))
        if head > _HEADER_MAX or body > 2 * BYTES_MAX + _HEADER_MAX:
            raise _Late
        try:
            header = json.loads(self._read(head, until))
        except ValueError as error:
            raise _Late from error
        return header, self._read(body, until)

    def _read(self, size: int, until: float) -> bytes:
        stream = self._process.stdout
        if stream is None:
            raise _Late
        parts: list[bytes] = []
        descriptor = stream.fileno()
        while size:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, until - time.monotonic()))
            data = os.read(descriptor, min(size, 1 << 20)) if ready else b""
            if not data:
                raise _Late
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


class Sandbox:
    """A few processes that answer statements over the versions of one store.

    Safe to use from several threads; they start when first needed and never outlive this process.
    """

    def __init__(self, store: Store, processes: int = PROCESSES) -> None:
        self._store = store
        self._places: queue.Queue[_Child | None] = queue.Queue()
        for _ in range(processes):
            self._places.put(None)
        self._closed = threading.Event()

    def sql(
        self,
        version: Version,
        text: str,
        *,
        rows_max: int = ROWS_MAX,
        bytes_max: int = BYTES_MAX,
        seconds_max: float = SECONDS_MAX,
    ) -> Answer:
        """Answer one SELECT over the table called `data`; see `select`."""

        def find(path: Sequence[str]) -> Named | None:
            return Named(version) if [part.lower() for part in path] == ["data"] else None

        return self.select(
            text, find, rows_max=rows_max, bytes_max=bytes_max, seconds_max=seconds_max
        )

    def select(
        self,
        text: str,
        find: Find,
        *,
        rows_max: int = ROWS_MAX,
        bytes_max: int = BYTES_MAX,
        seconds_max: float = SECONDS_MAX,
    ) -> Answer:
        """Answer one SELECT over the tables that `find` gives for the names it reads.

        At most `rows_max` rows and `bytes_max` bytes (10 MB) come back. Raises `TableError`:
        `sql_not_one_select`, `sql_refused`, `sql_no_table`, `sql_wrong`, `sql_too_long`,
        `sql_too_large`, `sql_stopped` after `seconds_max`, `no_such_version`.
        """
        if len(text) > CHARACTERS_MAX:
            raise TableError("sql_too_long", {"limit": CHARACTERS_MAX})
        start = time.monotonic()
        sql = text.encode("utf-8", "replace").decode()
        try:
            child = self._places.get(timeout=seconds_max)
        except queue.Empty:
            raise TableError("sql_stopped", {"seconds": f"{seconds_max:g}"}) from None
        whole = False
        try:
            # Starting takes a second or two, which is not the statement's.
            child = child or self._started()
            until = time.monotonic() + seconds_max
            named, _body = child.ask({"what": "names", "sql": sql}, until)
            if not named.get("ok"):
                whole = True
                raise _refusal(named)
            try:
                tables = self._tables(named, find)
            except TableError:
                whole = True
                raise
            request: dict[str, object] = {
                "what": "rows",
                "tables": tables,
                "sql": sql,
                "rows_max": rows_max,
                "bytes_max": min(bytes_max, BYTES_MAX),
            }
            header, body = child.ask(request, until)
            table = _table(body) if header.get("ok") else None
            whole = True
        except (_Late, pa.ArrowException) as error:
            raise TableError("sql_stopped", {"seconds": f"{seconds_max:g}"}) from error
        finally:
            worn = child is not None and child.statements >= STATEMENTS_MAX
            if child is not None and (not whole or worn or self._closed.is_set()):
                child.kill()
                child = None
            self._places.put(child)
        if table is None:
            raise _refusal(header)
        return Answer(table, bool(header.get("truncated")), time.monotonic() - start)

    def _tables(self, named: dict[str, object], find: Find) -> list[dict[str, object]]:
        asked = named.get("names")
        if not isinstance(asked, list):
            raise _Late
        tables: list[dict[str, object]] = []
        for path in asked:
            if not isinstance(path, list) or not all(isinstance(part, str) for part in path):
                raise _Late
            found = find(path) if len(path) <= 2 else None
            if found is None:
                raise TableError("sql_no_table", {"name": ".".join(path)[:80]})
            file = str(self._store.path(found.version))
            tables.append({"name": path, "file": file, "place": found.place})
        return tables

    def _started(self) -> _Child:
        child = _Child(self._store.root)
        try:
            child.ask({"what": "ready"}, _soon())
        except _Late:
            child.kill()
            raise
        child.statements = 0
        return child

    def close(self) -> None:
        """End the processes that wait; those at work end with their statement."""
        self._closed.set()
        for _ in range(self._places.qsize()):
            try:
                child = self._places.get_nowait()
            except queue.Empty:
                return
            if child is not None:
                child.kill()
            self._places.put(None)


def _soon() -> float:
    return time.monotonic() + 30


def _table(body: bytes) -> pa.Table:
    """The rows, checked before anything looks into them."""
    with pa.ipc.open_stream(body) as reader:
        table = reader.read_all()
    table.validate(full=True)
    return table


def _refusal(header: dict[str, object]) -> TableError:
    reason, params = str(header.get("reason")), header.get("params")
    if reason not in REASONS or not isinstance(params, dict):
        return TableError("sql_wrong", {"detail": "?"})
    return TableError(reason, {str(k): str(v)[:300] for k, v in params.items()})
