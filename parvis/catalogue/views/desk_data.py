"""The steward's desk for data: the list, what a dataset says, where it stands, publication."""

from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from parvis.catalogue import loading, services, uploads
from parvis.catalogue.approval import gate
from parvis.catalogue.approval import services as approval
from parvis.catalogue.conformity import quality, standing
from parvis.catalogue.conformity import services as conformity
from parvis.catalogue.forms import DatasetForm
from parvis.catalogue.models import Dataset, Version
from parvis.catalogue.requests import Request
from parvis.catalogue.views.desk_common import content_of, dataset_of, key_in
from parvis.catalogue.views.public import dataset_context, other_file
from parvis.core import access
from parvis.core.errors import Conflict, Invalid
from parvis.core.forms import put_errors
from parvis.core.models import State
from parvis.core.pages import paginate

ORDERS: dict[str, tuple[Any, ...]] = {
    "": ("-modified_at",),
    "quality": (F("quality__met").asc(nulls_last=True), "-modified_at"),
    "late": (F("quality__late_since").asc(nulls_last=True), "-modified_at"),
    "title": ("node__slug",),
}


def may_act_alone(dataset: Dataset) -> bool:
    """Whether what this dataset says changes at once: nobody sees it, or one person is enough."""
    return dataset.node.state != State.PUBLIC or not gate.required()


def listing(request: Request) -> HttpResponse:
    """Drafts first, then what is public; by quality or lateness when asked."""
    access.require(request.actor, "manage_catalogue")
    order = request.GET.get("sort", "")
    order = order if order in ORDERS else ""
    rows = (
        Dataset.objects.filter(node__state__in=standing.ALIVE)
        .select_related("node", "organisation__node", "quality")
        .order_by(*ORDERS[order], "pk")
    )
    mine = [row for row in rows if access.can(request.actor, "manage_catalogue", row)]
    if not order:
        mine.sort(key=lambda row: row.node.state != State.DRAFT)
    page = paginate(request, mine)
    waiting = set(
        Version.objects.filter(
            published_at__isnull=True, resource__dataset__in=page.rows
        ).values_list("resource__dataset_id", flat=True)
    )
    context = {
        "section": "desk", "page": page, "rows": page.rows, "waiting": waiting, "order": order,
        "labels": quality.LABELS,
    }  # fmt: skip
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
                key=key_in(request, "dataset.new", content_of(form)),
            )
            return redirect("desk_dataset", dataset.node.slug)
        except Invalid as refusal:
            put_errors(form, refusal)
    context = {"section": "desk", "form": form, "heading": _("New dataset")}
    status = 422 if form.is_bound else 200
    return render(request, "catalogue/desk_form.html", context, status=status)


def edit(request: Request, slug: str) -> HttpResponse:
    """Change what a dataset says of itself; what is public may need a second person first."""
    dataset = dataset_of(request, slug)
    alone = may_act_alone(dataset)
    form = DatasetForm(request.POST or None, initial=DatasetForm.initial_of(dataset))
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, dataset, form) if alone else _propose(request, dataset, form)
            words = _("Saved.") if alone else _("Another person reads your change before it shows.")
            messages.success(request, words)
            return redirect("desk_dataset" if alone else "data_approval", slug)
        except Invalid as refusal:
            put_errors(form, refusal)
        except Conflict as refusal:
            form.add_error(None, str(refusal))
    context = {
        "section": "desk",
        "form": form,
        "heading": _("Describe the dataset"),
        "node": dataset.node,
        "back": reverse("desk_dataset", args=[slug]),
        "second": not alone,
    }
    status = 422 if form.is_bound else 200
    return render(request, "catalogue/desk_form.html", context, status=status)


def _save(request: Request, dataset: Dataset, form: DatasetForm) -> None:
    services.update_dataset(
        actor=request.actor,
        dataset=dataset,
        changes=form.changes(),
        title=form.cleaned_data["title"],
        note=form.cleaned_data["note"],
        key=key_in(request, f"dataset.edit:{dataset.pk}", content_of(form)),
    )


