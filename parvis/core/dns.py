"""The one place that asks the domain name system: short questions, short waits, names only.

Like `egress` for pages: everything outside is asked here, so that time is capped and tests can put
an answer of their own in its place (`DNS_LOOKUP`). Nothing personal is in a question: the name of
a domain, never an address.
"""

import time
from collections.abc import Callable

from django.conf import settings
from django.utils.module_loading import import_string

SECONDS_MAX = 4.0
TOTAL_SECONDS_MAX = 15.0
KINDS = frozenset({"TXT", "MX", "A", "AAAA"})

Lookup = Callable[[str, str], list[str]]
"""(name, kind) -> the records as text, none where there is none. Raises DnsFailed."""


class DnsFailed(OSError):
    """No answer: nothing can be said of the records."""


class Resolver:
    """Asks the machine's own resolver; all questions together take fifteen seconds at most."""

    def __init__(self, seconds_max: float = TOTAL_SECONDS_MAX) -> None:
        self._until = time.monotonic() + seconds_max

    def __call__(self, name: str, kind: str) -> list[str]:
        """Return the records of a name, MX as `10 host.`, TXT with its pieces joined."""
        # A library of 140 ms, for one page of the operator's: not at the start of every process.
        import dns.exception
        import dns.resolver

        if kind not in KINDS:
            raise ValueError(f"kind {kind!r}: one of {sorted(KINDS)}")
        left = min(SECONDS_MAX, self._until - time.monotonic())
        if left <= 0:
            raise DnsFailed(f"{name}: no answer in time")
        try:
            answer = dns.resolver.resolve(name, kind, lifetime=left, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise DnsFailed(f"{name}: {type(error).__name__}") from error
        if kind == "TXT":
            return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]
        return [row.to_text() for row in answer]


def lookup() -> Lookup:
    """Return what answers questions: a fresh Resolver, or what `DNS_LOOKUP` names."""
    made: Lookup = import_string(settings.DNS_LOOKUP)()
    return made
