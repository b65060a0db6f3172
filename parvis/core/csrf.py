"""The check against forged requests, for a site of several names."""

from urllib.parse import urlsplit

from django.conf import settings
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.module_loading import import_string


class Csrf(CsrfViewMiddleware):
    """Django's check against forged requests, which trusts the names added at the desk too.

    Only matters behind a proxy that ends HTTPS; a form sent to the host it came from is fine
    without. Cookies are of one host, so that no name can act for a session of another.
    """

    @property
    def allowed_origins_exact(self) -> set[str]:  # type: ignore[override]
        """The origins of the settings, and those of the names added."""
        fixed = {origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" not in origin}
        return fixed | set(import_string(settings.HOST_ORIGINS)())

    @property
    def csrf_trusted_origins_hosts(self) -> list[str]:  # type: ignore[override]
        """The hosts of these origins, for the Referer of old browsers."""
        return [urlsplit(origin).netloc for origin in self.allowed_origins_exact]
