"""The steward's desk for documents."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from parvis.catalogue import documents
from parvis.catalogue.forms import DocumentForm
from parvis.catalogue.models import Document
from parvis.catalogue.requests import Request
from parvis.core import access, limits
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.forms import put_errors
from parvis.core.models import State
from parvis.core.pages import paginate


def _document(request: Request, slug: str) -> Document:
    found = (
        Document.objects.select_related("node", "organisation__node", "file")
        .filter(node__slug=slug)
        .first()
    )
    if found is None:
        access.require(request.actor, "manage_catalogue")
        raise NotFound
    access.require(request.actor, "manage_catalogue", found)
    return found


def _file(form: DocumentForm) -> tuple[str, bytes] | None:
    upload = form.cleaned_data["file"]
    if not upload:
        return None
    # One byte over the limit is enough for the service to refuse it.
    return upload.name, upload.read(limits.UPLOAD_BYTES + 1)


def listing(request: Request) -> HttpResponse:
    """Drafts first, then what is public."""
    access.require(request.actor, "manage_catalogue")
    rows = (
        Document.objects.filter(node__state__in=[State.DRAFT, State.PUBLIC])
        .select_related("node", "organisation__node")
        .order_by("-modified_at")
    )
    mine = [row for row in rows if access.can(request.actor, "manage_catalogue", row)]
    mine.sort(key=lambda row: row.node.state != State.DRAFT)
    page = paginate(request, mine)
    context = {"section": "desk", "page": page, "rows": page.rows}
    return render(request, "catalogue/desk_documents.html", context)


def _key(request: Request, scope: str, form: DocumentForm) -> IdempotencyKey | None:
    value = request.POST.get("key", "")
    content = {k: str(v) for k, v in form.cleaned_data.items() if k != "key"}
    return (
        IdempotencyKey.of(f"{scope}:{request.actor.person_id}", value, content) if value else None
    )


def _page(request: Request, form: DocumentForm, **more: Any) -> HttpResponse:
    context = {"section": "desk", "form": form, "upload": True, **more}
    status = 422 if form.is_bound else 200
    return render(request, "catalogue/desk_document.html", context, status=status)


def create(request: Request) -> HttpResponse:
    """Draft a document."""
    access.require(request.actor, "manage_catalogue")
    form = DocumentForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            document = documents.draft_document(
                actor=request.actor,
                title=form.cleaned_data["title"],
                fields=form.changes(),
                file=_file(form),
                key=_key(request, "document.new", form),
            )
            return redirect("desk_document", document.node.slug)
        except Invalid as refusal:
            put_errors(form, refusal)
    return _page(request, form, heading=_("New document"), back=reverse("desk_documents"))


def edit(request: Request, slug: str) -> HttpResponse:
    """Change a document."""
    document = _document(request, slug)
    form = DocumentForm(
        request.POST or None, request.FILES or None, initial=DocumentForm.initial_of(document)
    )
    if request.method == "POST" and form.is_valid():
        try:
            documents.update_document(
                actor=request.actor,
                document=document,
                changes=form.changes(),
                title=form.cleaned_data["title"],
                file=_file(form),
                remove_file=form.cleaned_data["remove_file"],
                note=form.cleaned_data["note"],
                key=_key(request, f"document.edit:{document.pk}", form),
            )
            messages.success(request, _("Saved."))
            return redirect("desk_document", slug)
        except Invalid as refusal:
            put_errors(form, refusal)
            document = _document(request, slug)
    return _page(
        request,
        form,
        heading=_("Document"),
        back=reverse("desk_documents"),
        document=document,
        node=document.node,
        holes=documents.holes(document),
        can_publish=document.node.state == State.DRAFT
        and access.can(request.actor, "publish_data", document),
    )


@require_POST
def publish(request: Request, slug: str) -> HttpResponse:
    """Publish a document."""
    document = _document(request, slug)
    value = request.POST.get("key", "")
    key = IdempotencyKey.of(f"document.publish:{document.pk}", value) if value else None
    documents.publish_document(actor=request.actor, document=document, key=key)
    messages.success(request, _("Published."))
    return redirect("document", slug)