def _propose(request: Request, dataset: Dataset, form: DatasetForm) -> None:
    """Give to read the fields that the form changes."""
    changed = {
        name: value for name, value in form.changes().items() if value != getattr(dataset, name)
    }
    title = form.cleaned_data["title"]
    asked: dict[str, Any] = {"fields": changed, "note": form.cleaned_data["note"]}
    if title != dataset.node.title:
        asked["title"] = title
    approval.ask_review(
        actor=request.actor,
        dataset=dataset,
        changes=asked,
        key=key_in(request, f"dataset.edit:{dataset.pk}", content_of(form)),
    )


def _files(dataset: Dataset) -> list[dict[str, Any]]:
    """Return the files of a dataset as the desk lists them, with their checks and jobs."""
    found: list[dict[str, Any]] = []
    jobs = uploads.latest(dataset)
    rows = list(dataset.resources.select_related("current", "file"))
    waiting = {
        row.resource_id: row
        for row in Version.objects.filter(
            published_at__isnull=True, resource__dataset=dataset
        ).defer("profile")
    }
    versions = [v for row in rows if (v := waiting.get(row.pk) or row.current)]
    checked = conformity.of_versions(versions)
    for resource in rows:
        resource.dataset = dataset
        job = jobs.get(str(resource.pk))
        version = waiting.get(resource.pk) or resource.current
        found.append({
            "resource": resource,
            "waiting": waiting.get(resource.pk),
            "current": resource.current,
            "conformity": checked.get(version.pk) if version else None,
            "other": other_file(dataset, resource) if resource.url or resource.file else None,
            "job": job if job and not job.result.get("version") else None,
        })  # fmt: skip
    return found


def _overview(
    request: Request, dataset: Dataset, refusal: Invalid | Conflict | None = None
) -> HttpResponse:
    files = _files(dataset)
    public = dataset.node.state == State.PUBLIC
    waits = approval.waits(dataset)
    consultation = dataset.node.links_in.filter(relation="published_as").first()
    contents = standing.contents_of([dataset])[0]
    found = quality.criteria(contents)
    stands = gate.standing(dataset, waits=waits)
    # The first publication of a consultation's data goes through its review.
    first = dataset.node.state == State.DRAFT and consultation is not None
    approved = stands.approval is not None or not stands.required
    context = {
        "section": "desk",
        "dataset": dataset,
        "node": dataset.node,
        "files": files,
        "removed": list(dataset.removed_files.select_related("by")[:10]),
        "holes": services.holes(dataset),
        "public": public,
        "waits": waits,
        "from_consultation": consultation is not None,
        "standing": stands,
        "criteria": [{"one": one, "url": one.url(dataset.node.slug)} for one in found],
        "counts": quality.counts(found),
        "late_since": contents.late_since if public else None,
        "first_from_consultation": first,
        "can_publish": (waits or stands.approval is not None)
        and approved
        and not first
        and access.can(request.actor, "publish_data", dataset),
        "refusal": refusal,
    }
    status = refusal.status if refusal else 200
    return render(request, "catalogue/desk_dataset.html", context, status=status)


def overview(request: Request, slug: str) -> HttpResponse:
    """One dataset at the desk: what is missing, its files, what waits."""
    return _overview(request, dataset_of(request, slug))


def preview(request: Request, slug: str) -> HttpResponse:
    """The page as it would be once published."""
    dataset = dataset_of(request, slug, "see_private_data")
    pairs, others = [], []
    for resource in dataset.resources.select_related("current", "file"):
        version = loading.latest(resource)
        if version is not None:
            version.resource = resource
            pairs.append((resource, version))
        elif resource.url or resource.file:
            others.append(other_file(dataset, resource))
    context = {**dataset_context(request, dataset, pairs), "draft": True, "others": others}
    for one in (*context["resources"], *([context["file"]] if "file" in context else ())):
        for download in one["downloads"]:
            # What is not public has no public address.
            name = f"{one['resource'].slug}.{download['extension']}"
            download["url"] = reverse("desk_dataset_file", args=[slug, one["version"].pk, name])
    return render(request, "catalogue/dataset.html", context)


@require_POST
def publish(request: Request, slug: str) -> HttpResponse:
    """Publish a dataset and the versions that wait."""
    dataset = dataset_of(request, slug)
    try:
        approval.publish(
            actor=request.actor,
            dataset=dataset,
            key=key_in(request, f"dataset.publish:{dataset.pk}", None),
        )
    except (Invalid, Conflict) as refusal:
        return _overview(request, dataset, refusal)
    messages.success(request, _("Published."))
    return redirect("dataset", slug)
