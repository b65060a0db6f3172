"""A client without wrk: processes of keep-alive connections. `python -m bench.client` runs it.

Slower than wrk, so that it understates fast servers; the table says which client was used.
"""

import json
import multiprocessing
import socket
import sys
import threading
import time
from pathlib import Path

from bench.settings import HOST, PORT


def _answer(link: socket.socket, held: bytes) -> tuple[int, bytes]:
    """Read one answer; return its status and what came after it."""
    while b"\r\n\r\n" not in held:
        more = link.recv(65536)
        if not more:
            raise ConnectionError
        held += more
    head, _blank, rest = held.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _colon, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(rest) < length:
        more = link.recv(65536)
        if not more:
            raise ConnectionError
        rest += more
    return int(head[9:12]), rest[length:]


def _connection(requests: list[bytes], until: float, times: list[float], bad: list[int]) -> None:
    held, n = b"", 0
    with socket.create_connection((HOST, PORT), timeout=10) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < until:
            begun = time.monotonic()
            link.sendall(requests[min(n, len(requests) - 1)])
            status, held = _answer(link, held)
            times.append(time.monotonic() - begun)
            if status >= 400:
                bad.append(status)
            n += 1


def _process(
    parts: list[list[bytes]], seconds: float, out: "multiprocessing.Queue[object]"
) -> None:
    times: list[float] = []
    bad: list[int] = []
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_connection, args=(part, until, times, bad)) for part in parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    out.put((times, len(bad)))


def run(requests: list[bytes], connections: int, seconds: float) -> dict[str, float]:
    """Return the same figures as load.lua. Several requests are shared out, one is repeated."""
    single = len(requests) == 1
    parts = [requests if single else requests[n::connections] for n in range(connections)]
    out: multiprocessing.Queue[object] = multiprocessing.Queue()
    processes = [
        multiprocessing.Process(target=_process, args=(parts[n::2], seconds, out)) for n in (0, 1)
    ]
    for process in processes:
        process.start()
    times: list[float] = []
    errors = 0
    for _n in processes:
        found, bad = out.get(timeout=seconds + 30)  # type: ignore[misc]
        times += found
        errors += bad
    for process in processes:
        process.join()
    times.sort()

    def at(share: float) -> float:
        return 1000 * times[min(len(times) - 1, int(len(times) * share))] if times else 0.0

    return {
        "requests": len(times), "seconds": seconds, "errors": errors,
        "p50": at(0.5), "p95": at(0.95), "p99": at(0.99),
    }  # fmt: skip


def main() -> None:
    """Arguments: connections, seconds, file of raw requests (JSON list of strings)."""
    connections, seconds, path = int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])
    requests = [text.encode() for text in json.loads(path.read_text())]
    print(json.dumps(run(requests, connections, seconds)))


if __name__ == "__main__":
    main()
