"""The steward's desk for the files of a dataset: tables, links, any file; words, order, removal."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from parvis.catalogue import loading, previews, services, uploads
from parvis.catalogue.approval import services as approval
from parvis.catalogue.forms import DAY_FIRST, FileForm, VersionForm
from parvis.catalogue.models import Dataset, Resource
from parvis.catalogue.requests import Request
from parvis.catalogue.views.desk_common import dataset_of, resource_of
from parvis.catalogue.views.desk_data import may_act_alone
from parvis.core import limits
from parvis.core.errors import Conflict, Invalid, NotFound
from parvis.core.forms import put_errors
from parvis.core.i18n import LANGUAGES
from parvis.core.models import Job

PROBLEMS_SHOWN = 50


def _load(
    request: Request, dataset: Dataset, form: Any, resource: Resource | None
) -> tuple[HttpResponseRedirect | None, loading.BadTable | None]:
    """Load the file of a form; return where to go, or the cells that are wrong."""
    upload = form.cleaned_data["file"]
    made = resource is None
    try:
        if resource is None:
            resource = services.add_resource(
                actor=request.actor,
                dataset=dataset,
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                kind=form.cleaned_data["kind"],
            )
        if upload.size > limits.TABLE_AT_ONCE_BYTES:
            return _later(request, dataset, resource, form), None
        before = loading.latest(resource)
        version = loading.add_version(
            actor=request.actor,
            resource=resource,
            source=upload.file,
            name=upload.name,
            note=form.cleaned_data.get("note"),
            accept=form.cleaned_data["accept"],
            day_first=DAY_FIRST[form.cleaned_data["days"]],
        )
    except Invalid as refusal:
        if made and resource is not None:
            services.remove_resource(actor=request.actor, resource=resource)
        put_errors(form, refusal)
        return None, refusal if isinstance(refusal, loading.BadTable) else None
    if before is not None and before.pk == version.pk:
        messages.info(request, _("This file holds the same rows as the last version."))
    else:
        messages.success(request, _("Loaded: %(rows)d rows.") % {"rows": version.rows})
    return redirect("desk_dataset", dataset.node.slug), None


def _later(
    request: Request, dataset: Dataset, resource: Resource, form: Any
) -> HttpResponseRedirect:
    """Leave a large file to the worker; return where its progress is shown."""
    upload = form.cleaned_data["file"]
    uploads.start(
        actor=request.actor,
        resource=resource,
        token=uploads.keep(upload.chunks()),
        name=upload.name,
        days=form.cleaned_data["days"],
        accept=form.cleaned_data["accept"],
        note=form.cleaned_data.get("note"),
    )
    return redirect("desk_file_loading", dataset.node.slug, resource.slug)


def loading_page(request: Request, slug: str, file: str) -> HttpResponse:
    """How far the reading of a large file is; what is wrong in it, to be accepted or corrected."""
    dataset = dataset_of(request, slug)
    resource = resource_of(dataset, file)
    job = uploads.latest(dataset).get(str(resource.pk))
    if request.method == "POST":
        uploads.accept(actor=request.actor, resource=resource)
        return redirect("desk_file_loading", slug, file)
    result = job.result if job else {}
    context = {
        "section": "desk",
        "heading": _("Loading of the file"),
        "node": dataset.node,
        "resource": resource,
        "back": reverse("desk_dataset", args=[slug]),
        "job": job,
        "at_work": job is not None and job.state in (Job.State.WAITING, Job.State.RUNNING),
        "failed": job is not None and job.state in (Job.State.FAILED, Job.State.CANCELLED),
        "result": result,
        "total": result.get("total", 0),
        "problems": [
            {"row": row, "column": column, "value": value, "words": loading.in_words(reason)}
            for row, column, value, reason in result.get("problems", ())
        ],
    }
    return render(request, "catalogue/desk_loading.html", context)


def _file_page(
    request: Request, dataset: Dataset, form: Any, heading: str, resource: Resource | None
) -> HttpResponse:
    bad = None
    if request.method == "POST" and form.is_valid():
        going, bad = _load(request, dataset, form, resource)
        if going is not None:
            return going
    if bad is None and not form.data.get("accept"):
        form.fields.pop("accept")
    context = {
        "section": "desk",
        "form": form,
        "heading": heading,
        "node": dataset.node,
        "back": reverse("desk_dataset", args=[dataset.node.slug]),
        "upload": True,
        "bad": bad,
        "problems": [
            {"problem": one, "words": loading.in_words(one.reason)}
            for one in (bad.problems[:PROBLEMS_SHOWN] if bad else ())
        ],
    }
    status = 422 if form.is_bound else 200
    return render(request, "catalogue/desk_form.html", context, status=status)


def add_file(request: Request, slug: str) -> HttpResponse:
    """Add a file to a dataset."""
    dataset = dataset_of(request, slug)
    form = FileForm(request.POST or None, request.FILES or None)
    return _file_page(request, dataset, form, _("Add a file"), None)


def new_version(request: Request, slug: str, file: str) -> HttpResponse:
    """Upload a new version of a file; a failure leaves the one before."""
    dataset = dataset_of(request, slug)
    resource = resource_of(dataset, file)
    form = VersionForm(request.POST or None, request.FILES or None)
    return _file_page(request, dataset, form, _("New version of the file"), resource)


def columns(request: Request, slug: str, file: str) -> HttpResponse:
    """Write the codebook of a file, column by column; the words stay when it is replaced."""
    dataset = dataset_of(request, slug)
    version = loading.latest(resource_of(dataset, file))
    if version is None:
        raise NotFound
    version.resource.dataset = dataset
    second = version.published_at is not None and not may_act_alone(dataset)
    given, refusal, status = version.columns, None, 200
    if request.method == "POST":
        words = {
            column["name"]: {
                part: {code: request.POST.get(f"{part}_{n}_{code}", "") for code in LANGUAGES}
                for part in ("label", "description")
            }
            for n, column in enumerate(version.columns)
        }
        try:
            if second:
                _propose(request, dataset, columns={str(version.pk): words})
                return redirect("data_approval", slug)
            services.describe_columns(actor=request.actor, version=version, words=words)
            messages.success(request, _("Saved."))
            return redirect("desk_dataset", slug)
        except (Invalid, Conflict) as caught:
            refusal, status = caught, caught.status
            given = [{**column, **words[column["name"]]} for column in version.columns]
    context = {
        "section": "desk",
        "node": dataset.node,
        "back": reverse("desk_dataset", args=[slug]),
        "columns": list(enumerate(given)),
        "described": {one.name: one for one in previews.columns_of(version)},
        "why": {column["name"]: loading.why_in_words(column) for column in version.columns},
        "languages": LANGUAGES,
        "second": second,
        "note": {code: request.POST.get(f"note_{code}", "") for code in LANGUAGES},
        "refusal": refusal,
    }
    return render(request, "catalogue/desk_columns.html", context, status=status)


def _propose(request: Request, dataset: Dataset, **changes: Any) -> None:
    """Give a change of a public file to read, with the note that the form carries."""
    note = {code: request.POST.get(f"note_{code}", "").strip() for code in LANGUAGES}
    approval.ask_review(
        actor=request.actor,
        dataset=dataset,
        changes={**changes, "note": {code: text for code, text in note.items() if text}},
    )
    messages.success(request, _("Another person reads your change before it shows."))
