"""A Django site of one view: the same form fields, one insert in a transaction of its own.

The floor under a durable POST: same server, same SQLite backend and settings (WAL, FULL,
IMMEDIATE), cross-site check included since every form has it; no leaf, no receipt, no draft.
"""

# ruff: noqa: E402

import os
from pathlib import Path

from django.conf import settings

from parvis.settings import _database

if not settings.configured:
    settings.configure(
        SECRET_KEY="bench",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="bench.plain",
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        CSRF_COOKIE_NAME="csrf",
        INSTALLED_APPS=[],
        DATABASES={
            "default": _database(f"sqlite://{Path(os.environ['PARVIS_HOME']) / 'plain.db'}")
        },
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )

import django

django.setup()

from django import forms
from django.core.wsgi import get_wsgi_application
from django.db import connection, models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import re_path


class Row(models.Model):
    """One row a request."""

    key = models.CharField(max_length=64)

    class Meta:
        app_label = "plain"

    def __str__(self) -> str:
        return self.key


class KeyForm(forms.Form):
    """The field of the survey's last page."""

    key = forms.CharField(max_length=64)


def send(request: HttpRequest) -> HttpResponse:
    """Check the form, insert, redirect."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422 if request.method == "POST" else 200)
    with transaction.atomic():
        row = Row.objects.create(key=form.cleaned_data["key"])
    return HttpResponseRedirect(f"/{row.pk}/")


def make_table() -> None:
    """Create the table."""
    with connection.schema_editor() as editor:
        editor.create_model(Row)


urlpatterns = [re_path("", send)]
application = get_wsgi_application()

if __name__ == "__main__":
    make_table()
