"""Pages of the frame that join domains, under the language prefix."""

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from parvis.site.views import pillars, strategy

urlpatterns: list[URLPattern | URLResolver] = [
    path(_("strategy/<slug:slug>/"), strategy.strategy, name="strategy"),
    path(_("pillars/"), pillars.pillars, name="pillars"),
    path(_("pillars/<slug:slug>/"), pillars.pillar, name="pillar"),
]
