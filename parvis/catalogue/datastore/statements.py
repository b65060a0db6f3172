"""SQL from anybody: over public tables only, outside of this process, few at a time.

One statement may hold a thread of the server for five seconds, and every server process has one:
so statements take turns over all processes of the machine (a lock on a file), and whoever finds
no turn free is told to come back rather than kept waiting. Pages always have a process left.
"""

import datetime
import fcntl
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from parvis.catalogue import store
from parvis.catalogue.ckan.errors import (
    NotAuthorized,
    NotHere,
    TooManyRequests,
    ValidationFailed,
)
from parvis.catalogue.datastore import fields, sources
from parvis.catalogue.datastore.snapshot import NotReady
from parvis.catalogue.loading import in_words
from parvis.core import limits
from parvis.core.errors import TooMany
from parvis.tables.cells import csv_text
from parvis.tables.errors import TableError
from parvis.tables.sandbox import Named, Sandbox

AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
"""Statements at a time on this machine: half of its processors stay for pages."""
WAIT_SECONDS = 0.3
REST_AFTER_SECONDS = 0.5
NETWORKS_MAX = 10_000


class Busy(TooMany):
    """Other statements are being answered, or this reader asked too many: 429."""

    message = _("Other statements are being answered. Try again in a few seconds.")

    def __init__(self, seconds: int, message: object | None = None) -> None:
        super().__init__(message)
        self.retry_after = seconds


@dataclass(frozen=True)
class Answered:
    """The rows of a statement: columns (name, type as CKAN's), values, how long it took."""

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Any]]
    truncated: bool
    seconds: float

    def csv(self) -> str:
        """Return the rows as CSV (RFC 4180) with a header, safe for spreadsheets."""
        return csv_text([name for name, _kind in self.columns], self.rows)


class Measure:
    """How often each network asks, in this process: nothing is written, nothing outlives it."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, ip: str | None, now: float | None = None) -> None:
        """Count one statement. Raises Busy past the measure, with the seconds to wait."""
        moment = time.monotonic() if now is None else now
        with self._lock:
            times = self._seen.setdefault(_network(ip), deque())
            self._seen.move_to_end(_network(ip))
            while times and times[0] <= moment - self._seconds:
                times.popleft()
            if len(times) >= self._most:
                wait = int(times[0] + self._seconds - moment) + 1
                raise Busy(wait, _("You asked too many statements. Try again in a minute."))
            times.append(moment)
            while len(self._seen) > NETWORKS_MAX:
                self._seen.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._seen.clear()


def _network(ip: str | None) -> str:
    """An IPv6 subscriber holds a whole /56; one address of it says nothing."""
    try:
        address = ip_address(ip or "")
    except ValueError:
        return ip or ""
    return str(ip_network(f"{address}/56", strict=False)) if address.version == 6 else str(address)


measure = Measure(limits.SQL_STATEMENTS, 60)


@cache
def _sandbox() -> Sandbox:
    # One process of its own for each of ours: turns are taken over all of them.
    return Sandbox(store.store(), processes=AT_ONCE)


def _times(descriptor: int) -> tuple[float, float]:
    """Return when the last statement of a turn began, and when the next one may."""
    parts = os.pread(descriptor, 64, 0).split()
    return (float(parts[0]), float(parts[1])) if len(parts) == 2 else (0.0, 0.0)


def _write(descriptor: int, began: float, free: float) -> None:
    os.pwrite(descriptor, f"{began:020.6f} {free:020.6f}".encode(), 0)


def _taken(number: int) -> int | float:
    """Return a turn, held, as a file; or, where it is not free, the seconds until it may be."""
    path = settings.HOME / "turns" / f"sql-{number}"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    now = time.time()
    began, free = _times(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        # A short one ends in a moment; nobody waits for a long one.
        return 0.0 if now - began < WAIT_SECONDS else limits.SQL_SECONDS
    if now < free <= now + 2 * limits.SQL_SECONDS:
        os.close(descriptor)
        return free - now
    _write(descriptor, now, now)
    return descriptor


@contextmanager
def turn() -> Iterator[None]:
    """Hold one of the machine's turns. Raises Busy when none is free within a moment.

    After a statement that took long, its turn rests as long: what waited behind it is served.
    """
    (settings.HOME / "turns").mkdir(exist_ok=True)
    until = time.monotonic() + WAIT_SECONDS
    while True:
        tried = []
        for number in range(AT_ONCE):
            found = _taken(number)
            if isinstance(found, int):
                yield from _held(found)
                return
            tried.append(found)
        if min(tried) > 0 or time.monotonic() > until:
            raise Busy(int(min(tried)) + 1)
        time.sleep(0.02)


def _held(descriptor: int) -> Iterator[None]:
    began = time.time()
    try:
        yield
    finally:
        took = time.time() - began
        rest = took if took > REST_AFTER_SECONDS else 0.0
        _write(descriptor, began, time.time() + rest)
        os.close(descriptor)


def _find(path: Sequence[str]) -> Named | None:
    try:
        source = sources.public(path)
    except NotReady:
        return None
    return None if source is None else Named(source.file, place=not source.numbered)


def ask(sql: str) -> Answered:
    """Answer one SELECT. Raises TableError with a reason, Busy."""
    with turn():
        answer = _sandbox().select(
            sql, _find, rows_max=limits.SQL_ROWS, seconds_max=limits.SQL_SECONDS
        )
    kinds = [_kind(one.type) for one in answer.table.schema]
    names = answer.table.schema.names
    values = [
        [fields.given(_plain(value), "") for value in column.to_pylist()]
        for column in answer.table.columns
    ]
    rows = [list(row) for row in zip(*values, strict=True)]
    return Answered(tuple(zip(names, kinds, strict=True)), rows, answer.truncated, answer.seconds)


def _plain(value: Any) -> Any:
    """What JSON has no word for is text: intervals, hours, blobs; what is no number is empty."""
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if value is None or isinstance(value, str | int | datetime.date):
        return value
    if isinstance(value, list):
        return [fields.given(_plain(one), "") for one in value]
    if isinstance(value, dict):
        return {str(key): fields.given(_plain(one), "") for key, one in value.items()}
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _kind(found: pa.DataType) -> str:
    tests = (
        (pa.types.is_boolean, "bool"), (pa.types.is_int32, "int4"), (pa.types.is_integer, "int8"),
        (pa.types.is_floating, "float8"), (pa.types.is_decimal, "numeric"),
        (pa.types.is_date, "date"), (pa.types.is_timestamp, "timestamp"),
        (pa.types.is_list, "_text"), (pa.types.is_struct, "json"),
    )  # fmt: skip
    return next((name for test, name in tests if test(found)), "text")


def in_ckan_form(sql: str) -> dict[str, Any]:
    """Return the answer as `datastore_search_sql` does. Raises ActionError."""
    try:
        answer = ask(sql)
    except Busy as error:
        raise TooManyRequests(str(error)) from None
    except TableError as error:
        words = in_words(error.reason, error.params)
        if error.reason == "sql_no_table":
            raise NotHere(words) from None
        if error.reason == "sql_refused":
            raise NotAuthorized(words) from None
        raise ValidationFailed({"query": [words]}) from None
    names = [name for name, _kind in answer.columns]
    result: dict[str, Any] = {
        "sql": sql,
        "fields": [{"id": name, "type": kind} for name, kind in answer.columns],
        "records": [dict(zip(names, row, strict=True)) for row in answer.rows],
    }
    return {**result, "records_truncated": True} if answer.truncated else result
