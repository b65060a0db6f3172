"""The operator's desk of host names."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.core import access
from parvis.core.desk import SECTION, editing, key_of, submitted
from parvis.pages import hosts
from parvis.pages.forms import HostForm
from parvis.pages.models import HostName
from parvis.pages.views.desk import FORM


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every name, as people read it and as the DNS keeps it."""
    access.require(request.actor, "manage_site")
    rows = [(row, hosts.shown(row.host)) for row in HostName.objects.all()]
    context = {"rows": rows, "main": settings.SITE_URL, **SECTION}
    return render(request, "pages/desk/hosts.html", context)


@editing
def host_new(request: HttpRequest) -> HttpResponse:
    """Add a name."""
    access.require(request.actor, "manage_site")
    form = HostForm(request.POST or None)

    def act() -> str:
        row = hosts.save_host(
            actor=request.actor, host=form.cleaned_data["host"], fields=form.changes(),
            key=key_of(form, f"host:{request.actor.person_id}"),
        )  # fmt: skip
        messages.success(
            request, _("The site answers under %(name)s.") % {"name": hosts.shown(row.host)}
        )
        return reverse("hosts")

    context = {"heading": _("A new host name"), "submit": _("Add the name"), "crumb": "hosts"}
    return submitted(request, form, act, FORM, context)


@editing
def host_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change where a name opens, or make it silent."""
    access.require(request.actor, "manage_site")
    row = get_object_or_404(HostName, pk=pk)
    form = HostForm(request.POST or None, row=row)

    def act() -> str:
        hosts.save_host(actor=request.actor, row=row, fields=form.changes())
        messages.success(request, _("The change is saved."))
        return reverse("hosts")

    context = {
        "heading": hosts.shown(row.host),
        "intro": row.host if hosts.shown(row.host) != row.host else "",
        "submit": _("Save the change"),
        "crumb": "hosts",
    }
    return submitted(request, form, act, FORM, context)


@require_POST
def host_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a name out."""
    access.require(request.actor, "manage_site")
    hosts.remove_host(actor=request.actor, row=get_object_or_404(HostName, pk=pk))
    messages.success(request, _("The name is taken out: requests under it are refused."))
    return HttpResponseRedirect(reverse("hosts"), status=303)
