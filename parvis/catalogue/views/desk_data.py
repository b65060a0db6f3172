"""The steward's desk for data: drafts, files, codebook, publication."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from parvis.catalogue import loading, previews, services, uploads
from parvis.catalogue.forms import DAY_FIRST, DatasetForm, FileForm, VersionForm
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.catalogue.requests import Request
from parvis.catalogue.views.public import dataset_context
from parvis.core import access, limits
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.forms import put_errors
from parvis.core.i18n import LANGUAGES
from parvis.core.models import Job, State
from parvis.core.pages import paginate

PROBLEMS_SHOWN = 50


def _dataset(request: Request, slug: str) -> Dataset:
    found = (
        Dataset.objects.select_related("node", "organisation__node").filter(node__slug=slug).first()
    )
    if found is None:
        access.require(request.actor, "manage_catalogue")
        raise NotFound
    access.require(request.actor, "manage_catalogue", found)
    return found


def _resource(dataset: Dataset, slug: str) -> Resource:
    found = dataset.resources.select_related("current").filter(slug=slug).first()
    if found is None:
        raise NotFound
    found.dataset = dataset
    return found


def _key(request: Request, scope: str, content: Any) -> IdempotencyKey | None:
    value = request.POST.get("key", "")
    return (
        IdempotencyKey.of(f"{scope}:{request.actor.person_id}", value, content) if value else None
    )


def _content(form: Any) -> dict[str, str]:
    return {name: str(value) for name, value in form.cleaned_data.items() if name != "key"}


def listing(request: Request) -> HttpResponse:
    """Drafts first, then what is public; what waits is said."""
    access.require(request.actor, "manage_catalogue")
    rows = (
        Dataset.objects.filter(node__state__in=[State.DRAFT, State.PUBLIC])
        .select_related("node", "organisation__node")
        .order_by("-modified_at")
    )
    mine = [row for row in rows if access.can(request.actor, "manage_catalogue", row)]
    mine.sort(key=lambda row: row.node.state != State.DRAFT)
    page = paginate(request, mine)
    waiting = set(
        Version.objects.filter(
            published_at__isnull=True, resource__dataset__in=page.rows
        ).values_list("resource__dataset_id", flat=True)
    )
    context = {"section": "desk", "page": page, "rows": page.rows, "waiting": waiting}
    return render(request, "catalogue/desk_data.html", context)


def create(request: Request) -> HttpResponse:
    """Draft a dataset."""
    access.require(request.actor, "manage_catalogue")
    form = DatasetForm(request.POST or None, initial={"languages": ["fr"]})
    if request.method == "POST" and form.is_valid():
        try:
            dataset = services.create_dataset(
                actor=request.actor,
                title=form.cleaned_data["title"],
                fields=form.changes(),
                key=_key(request, "dataset.new", _content(form)),
            )
            return redirect("desk_dataset", dataset.node.slug)
        except Invalid as refusal:
            put_errors(form, refusal)
    context = {"section": "desk", "form": form, "heading": _("New dataset")}
    status = 422 if form.is_bound else 200
    return render(request, "catalogue/desk_form.html", context, status=status)


def edit(request: Request, slug: str) -> HttpResponse:
    """Change what a dataset says of itself."""
    dataset = _dataset(request, slug)
    form = DatasetForm(request.POST or None, initial=DatasetForm.initial_of(dataset))
    if request.method == "POST" and form.is_valid():
        try:
            services.update_dataset(
                actor=request.actor,
                dataset=dataset,
                changes=form.changes(),
                title=form.cleaned_data["title"],
                note=form.cleaned_data["note"],
                key=_key(request, f"dataset.edit:{dataset.pk}", _content(form)),
            )
            messages.success(request, _("Saved."))
            return redirect("desk_dataset", slug)
        except Invalid as refusal:
            put_errors(form, refusal)
    context = {
        "section": "desk",
        "form": form,
        "heading": _("Describe the dataset"),
        "node": dataset.node,
        "back": reverse("desk_dataset", args=[slug]),
    }
    status = 422 if form.is_bound else 200
    return render(request, "catalogue/desk_form.html", context, status=status)


def _overview(request: Request, dataset: Dataset, refusal: Invalid | None = None) -> HttpResponse:
    files = []
    jobs = uploads.latest(dataset)
    for resource in dataset.resources.select_related("current"):
        waiting = resource.versions.filter(published_at__isnull=True).first()
        job = jobs.get(str(resource.pk))
        files.append({
            "resource": resource,
            "waiting": waiting,
            "current": resource.current,
            "job": job if job and not job.result.get("version") else None,
        })  # fmt: skip
    public = dataset.node.state == State.PUBLIC
    waits = any(one["waiting"] for one in files)
    consultation = dataset.node.links_in.filter(relation="published_as").first()
    context = {
        "section": "desk",
        "dataset": dataset,
        "node": dataset.node,
        "files": files,
        "holes": services.holes(dataset),
        "public": public,
        "from_consultation": consultation is not None,
        # The first publication of a consultation's data goes through its review.
        "can_publish": (waits if public else consultation is None)
        and access.can(request.actor, "publish_data", dataset),
        "refusal": refusal,
    }
    status = 422 if refusal else 200
    return render(request, "catalogue/desk_dataset.html", context, status=status)


def overview(request: Request, slug: str) -> HttpResponse:
    """One dataset at the desk: what is missing, its files, what waits."""
    return _overview(request, _dataset(request, slug))


def preview(request: Request, slug: str) -> HttpResponse:
    """The page as it would be once published."""
    dataset = _dataset(request, slug)
    pairs = []
    for resource in dataset.resources.select_related("current"):
        version = loading.latest(resource)
        if version is not None:
            version.resource = resource
            pairs.append((resource, version))
    context = {**dataset_context(request, dataset, pairs), "draft": True}
    return render(request, "catalogue/dataset.html", context)


@require_POST
def publish(request: Request, slug: str) -> HttpResponse:
    """Publish a dataset and the versions that wait."""
    dataset = _dataset(request, slug)
    try:
        services.publish_dataset(
            actor=request.actor,
            dataset=dataset,
            key=_key(request, f"dataset.publish:{dataset.pk}", None),
        )
    except Invalid as refusal:
        return _overview(request, dataset, refusal)
    messages.success(request, _("Published."))
    return redirect("dataset", slug)


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
    dataset = _dataset(request, slug)
    resource = _resource(dataset, file)
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
    dataset = _dataset(request, slug)
    form = FileForm(request.POST or None, request.FILES or None)
    return _file_page(request, dataset, form, _("Add a file"), None)


def new_version(request: Request, slug: str, file: str) -> HttpResponse:
    """Upload a new version of a file; a failure leaves the one before."""
    dataset = _dataset(request, slug)
    resource = _resource(dataset, file)
    form = VersionForm(request.POST or None, request.FILES or None)
    return _file_page(request, dataset, form, _("New version of the file"), resource)


def columns(request: Request, slug: str, file: str) -> HttpResponse:
    """Write the codebook of a file, column by column."""
    dataset = _dataset(request, slug)
    version = loading.latest(_resource(dataset, file))
    if version is None:
        raise NotFound
    version.resource.dataset = dataset
    if request.method == "POST":
        words = {
            column["name"]: {
                part: {code: request.POST.get(f"{part}_{n}_{code}", "") for code in LANGUAGES}
                for part in ("label", "description")
            }
            for n, column in enumerate(version.columns)
        }
        services.describe_columns(actor=request.actor, version=version, words=words)
        messages.success(request, _("Saved."))
        return redirect("desk_dataset", slug)
    context = {
        "section": "desk",
        "node": dataset.node,
        "back": reverse("desk_dataset", args=[slug]),
        "columns": list(enumerate(version.columns)),
        "described": {one.name: one for one in previews.columns_of(version)},
        "why": {column["name"]: loading.why_in_words(column) for column in version.columns},
        "languages": LANGUAGES,
    }
    return render(request, "catalogue/desk_columns.html", context)


@require_POST
def remove_file(request: Request, slug: str, file: str) -> HttpResponse:
    """Remove a file that was never published."""
    dataset = _dataset(request, slug)
    services.remove_resource(actor=request.actor, resource=_resource(dataset, file))
    messages.success(request, _("Removed."))
    return redirect("desk_dataset", slug)
