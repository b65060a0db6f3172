"""The table: what was measured, the goal, whether it is met."""

import os
import platform
import sys
from datetime import UTC, datetime
from typing import Any

from bench.crash import Outcome
from bench.measure import Measure, client_name
from bench.settings import CONTRIBUTIONS, PROPOSALS, READ_SECONDS, RUNS, WRITE_SECONDS

_HEAD = (
    "| Operation | requests/s | p95 ms | p99 ms | CPU ms | load | goal | measured | met |\n"
    "| --- | --: | --: | --: | --: | --: | --- | --- | --- |\n"
)


def _row(name: str, found: Measure | None, goal: str = "", measured: str = "",
         met: bool | None = None) -> str:  # fmt: skip
    figures = [""] * 5
    if found is not None:
        figures = [
            f"{found.rate:,.0f}", f"{found.p95:.1f}", f"{found.p99:.1f}",
            f"{found.cpu:.2f}", f"{found.load:.1f}",
        ]  # fmt: skip
        if found.errors:
            name += f" ({found.errors} errors)"
    word = "" if met is None else ("yes" if met else "**no**")
    return f"| {' | '.join([name, *figures, goal, measured, word])} |\n"


def _reads(m: dict[str, Measure], queries: dict[str, int]) -> str:
    share = m["cached"].rate / m["bare"].rate
    page, first, far = m["consultation"], m["list"], m["list_100"]
    apart = abs(far.cpu - first.cpu) / first.cpu
    return "".join(
        [
            _row("Bare server: the same bytes and headers", m["bare"]),
            _row("Consultation, from the page cache", m["cached"], "≥ 80 % of bare",
                 f"{share:.0%}", share >= 0.8),
            _row("Consultation, drawn", page, "≤ 8 ms CPU, ≤ 8 queries",
                 f"{page.cpu:.1f} ms, {queries['consultation']} queries",
                 page.cpu <= 8 and queries["consultation"] <= 8),
            _row(f"List of {PROPOSALS:,} proposals, page 1", first, "≤ 12 ms CPU",
                 f"{first.cpu:.1f} ms, {queries['list']} queries", first.cpu <= 12),
            _row("The same, page 100", far, "≤ 12 ms CPU, constant (± 15 %)",
                 f"{far.cpu:.1f} ms, {queries['list_100']} queries",
                 far.cpu <= 12 and apart <= 0.15),
            _row("Proposal of 110 comments, 50 shown", m["proposal"], "≤ 12 ms CPU",
                 f"{m['proposal'].cpu:.1f} ms, {queries['proposal']} queries",
                 m["proposal"].cpu <= 12),
        ]
    )  # fmt: skip


def _writes(m: dict[str, Measure]) -> str:
    rows = [_row("Bare Django: one form, one insert", m["plain"])]
    for name, words in (("answer", "Survey answer, with its leaf"), ("comment", "Comment")):
        found = m[name]
        share = found.rate / m["plain"].rate
        rows.append(
            _row(f"{words}, 16 clients", found, "≤ 5 ms CPU, ≥ 45 % of bare, p99 < 150 ms",
                 f"{found.cpu:.1f} ms, {share:.0%}, {found.p99:.0f} ms",
                 found.cpu <= 5 and share >= 0.45 and found.p99 < 150)
        )  # fmt: skip
    return "".join(rows)


def write(
    measures: dict[str, Measure],
    inside: dict[str, Any],
    memory: dict[str, float],
    outcome: Outcome | None,
    seconds: float,
) -> str:
    """Return the whole text of results.md."""
    walk = inside["walk"]
    rows = _reads(measures, inside["queries"]) + _writes(measures)
    rows += _row(
        f"Walk from a commitment to {CONTRIBUTIONS:,} people, in process", None,
        "≤ 50 ms", f"{walk['ms']:.0f} ms ({walk['cpu_ms']:.0f} ms CPU), {walk['met']:,} met",
        walk["ms"] <= 50 and walk["met"] == CONTRIBUTIONS,
    )  # fmt: skip
    if outcome:
        rows += _row(
            f"{outcome.answers:,} answers, all killed {outcome.kills} times", None,
            "0 lost, 0 twice",
            f"{outcome.receipts:,} receipts, {outcome.lost} lost, {outcome.twice} twice, "
            f"{outcome.retries:,} retries, {outcome.leaves_waiting} leaves left waiting",
            outcome.lost == outcome.twice == outcome.leaves_waiting == 0
            and outcome.receipts == outcome.answers,
        )  # fmt: skip
    rows += _row(
        "Memory after the run (RSS, shared pages counted in each process)", None, "",
        f"{memory['server']:.0f} MB in {memory['processes']:.0f} processes of the server, "
        f"{memory['worker']:.0f} MB in the worker",
    )  # fmt: skip
    day = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"# Measures of {day}\n\n"
        f"{os.cpu_count()} cores ({platform.machine()}), Python {sys.version.split()[0]}, SQLite "
        "(WAL, FULL), 2 workers of 1 thread, server and client on the same machine; client: "
        f"{client_name()}; median of {RUNS} runs of {READ_SECONDS} s (reads) or {WRITE_SECONDS} s "
        f"(writes). Whole run: {seconds:.0f} s.\n\n"
        "CPU is that of every process of the server, by request; the database is in process, so "
        "it is counted there and costs 0 elsewhere. `load` is the average of the last minute when "
        "a measure began: above the number of cores, rates and percentiles say as much of the "
        "neighbours as of Parvis.\n\n" + _HEAD + rows
    )
