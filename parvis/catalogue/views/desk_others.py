"""The desk: links and files beside the tables, words and order of each file, removal and undo."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST, require_safe

from parvis.catalogue import downloads, others, services
from parvis.catalogue.approval import removing
from parvis.catalogue.approval import services as approval
from parvis.catalogue.conformity import services as conformity
from parvis.catalogue.conformity import words
from parvis.catalogue.forms import OtherForm, ResourceForm
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.catalogue.requests import Request
from parvis.catalogue.views.desk_common import content_of, dataset_of, key_in, resource_of
from parvis.catalogue.views.desk_data import may_act_alone
from parvis.core import limits
from parvis.core.errors import Conflict, Invalid, NotFound
from parvis.core.forms import put_errors
from parvis.core.i18n import LANGUAGES, tr
from parvis.tables.errors import TableError


def _page(request: Request, dataset: Dataset, form: Any, heading: str, **more: Any) -> HttpResponse:
    context = {
        "section": "desk",
        "form": form,
        "heading": heading,
        "node": dataset.node,
        "back": reverse("desk_dataset", args=[dataset.node.slug]),
        **more,
    }
    status = 422 if form.is_bound else 200
    return render(request, "catalogue/desk_form.html", context, status=status)


def add_other(request: Request, slug: str) -> HttpResponse:
    """Add a link, or a file that is no table."""
    dataset = dataset_of(request, slug)
    form = OtherForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            _add(request, dataset, form)
            messages.success(request, _("Added. It shows once the dataset is published."))
            return redirect("desk_dataset", slug)
        except Invalid as refusal:
            put_errors(form, refusal)
    return _page(request, dataset, form, _("Add a link or a document"), multipart=True)


def _add(request: Request, dataset: Dataset, form: OtherForm) -> None:
    upload = form.cleaned_data["file"]
    if upload and upload.size > limits.UPLOAD_BYTES:
        raise Invalid({"file": [_("The file is larger than 10 MB.")]})
    others.add_other(
        actor=request.actor,
        dataset=dataset,
        name=form.cleaned_data["name"],
        description=form.cleaned_data["description"],
        kind=form.cleaned_data["kind"],
        url=form.cleaned_data["url"],
        content=upload.read() if upload else None,
        file_name=upload.name if upload else "",
        format_name=form.cleaned_data["format"],
        key=key_in(request, f"dataset.other:{dataset.pk}", content_of(form)),
    )


def edit_file(request: Request, slug: str, file: str) -> HttpResponse:
    """Change the words of a file, and where a link leads."""
    dataset = dataset_of(request, slug)
    resource = resource_of(dataset, file)
    second = services.is_seen(resource) and not may_act_alone(dataset)
    form = ResourceForm(request.POST or None, resource=resource, second=second)
    if request.method == "POST" and form.is_valid():
        given = {
            name: value
            for name, value in form.cleaned_data.items()
            if name in {"name", "description", "kind", "url"}
        }
        try:
            if second:
                _propose(
                    request, dataset, form.cleaned_data["note"], files={str(resource.pk): given}
                )
                return redirect("data_approval", slug)
            services.update_resource(actor=request.actor, resource=resource, **given)
            messages.success(request, _("Saved."))
            return redirect("desk_dataset", slug)
        except Invalid as refusal:
            put_errors(form, refusal)
        except Conflict as refusal:
            form.add_error(None, str(refusal))
    return _page(request, dataset, form, _("Describe the file"), second=second)


def _propose(request: Request, dataset: Dataset, note: Any, **changes: Any) -> None:
    approval.ask_review(
        actor=request.actor, dataset=dataset, changes={**changes, "note": note or {}}
    )
    messages.success(request, _("Another person reads your change before it shows."))


@require_POST
def move_file(request: Request, slug: str, file: str) -> HttpResponse:
    """Move a file one place up or down."""
    dataset = dataset_of(request, slug)
    up = request.POST.get("to") == "up"
    others.move(actor=request.actor, resource=resource_of(dataset, file), up=up)
    return redirect(reverse("desk_dataset", args=[slug]) + "#fichiers")


@require_POST
def remove_file(request: Request, slug: str, file: str) -> HttpResponse:
    """Remove a link, a file, or a table never published; the desk offers to put it back."""
    dataset = dataset_of(request, slug)
    resource = resource_of(dataset, file)
    if services.is_seen(resource) and not may_act_alone(dataset) and not resource.current_id:
        _propose(request, dataset, _removed_words(resource), remove=[str(resource.pk)])
        return redirect("data_approval", slug)
    removing.remove(actor=request.actor, resource=resource)
    messages.success(request, _("Removed. It can be put back below."))
    return redirect("desk_dataset", slug)


def _removed_words(resource: Resource) -> dict[str, str]:
    """Return the reason that the history shows, in each language."""
    found = {}
    for code in LANGUAGES:
        with override(code):
            found[code] = _("“%(name)s” is removed.") % {"name": tr(resource.name)}
    return found


@require_POST
def put_back(request: Request, slug: str, removed: int) -> HttpResponse:
    """Put a removed file back."""
    dataset = dataset_of(request, slug)
    found = dataset.removed_files.filter(pk=removed).first()
    if found is None:
        raise NotFound
    found.dataset = dataset
    removing.put_back(actor=request.actor, removed=found)
    messages.success(request, _("It is back, last of the list."))
    return redirect("desk_dataset", slug)


def checks(request: Request, slug: str, file: str) -> HttpResponse:
    """What the rules find in a file, and what to do; made again when asked."""
    dataset = dataset_of(request, slug)
    resource = resource_of(dataset, file)
    version = _version(resource)
    if version is None:
        raise NotFound
    version.resource = resource
    if request.method == "POST":
        try:
            conformity.recompute(actor=request.actor, version=version)
            messages.success(request, _("The file was checked again."))
        except TableError:
            messages.error(request, _("This version is not in the store."))
        return redirect("desk_file_checks", slug, file)
    found = conformity.of_versions([version]).get(version.pk)
    context = {
        "section": "desk",
        "heading": _("Checks of the file"),
        "node": dataset.node,
        "resource": resource,
        "back": reverse("desk_dataset", args=[slug]),
        "conformity": found,
        "rules": words.rules(found) if found else [],
        "remarks": words.remarks(found) if found else [],
    }
    return render(request, "catalogue/desk_checks.html", context)


def _version(resource: Resource) -> Version | None:
    return resource.versions.filter(published_at__isnull=True).first() or resource.current


@require_safe
def download(request: Request, slug: str, version: Any, name: str) -> HttpResponseBase:
    """A version that is not public, for the staff of its organisation: kept by no cache."""
    dataset = dataset_of(request, slug, "see_private_data")
    found = (
        Version.objects.filter(pk=version, resource__dataset=dataset)
        .select_related("resource")
        .first()
    )
    if found is None:
        raise NotFound
    response = downloads.respond(found, name.rsplit(".", 1)[-1], head=request.method == "HEAD")
    response["Cache-Control"] = "private, no-store"
    return response
