"""The one outgoing client goes only where it may, and never waits or swallows without end."""

import gzip
import ipaddress
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from parvis.core import egress
from parvis.core.egress import Allowed, Client, EgressFailed, EgressRefused, fetch, is_public


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hits: list[str] = []

    def do_GET(self):
        self.hits.append(self.path)
        name = self.path.partition("?")[0].strip("/")
        getattr(self, f"answer_{name}", self.answer_ok)()

    do_HEAD = do_GET

    def send(self, body, status=200, **headers):
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_ok(self):
        self.send(b"fine")

    def answer_bomb(self):
        self.send(gzip.compress(b"\0" * 5_000_000), Content_Encoding="gzip")

    def answer_packed(self):
        self.send(gzip.compress(b"packed"), Content_Encoding="gzip")

    def answer_brotli(self):
        self.send(b"?", Content_Encoding="br")

    def answer_loop(self):
        self.send(b"", 302, Location="/loop")

    def answer_hop(self):
        self.send(b"", 302, Location="/ok")

    def answer_file(self):
        self.send(b"", 302, Location="file:///etc/passwd")

    def answer_cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"short")
        self.close_connection = True

    def answer_drip(self):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(100):
            try:
                self.wfile.write(b".")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.1)

    def log_message(self, *_more):
        """Say nothing."""


@pytest.fixture(scope="module")
def server():
    site = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.shutdown()


@pytest.fixture
def resolve(monkeypatch):
    """Make every name resolve to some addresses."""

    def to(*addresses):
        def getaddrinfo(host, port, *_more, **_named):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

        monkeypatch.setattr(egress.socket, "getaddrinfo", getaddrinfo)

    return to


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
        ("2002:a00:1::1", False),
    ],
)
def test_public_addresses(address, public):
    assert is_public(ipaddress.ip_address(address)) is public


def test_an_answer_comes_back(server):
    answer = fetch(f"{server}/ok", allow_private=True)
    assert (answer.status, answer.body) == (200, b"fine")


@pytest.mark.parametrize(
    "address",
    [["127.0.0.1"], ["10.0.0.1"], ["::ffff:127.0.0.1"], ["93.184.216.34", "127.0.0.1"]],
)
def test_private_addresses_are_refused_after_resolution(server, resolve, address):
    resolve(*address)
    before = len(Handler.hits)
    for url in ("http://innocent.example/ok", "https://innocent.example/"):
        with pytest.raises(EgressRefused):
            fetch(url)
    assert len(Handler.hits) == before


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://example.org/",
        "//example.org/",
        "http://",
        "http://user:password@example.org/",
        "http://example.org:22/",
        "http://example.org:99999/",
        "http://example.org/a b",
        "http://example.org/\r\nX: y",
    ],
)
def test_addresses_that_are_refused(url, resolve):
    resolve("93.184.216.34")
    with pytest.raises(EgressRefused):
        fetch(url)


def test_the_vetted_address_is_the_one_used(server, monkeypatch):
    """A name that resolves to something else the second time changes nothing."""
    port = int(server.rpartition(":")[2])
    calls = []

    def getaddrinfo(host, *_more, **_named):
        calls.append(host)
        assert len(calls) == 1, "resolved twice"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(egress.socket, "getaddrinfo", getaddrinfo)
    create = socket.create_connection
    seen = []

    def connect(place, timeout):
        seen.append(place)
        monkeypatch.undo()
        return create(place, timeout)

    monkeypatch.setattr(egress.socket, "create_connection", connect)
    assert fetch(f"http://name.example:{port}/ok", allow_private=True).body == b"fine"
    assert seen == [("127.0.0.1", port)]


def test_redirects_are_followed_and_vetted(server):
    assert fetch(f"{server}/hop", allow_private=True).url == f"{server}/ok"
    for path in ("loop", "file"):
        with pytest.raises(EgressRefused):
            fetch(f"{server}/{path}", allow_private=True)


def test_a_redirect_to_a_private_address_is_refused(server, monkeypatch):
    monkeypatch.setattr(egress, "vetted", lambda host, port, **_more: _vet(host, server))
    monkeypatch.setattr(egress, "PORTS", {80, 443, int(server.rpartition(":")[2])})
    Handler.answer_inside = lambda self: self.send(b"", 302, Location="http://inside.example/")
    port = server.rpartition(":")[2]
    with pytest.raises(EgressRefused):
        fetch(f"http://outside.example:{port}/inside")


def _vet(host, server):
    if host == "inside.example":
        raise EgressRefused("private")
    return ["127.0.0.1"]


