"""The demonstration's door: one address a role. It exists in demo mode only."""

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from parvis.core.models import Person

ROLES = {
    "citizen": (_("Citizen"), _("Answers, supports, comments, follows.")),
    "adviser": (_("Participation adviser"), _("Sets up, opens, moderates, answers.")),
    "analyst": (_("Analyst"), _("Reads contributions and ties them to themes.")),
    "steward": (_("Data steward"), _("Publishes datasets and documents.")),
    "coordinator": (_("Plan coordinator"), _("Writes commitments, reports progress.")),
    "operator": (_("Operator"), _("Looks after the site, mail and jobs.")),
    "member": (_("Member of a committee"), _("Gives advice, writes texts with others.")),
}


def _only_in_demo(role: str | None = None) -> None:
    if not settings.DEMO or (role is not None and role not in ROLES):
        raise Http404


@require_safe
def entrance(request: HttpRequest) -> HttpResponse:
    """The roles to try; the messages that the demonstration wrote."""
    _only_in_demo()
    roles = [{"name": name, "label": label, "does": does} for name, (label, does) in ROLES.items()]
    return render(request, "site/demo.html", {"roles": roles})


@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest, role: str) -> HttpResponse:
    """Sign in as a person of the demonstration; GET asks, POST does."""
    _only_in_demo(role)
    # All that fills a demonstration comes with it: loaded where one is shown.
    from parvis.site.demo_loader.reading import email_of

    if request.method == "POST":
        person = Person.objects.filter(email=email_of(role)).first()
        if person is None:
            raise Http404
        login(request, person, backend="django.contrib.auth.backends.ModelBackend")
        place = {"citizen": "follow_up", "member": "collaborate"}.get(role, "desk")
        return HttpResponseRedirect(reverse(place))
    label, does = ROLES[role]
    context = {"roles": [{"name": role, "label": label, "does": does}]}
    return render(request, "site/demo.html", context)
