"""The action that runs SQL, counted by network as the page and the API of SQL are."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from parvis.catalogue.ckan import transport
from parvis.catalogue.datastore import statements
from parvis.core.accounts import client_ip

NAME = "datastore_search_sql"
WAIT_SECONDS = "6"


@csrf_exempt
def search_sql(request: HttpRequest) -> HttpResponse:
    """Answer as the Action API does; 429 with Retry-After past the measure."""
    try:
        if request.method != "OPTIONS":
            statements.measure.take(client_ip(request))
    except statements.Busy as error:
        body = {"__type": "Too Many Requests Error", "message": str(error)}
        response: HttpResponse = JsonResponse({"success": False, "error": body}, status=429)
        response["Retry-After"] = str(error.retry_after)
        response["Access-Control-Allow-Origin"] = "*"
        return response
    response = transport.action(request, NAME)
    if response.status_code == 429 and "Retry-After" not in response:
        response["Retry-After"] = WAIT_SECONDS
    return response


search_sql.reads_tokens = True  # type: ignore[attr-defined]