def test_bytes_are_capped_after_inflation(server):
    assert fetch(f"{server}/packed", allow_private=True).body == b"packed"
    for path in ("bomb", "ok"):
        with pytest.raises(EgressFailed):
            fetch(f"{server}/{path}", allow_private=True, bytes_max=3)
    with pytest.raises(EgressFailed):
        fetch(f"{server}/bomb", allow_private=True, bytes_max=1_000_000)
    with pytest.raises(EgressFailed):
        fetch(f"{server}/brotli", allow_private=True)


def test_a_cut_answer_is_an_error(server):
    with pytest.raises(EgressFailed):
        fetch(f"{server}/cut", allow_private=True)


def test_time_is_capped_whatever_drips(server):
    started = time.monotonic()
    with pytest.raises(EgressFailed):
        fetch(f"{server}/drip", allow_private=True, seconds_max=0.5)
    assert time.monotonic() - started < 2


def test_nobody_there(resolve):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(EgressFailed):
        fetch(f"http://127.0.0.1:{port}/", allow_private=True, seconds_max=2)


def test_a_connection_is_kept_and_made_again(server):
    with Client(allow_private=True) as client:
        assert client.get(f"{server}/ok").body == b"fine"
        first = client._kept[1].wire
        assert client.get(f"{server}/ok").body == b"fine"
        assert client._kept[1].wire is first
        first.shutdown(socket.SHUT_RDWR)
        assert client.get(f"{server}/ok").body == b"fine"


def test_no_other_http_client_in_the_code():
    import ast
    from pathlib import Path

    root, clients = Path(egress.__file__).parents[1], {"requests", "httpx", "aiohttp", "urllib3"}
    clients |= {"http.client", "urllib.request"}
    found = set()
    for path in root.rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if clients & set(names):
                found.add(str(path.relative_to(root)))
    assert found == {"core/egress.py"}


# What the operator allows, on a canary that nobody may reach ------------------------------------


class Canary(BaseHTTPRequestHandler):
    hits: list[str] = []

    def do_GET(self):
        self.hits.append(self.path)
        self.send_response(204)
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_more):
        """Say nothing."""


@pytest.fixture(scope="module")
def canary():
    site = ThreadingHTTPServer(("127.0.0.1", 0), Canary)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield site.server_port
    site.shutdown()


def here(_host, _port):
    return ["127.0.0.1"]


@pytest.mark.parametrize("method", ["get", "head"])
def test_nothing_reaches_a_canary_inside(server, canary, method):
    """Literal, mapped, decimal, by name, by redirect from a place that is allowed: 0 hits."""
    port = int(server.rpartition(":")[2])
    allowed = Allowed.of(inside=[f"front.example:{port}"])
    targets = [
        f"http://127.0.0.1:{canary}/",
        f"http://[::ffff:127.0.0.1]:{canary}/",
        f"http://[::7f00:1]:{canary}/",
        f"http://2130706433:{canary}/",
        f"http://canary.example:{canary}/",
        "http://canary.example/",
        "https://front.example/",
    ]
    Canary.hits.clear()
    for target in targets:
        Handler.answer_away = lambda self, target=target: self.send(b"", 302, Location=target)
        for url in (target, f"http://front.example:{port}/away"):
            with Client(allowed=allowed, resolve=here) as client, pytest.raises(EgressRefused):
                getattr(client, method)(url)
    assert Canary.hits == []


def test_the_operator_may_allow_a_place_inside_and_nothing_else(canary):
    with Client(allowed=Allowed.of([f"ckan.intra:{canary}"]), resolve=here) as client:
        assert client.head(f"http://CKAN.intra:{canary}/").status == 204
        with pytest.raises(EgressRefused):
            client.get("http://ckan.intra/")  # another port of the same machine
    only = Allowed.of([f"ckan.intra:{canary}"], [".exemple.org", "donnees.example"])
    Canary.hits.clear()
    with Client(allowed=only, resolve=here) as client:
        assert client.get(f"http://ckan.intra:{canary}/a").status == 204
        for host in ("elsewhere.example", "exemple.org.evil.example", "mexemple.org"):
            with pytest.raises(EgressRefused, match="operator"):
                client.get(f"http://{host}/")
        for host in ("a.exemple.org", "exemple.org", "donnees.example"):
            with pytest.raises(EgressRefused, match="not public"):
                client.get(f"http://{host}/")
    assert Canary.hits == ["/a"]


def test_the_beginning_of_an_answer_is_enough(server):
    with Client(allow_private=True) as client:
        assert client.get(f"{server}/ok", bytes_max=2, begin=True).body == b"fi"
        assert client.get(f"{server}/bomb", bytes_max=9, begin=True).body == b"\0" * 9
        assert client.get(f"{server}/drip", bytes_max=1, begin=True).body == b"."


@pytest.mark.parametrize("address", ["::7f00:1", "64:ff9b:1::a00:1", "fec0::1", "3fff::1", "::a:1"])
def test_ipv6_that_nobody_was_given_is_not_public(address):
    assert not is_public(ipaddress.ip_address(address))
