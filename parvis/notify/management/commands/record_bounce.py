"""Count bounces, from an address or from delivery reports."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from parvis.notify import bounces


class Command(BaseCommand):
    """`record_bounce --address a@b` or `record_bounce report.eml ...` or `- < report`.

    Made to be the pipe of a mail server's bounce address. Three bounces end the subscriptions of
    an address. Nothing of the address is printed.
    """

    help = "Record bounces from an address, or from delivery reports (RFC 3464)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("files", nargs="*", help="reports; - reads the standard input")
        parser.add_argument("--address", action="append", default=[])

    def handle(self, *args: Any, **options: Any) -> None:
        """Count and say how many."""
        counted = 0
        for address in options["address"]:
            bounces.record(address)
            counted += 1
        for name in options["files"]:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            counted += bounces.read_report(data)
        self.stdout.write(f"{counted}")
