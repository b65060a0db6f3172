"""The page of public SQL: a statement, its rows, how long it took; errors in words."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.catalogue.datastore import examples, statements
from parvis.catalogue.loading import in_words
from parvis.core import limits
from parvis.core.accounts import client_ip
from parvis.core.pages import public_page
from parvis.tables.errors import TableError
from parvis.tables.sandbox import CHARACTERS_MAX

ROWS_SHOWN = 100
COLUMNS_SHOWN = 30


@require_safe
def sql_page(request: HttpRequest) -> HttpResponse:
    """Ask one SELECT over the public tables, without account or JavaScript."""
    sql = request.GET.get("q", "").strip()
    found = examples.tables()
    context: dict[str, Any] = {
        "section": "data",
        "crumbs": [(_("Data"), reverse("datasets")), (_("Ask in SQL"), None)],
        "sql": sql,
        "tables": found,
        "examples": examples.examples(found),
        "characters_max": CHARACTERS_MAX,
        "seconds_max": int(limits.SQL_SECONDS),
        "rows_max": limits.SQL_ROWS,
    }
    if not sql:
        return public_page(request, "datastore/sql.html", context)
    try:
        statements.measure.take(client_ip(request))
        answer = statements.ask(sql)
    except TableError as error:
        context["problem"] = in_words(error.reason, error.params)
        return render(request, "datastore/sql.html", context, status=400)
    except statements.Busy as error:
        context["problem"] = str(error)
        response = render(request, "datastore/sql.html", context, status=429)
        response["Retry-After"] = str(error.retry_after)
        return response
    context |= {
        "answer": answer,
        "names": [name for name, _kind in answer.columns[:COLUMNS_SHOWN]],
        "rows": [row[:COLUMNS_SHOWN] for row in answer.rows[:ROWS_SHOWN]],
        "hidden": len(answer.columns) > COLUMNS_SHOWN or len(answer.rows) > ROWS_SHOWN,
        "csv": "/api/v1/sql?" + urlencode({"q": sql, "format": "csv"}),
        "json": "/api/v1/sql?" + urlencode({"q": sql}),
    }
    return public_page(request, "datastore/sql.html", context)
