"""Pages of innovation that join domains, under the language prefix."""

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from parvis.site.views import innovation, lessons

urlpatterns: list[URLPattern | URLResolver] = [
    path(_("innovation/reuses/new/"), innovation.reuse_new, name="reuse_new"),
    path(_("innovation/lessons/"), lessons.lessons, name="lessons"),
    path(_("innovation/lessons/<slug:slug>/"), lessons.lesson, name="lesson"),
]
