"""Sizes and durations of the measures. The home is a folder of its own, never var/."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("PARVIS_HOME", "/nonexistent"))
HOST, PORT = "127.0.0.1", int(os.environ.get("BENCH_PORT", "8765"))
BASE = f"http://{HOST}:{PORT}"

CONTRIBUTIONS = 11_000
PROPOSALS = 2_000
WITH_COMMENTS = 110
DRAFTS = 24_000

RUNS = 2
READ_SECONDS = 4
WRITE_SECONDS = 5
WARM_SECONDS = 1
CSRF = "parvisbenchcsrftokenof32letters0"
