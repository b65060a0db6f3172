"""Addresses of pages for machines, without a language."""

from django.urls import URLPattern, URLResolver, path

from parvis.pages.views import public

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "media/<int:image>/<int:width>-<slug:sha>.<slug:extension>",
        public.media_file,
        name="media_file",
    ),
]
