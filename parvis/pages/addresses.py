"""Addresses that staff type: of this site (/fr/…) or of another (https://…), nothing else."""

import re
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

_PATH = re.compile(r"^/(?!/)[^\s\\<>\"]*$")


def checked_address(text: str) -> str:
    """Return an address, stripped. Raises ValueError with words for what is none."""
    address = text.strip()
    if _PATH.match(address):
        return address
    try:
        parts = urlsplit(address)
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        fine = False
    if not fine or re.search(r"[\s\\<>\"]", address):
        raise ValueError(
            _("“%(value)s” is neither an address of this site (/fr/…) nor of another (https://…).")
            % {"value": address[:120]}
        )
    return address
