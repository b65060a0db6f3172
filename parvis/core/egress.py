"""The one outgoing HTTP client: harvests, checks of another register, witnesses.

Against requests forged through our server (ASVS 1.3.6, 13.2.5): http(s) on ports 80 and 443, every
resolved address must be global (also when written inside IPv6: mapped, 6to4, NAT64), the
connection goes to the address that was vetted, redirects are vetted again and never change to
another scheme than https, time and inflated bytes are capped. What the operator allows beyond
that, or nothing but what the operator names, is in `Allowed`.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import SplitResult, quote, urljoin, urlsplit

BYTES_MAX = 50_000_000
SECONDS_MAX = 30.0
REDIRECTS_MAX = 3
PORTS = frozenset({80, 443})
_CHUNK = 65_536
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# The only block of which IPv6 addresses are given out (RFC 4291, 2.4), less its documentation
# blocks: Python holds ::127.0.0.1 (IPv4-compatible) and 64:ff9b:1::/48 for global.
_IPV6_GIVEN = ipaddress.ip_network("2000::/3")
_IPV6_EXAMPLES = ipaddress.ip_network("3fff::/20")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]


class EgressRefused(OSError):
    """We do not go there: scheme, port, address or redirect."""


class EgressFailed(OSError):
    """It did not answer, not in time, or too much."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator says of places, each "host" or "host:port".

    inside: go there although its address is private, or its port another one. only: when it is
    not empty, go nowhere else (what is in `inside` excepted). A name that begins with a dot
    stands for the names under it, in `only`.
    """

    inside: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()

    @classmethod
    def of(cls, inside: Iterable[str] = (), only: Iterable[str] = ()) -> "Allowed":
        """Return the rule of these places, whatever their case."""
        clean = [frozenset(p.strip().lower() for p in places if p.strip()) for places in
                 (inside, only)]  # fmt: skip
        return cls(*clean)

    def is_inside(self, host: str, port: int) -> bool:
        """Whether a private address is fine for this place; without port: 80 and 443."""
        return f"{host}:{port}" in self.inside or (port in PORTS and host in self.inside)

    def may_go(self, host: str, port: int) -> bool:
        """Whether this place is one of those named, when some are."""
        if not self.only or self.is_inside(host, port):
            return True
        under = (f".{host}"[n:] for n, c in enumerate(f".{host}") if c == ".")
        return any(p in self.only for p in (host, f"{host}:{port}", *under))


NOWHERE_ELSE = Allowed()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. headers: lower-case names. url: after redirects."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


def is_public(address: Address) -> bool:
    """Whether an address is global, also the IPv4 one that an IPv6 one may carry."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and address.teredo is not None:
            return False
        if inner is not None:
            return is_public(inner)
        if address not in _IPV6_GIVEN or address in _IPV6_EXAMPLES:
            return False
    return address.is_global and not address.is_multicast


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system finds them. Raises EgressFailed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise EgressFailed(f"{host} does not resolve") from error
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def vetted(
    host: str, port: int, *, allow_private: bool = False, resolve: Resolve | None = None
) -> list[str]:
    """Return the addresses of a host, all of them allowed.

    One address that is not global refuses the host: an answer that mixes both is an attack.
    Raises EgressRefused, EgressFailed when the name does not resolve.
    """
    addresses = (resolve or resolved)(host, port)
    if not addresses:
        raise EgressFailed(f"{host} does not resolve")
    if not allow_private:
        for text in addresses:
            if not is_public(ipaddress.ip_address(text)):
                raise EgressRefused(f"{host} has an address that is not public")
    return addresses


