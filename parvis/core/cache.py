"""Page cache in front of the application, emptied by one counter that all processes share.

Only answers that say `Cache-Control: public` and carry no cookie are kept; a request with a
session cookie never meets the cache. An entry ends at min(PAGE_CACHE_SECONDS, the next phase
boundary) and whenever an event that shows on a page is committed by any process.
"""

import gzip
import mmap
import os
import re
import struct
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, Generic, TypeVar

from django.conf import settings

_ENTRIES_MAX = 2_000
_BODY_BYTES_MAX = 2_000_000
_counter: mmap.mmap | None = None
_T = TypeVar("_T")
# Who asks a page's address for RDF is never given the HTML that is kept, nor the contrary.
_OTHER_THAN_PAGES = re.compile(r"turtle|ld\+json|rdf\+xml|/n3|n-triples|application/\*")


def _shared() -> mmap.mmap:
    """Return the 8 bytes that count changes, mapped from a file of the home."""
    global _counter
    if _counter is None:
        path = settings.HOME / "generation"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(descriptor).st_size < 8:
            os.truncate(descriptor, 8)
        _counter = mmap.mmap(descriptor, 8)
        os.close(descriptor)
    return _counter


def generation() -> int:
    """Return the number that stands for what public pages show now."""
    return struct.unpack("<Q", _shared()[:8])[0]


def bump() -> None:
    """Say that public pages changed. A time, so that two processes never write the same."""
    _shared()[:8] = struct.pack("<Q", max(time.time_ns(), generation() + 1))


class per_generation(Generic[_T]):
    """A function asked once by process for each state of what public pages show.

    For little that is asked at every page. Tests, whose transactions are undone, always ask, but
    for what is `told`: those who write it say `forget`, so that it holds within a transaction.
    """

    def __init__(self, read: Callable[[], _T], *, told: bool = False) -> None:
        self._read = read
        self._told = told
        self._kept: tuple[int, _T] | None = None

    def __call__(self) -> _T:
        """Return what was read of what is public now."""
        now, kept = generation(), self._kept
        if kept is None or kept[0] != now or (settings.TESTING and not self._told):
            # The number comes first: what changes while it is read is read again.
            kept = self._kept = (now, self._read())
        return kept[1]

    def keep(self, value: _T) -> None:
        """Take `value` for what is read of what is public now."""
        self._kept = (generation(), value)

    def forget(self) -> None:
        """Read again next time."""
        self._kept = None


class PageCache:
    """WSGI middleware; `x-page-cache: hit` tells an answer that came from it."""

    def __init__(self, application: Callable[..., Iterable[bytes]], seconds: int) -> None:
        self.application = application
        self.seconds = seconds
        self.entries: OrderedDict[tuple[str, ...], tuple[float, int, str, list[Any], bytes]]
        self.entries = OrderedDict()
        self.lock = Lock()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer from the cache, or let the application answer and keep what may be kept."""
        if (
            not self.seconds
            or environ["REQUEST_METHOD"] not in {"GET", "HEAD"}
            or "HTTP_AUTHORIZATION" in environ
            or "HTTP_RANGE" in environ
            or settings.SESSION_COOKIE_NAME in environ.get("HTTP_COOKIE", "")
            or "messages=" in environ.get("HTTP_COOKIE", "")
            or _OTHER_THAN_PAGES.search(environ.get("HTTP_ACCEPT", ""))
        ):
            return self.application(environ, start_response)
        packed = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
        key = (
            environ.get("HTTP_HOST", ""),
            environ.get("PATH_INFO", ""),
            environ.get("QUERY_STRING", ""),
            environ.get("HTTP_HX_REQUEST", ""),
            environ.get("HTTP_ACCEPT_LANGUAGE", "") if environ.get("PATH_INFO") == "/" else "",
            "gzip" if packed else "",
        )
        now, current = time.monotonic(), generation()
        entry = self.entries.get(key)
        if entry and entry[0] > now and entry[1] == current:
            if environ.get("HTTP_IF_NONE_MATCH") and any(
                name == "ETag" and value == environ["HTTP_IF_NONE_MATCH"]
                for name, value in entry[3]
            ):
                start_response("304 Not Modified", entry[3])
                return [b""]
            start_response(entry[2], entry[3])
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else entry[4]]
        return self._fill(environ, start_response, key, now, current, packed)

    def _fill(
        self,
        environ: dict[str, Any],
        start_response: Callable[..., Any],
        key: tuple[str, ...],
        now: float,
        current: int,
        packed: bool,
    ) -> Iterable[bytes]:
        answer: list[Any] = []

        def keep(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            answer[:] = [status, headers]
            return lambda data: None

        chunks = self.application(environ, keep)
        status, headers = answer
        names = {name.lower(): value for name, value in headers}
        storable = (
            environ["REQUEST_METHOD"] == "GET"
            and status.startswith("200")
            and "public" in names.get("cache-control", "")
            and "set-cookie" not in names
            and "content-encoding" not in names
            and names.get("content-type", "").startswith(
                ("text/html", "application/atom", "application/xml")
            )
        )
        if not storable:
            start_response(status, headers)
            return chunks
        body = b"".join(chunks)
        close = getattr(chunks, "close", None)
        if close:
            close()
        seconds = min(self.seconds, int(names.get("x-cache-seconds", self.seconds)))
        kept = [
            (name, value)
            for name, value in headers
            if name.lower() not in {"x-cache-seconds", "content-length"}
        ]
        if packed:
            body = gzip.compress(body, 6, mtime=0)
            kept.append(("Content-Encoding", "gzip"))
        kept.append(("Content-Length", str(len(body))))
        hit = [*kept, ("x-page-cache", "hit")]
        if len(body) <= _BODY_BYTES_MAX and seconds > 0:
            with self.lock:
                self.entries[key] = (now + seconds, current, status, hit, body)
                while len(self.entries) > _ENTRIES_MAX:
                    self.entries.popitem(last=False)
        start_response(status, kept)
        return [body]
