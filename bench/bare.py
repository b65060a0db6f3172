"""The smallest WSGI callable: the bytes and headers of a cached page, read once from a file."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_kept = json.loads(Path(os.environ["BENCH_BARE"]).read_text())
_STATUS, _HEADERS = _kept["status"], [tuple(pair) for pair in _kept["headers"]]
_BODY = [bytes.fromhex(_kept["body"])]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer the same thing, always."""
    start_response(_STATUS, _HEADERS)
    return _BODY