class Client:
    """A client that keeps one connection open; use it with `with`.

    allow_private: go to private addresses and other ports too: only for what a person typed in a
    terminal, never for an address that came from a form. allowed: what the operator says. resolve:
    finds addresses instead of the system.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        seconds_max: float = SECONDS_MAX,
        allowed: Allowed = NOWHERE_ELSE,
        resolve: Resolve | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._seconds_max = seconds_max
        self._allowed = allowed
        self._resolve = resolve
        self._kept: tuple[tuple[str, str, int], _Pinned] | None = None

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._kept is not None:
            self._kept[1].close()
            self._kept = None

    def get(
        self,
        url: str,
        *,
        bytes_max: int = BYTES_MAX,
        headers: Mapping[str, str] | None = None,
        redirects_max: int = REDIRECTS_MAX,
        begin: bool = False,
    ) -> Answer:
        """Return the answer to a GET, whatever its status, redirects followed.

        begin: the first `bytes_max` bytes are enough; what follows is not read, nor an error.
        Raises EgressRefused, EgressFailed.
        """
        return self._follow(url, _Ask("GET", bytes_max, dict(headers or {}), begin), redirects_max)

    def head(self, url: str, *, redirects_max: int = REDIRECTS_MAX) -> Answer:
        """Return the answer to a HEAD: status and headers. Raises EgressRefused, EgressFailed."""
        return self._follow(url, _Ask("HEAD", 0, {}, True), redirects_max)

    def _follow(self, url: str, ask: "_Ask", redirects_max: int) -> Answer:
        deadline = time.monotonic() + self._seconds_max
        for _hop in range(redirects_max + 1):
            parts = self._parts(url)
            answer = self._once(parts, url, ask, deadline)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return answer
            target = urljoin(url, answer.headers["location"])
            if urlsplit(target).scheme not in {parts.scheme, "https"}:
                raise EgressRefused(f"{url} redirects to another scheme")
            url = target
        raise EgressRefused(f"{url}: too many redirects")

    def _parts(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise EgressRefused(f"not an address: {url[:200]}") from error
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise EgressRefused(f"not an http address: {url[:200]}")
        if parts.username is not None or parts.password is not None:
            raise EgressRefused("an address with a user or a password")
        if any(c.isspace() or ord(c) < 32 for c in url):
            raise EgressRefused("an address with spaces or control characters")
        if self._allow_private:
            return parts
        port = port or _port(parts)
        if not self._allowed.may_go(parts.hostname, port):
            raise EgressRefused(f"{parts.hostname} is not a place that the operator allows")
        if port not in PORTS and not self._allowed.is_inside(parts.hostname, port):
            raise EgressRefused(f"port {port} is not 80 or 443")
        return parts

    def _once(self, parts: SplitResult, url: str, ask: "_Ask", deadline: float) -> Answer:
        host = str(parts.hostname)
        place = (parts.scheme, host, _port(parts))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        path = quote(path, safe="%/:=&?~+!$,;'@()*[]")
        # A kept connection may have been closed by the server meanwhile: then once more, anew.
        reused = self._kept is not None and self._kept[0] == place
        for last in (False, True) if reused else (True,):
            try:
                return self._ask(place, path, url, ask, deadline)
            except (EgressRefused, EgressFailed):
                self.close()
                raise
            except (http.client.HTTPException, OSError) as error:
                self.close()
                if last or not isinstance(error, ConnectionError):
                    raise EgressFailed(f"{host}: {error or 'no answer in time'}") from error
        raise AssertionError("unreachable")

    def _ask(
        self, place: tuple[str, str, int], path: str, url: str, ask: "_Ask", deadline: float
    ) -> Answer:
        left = deadline - time.monotonic()
        if left <= 0:
            raise EgressFailed(f"{place[1]}: no answer in time")
        connection = self._connection(place, left)
        # A server that sends one byte a second passes every socket timeout: cut it at the deadline.
        watch = threading.Timer(left, _cut, [connection])
        watch.daemon = True
        watch.start()
        headers = {"User-Agent": "Parvis", "Accept-Encoding": "gzip, identity"} | ask.headers
        try:
            connection.request(ask.method, path, headers=headers)
            response = connection.getresponse()
            body = b"" if ask.method == "HEAD" else _read(response, ask.bytes_max, begin=ask.begin)
        finally:
            watch.cancel()
        if time.monotonic() > deadline:
            raise EgressFailed(f"{place[1]}: no answer in time")
        names = {name.lower(): value for name, value in response.getheaders()}
        if response.will_close or ask.begin:
            self.close()
        return Answer(response.status, body, names, url)

    def _connection(self, place: tuple[str, str, int], seconds: float) -> "_Pinned":
        if self._kept is not None and self._kept[0] == place:
            return self._kept[1]
        self.close()
        scheme, host, port = place
        private = self._allow_private or self._allowed.is_inside(host, port)
        addresses = vetted(host, port, allow_private=private, resolve=self._resolve)
        made = _Pinned(host, port, addresses, seconds, secure=scheme == "https")
        self._kept = (place, made)
        return made


@dataclass(frozen=True, slots=True)
class _Ask:
    method: str
    bytes_max: int
    headers: dict[str, str]
    begin: bool


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was vetted; the name serves for TLS and `Host`."""

    def __init__(
        self, host: str, port: int, addresses: list[str], seconds: float, *, secure: bool
    ) -> None:
        self.default_port = 443 if secure else 80
        super().__init__(host, port, timeout=seconds)
        self._addresses = addresses
        self._secure = secure
        self.wire: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the first address that answers. Raises OSError."""
        failure: OSError | None = None
        for address in self._addresses:
            try:
                self.sock = socket.create_connection((address, self.port), self.timeout)
                self.wire = self.sock
                break
            except OSError as error:
                failure = error
        else:
            raise failure or OSError("no address")
        if self._secure:
            context = ssl.create_default_context()
            self.sock = self.wire = context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()


def _cut(connection: "_Pinned") -> None:
    # http.client hands its own reference over to an answer that closes: keep ours.
    if connection.wire is not None:
        with suppress(OSError):
            connection.wire.shutdown(socket.SHUT_RDWR)


def _read(response: http.client.HTTPResponse, bytes_max: int, *, begin: bool = False) -> bytes:
    encoding = (response.getheader("Content-Encoding") or "identity").lower()
    if encoding not in {"identity", "gzip"}:
        raise EgressFailed(f"an encoding we did not ask for: {encoding[:40]}")
    inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    out, size = [], 0
    # read() waits until it has that many bytes, read1() gives what has come.
    read = response.read1 if begin else response.read
    while chunk := read(_CHUNK):
        data = inflate.decompress(chunk, bytes_max - size + 1) if inflate else chunk
        size += len(data)
        if size > bytes_max and not begin:
            raise EgressFailed(f"the answer has more than {bytes_max} bytes")
        out.append(data)
        if begin and size >= bytes_max:
            return b"".join(out)[:bytes_max]
    if response.length or (inflate is not None and not inflate.eof and out):
        raise EgressFailed("the answer is cut")
    return b"".join(out)


def fetch(
    url: str,
    *,
    bytes_max: int = BYTES_MAX,
    seconds_max: float = SECONDS_MAX,
    allow_private: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return the answer to one GET. Raises EgressRefused, EgressFailed (both OSError)."""
    with Client(allow_private=allow_private, seconds_max=seconds_max) as client:
        return client.get(url, bytes_max=bytes_max, headers=headers)


def site_client(*, seconds_max: float = SECONDS_MAX) -> Client:
    """Return a client for addresses that came from a form, under the operator's rules."""
    from django.conf import settings

    allowed = Allowed.of(settings.EGRESS_INSIDE, settings.EGRESS_ONLY)
    return Client(seconds_max=seconds_max, allowed=allowed)
