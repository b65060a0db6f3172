"""Host names: as people write them and as the DNS keeps them; names added while the site runs."""

from django.conf import settings
from django.utils.module_loading import import_string


def to_ascii(host: str) -> str:
    """Return a name as DNS and requests say it, lower case (IDNA, RFC 3490).

    `Consultation.Québec.ca` gives `consultation.xn--qubec-csa.ca`. Raises UnicodeError.
    """
    return host.lower().encode("idna").decode("ascii").lower()


def to_unicode(host: str) -> str:
    """Return a name as people read it; one that cannot be decoded comes back as it is."""
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host


class AddedHosts(str):
    """One entry of ALLOWED_HOSTS that stands for every name added at the desk.

    Django compares a request's host with each entry, in order, until one is equal. This one is
    equal to any name that `HOST_NAMES` (a dotted path: host -> bool) knows at that moment: names
    are added without a restart, and the main names, which come before, ask nothing.
    """

    __slots__ = ()

    def lower(self) -> "AddedHosts":
        """Stay what it is: Django lowers each entry before it compares."""
        return self

    def __eq__(self, host: object) -> bool:
        """Whether a host is one of the names added."""
        if isinstance(host, AddedHosts):
            return True
        return isinstance(host, str) and bool(import_string(settings.HOST_NAMES)(host))

    def __ne__(self, host: object) -> bool:
        return not self == host

    __hash__ = str.__hash__
