"""Citations and frozen copies, under the language prefix."""

from django.urls import URLPattern, URLResolver, path, register_converter
from django.utils.translation import gettext_lazy as _

from parvis.site.views import citing


class Sha256:
    """64 hexadecimal digits."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        """Return it as it is."""
        return value

    def to_url(self, value: str) -> str:
        """Return it as it is."""
        return value


register_converter(Sha256, "sha256")

urlpatterns: list[URLPattern | URLResolver] = [
    path(_("consultations/<slug:slug>/cite/"), citing.cite, name="consultation_cite"),
    path(_("consultations/<slug:slug>/cite/citation.bib"), citing.cite_bibtex, name="cite_bibtex"),
    path(_("consultations/<slug:slug>/cite/citation.json"), citing.cite_csl, name="cite_csl"),
    path(_("consultations/<slug:slug>/copy/"), citing.copy, name="consultation_copy"),
    path(
        _("consultations/<slug:slug>/copy/<sha256:sha256>/"),
        citing.copy_at,
        name="consultation_copy_at",
    ),
]
