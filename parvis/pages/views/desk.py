"""The desk of pages: list, write, look, publish, take back, restore."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.core import access, revisions
from parvis.core.desk import SECTION, acted, editing, key_of, submitted
from parvis.core.errors import Invalid
from parvis.core.models import Revision, State
from parvis.pages import queries, services
from parvis.pages.forms import NoteForm, PageForm
from parvis.pages.models import Banner, Block, HostName, Image, News, Page
from parvis.pages.rights import require_pages

FORM = "pages/desk/form.html"
VERSIONS_SHOWN_MAX = 20


def told_stale(form: forms.Form, seen: str, act: Callable[[], str]) -> str:
    """Run `act`; where somebody saved meanwhile, a second send of the same form replaces theirs."""
    try:
        return act()
    except Invalid as refusal:
        if "seen" in refusal.errors:
            form.data = form.data.copy()  # type: ignore[attr-defined]
            form.data["seen"] = seen  # type: ignore[index]
            raise Invalid({"__all__": refusal.errors["seen"]}) from None
        raise


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Pages, news, and where the rest is written."""
    require_pages(request.actor)
    pages = Page.objects.select_related("node").order_by("node__slug")
    news = News.objects.select_related("node").order_by("-updated_at")
    context = {
        "pages": pages,
        "news": news[:20],
        "news_count": news.count(),
        "images": Image.objects.count(),
        "banners": Banner.objects.count(),
        "blocks": Block.objects.count(),
        "hosts": HostName.objects.count() if access.can(request.actor, "manage_site") else None,
        **SECTION,
    }
    return render(request, "pages/desk/index.html", context)


@editing
def page_new(request: HttpRequest) -> HttpResponse:
    """Begin a page."""
    require_pages(request.actor)
    form = PageForm(request.POST or None, new=True)

    def act() -> str:
        row = services.create_page(
            actor=request.actor,
            texts=form.texts(),
            slug=form.cleaned_data["slug"],
            key=key_of(form, f"page:{request.actor.person_id}"),
        )
        messages.success(request, _("The draft is saved: look at it, then publish it."))
        return reverse("page_edit", args=[row.node.slug])

    context = {"heading": _("A new page"), "submit": _("Save the draft")}
    return submitted(request, form, act, FORM, context)


@editing
def page_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Write a page; publish it; its versions."""
    require_pages(request.actor)
    row = queries.page_by_slug(slug)
    initial = {**services.written(row), "seen": services.seen_of(row)}
    form = PageForm(request.POST or None, initial=initial)

    def save() -> str:
        services.save_page(
            actor=request.actor,
            page=row,
            texts=form.texts(),
            seen=form.cleaned_data["seen"] or None,
        )
        if "preview" in request.POST:
            return reverse("page_preview", args=[slug])
        messages.success(request, _("What you wrote is saved. It is not public yet."))
        return reverse("page_edit", args=[slug])

    context = {
        "page": row,
        "node": row.node,
        "public": row.node.state == State.PUBLIC,
        "publishable": row.node.state != State.PUBLIC or row.working is not None,
        "missing": [word for words in services.missing_texts(row).values() for word in words],
        "note": NoteForm(prefix="note"),
        "versions": revisions.history(row.node, versions_max=VERSIONS_SHOWN_MAX),
    }
    return submitted(
        request, form, lambda: told_stale(form, services.seen_of(queries.page_by_slug(slug)), save),
        "pages/desk/page.html", context,
    )  # fmt: skip


@require_safe
def page_preview(request: HttpRequest, slug: str) -> HttpResponse:
    """The page as it will be; only those who write pages see it."""
    require_pages(request.actor)
    row = queries.page_by_slug(slug)
    texts = services.written(row)
    context = {"page": row, "node": row.node, "preview": True, **texts, **SECTION}
    return render(request, "pages/page.html", context)


@require_POST
def page_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish what is written."""
    require_pages(request.actor)
    row = queries.page_by_slug(slug)
    note = NoteForm(request.POST, prefix="note")
    said = note.cleaned_data["note"] if note.is_valid() else None
    return acted(
        request, lambda: services.publish_page(actor=request.actor, page=row, note=said),
        reverse("page_edit", args=[slug]), _("The page is public."),
    )  # fmt: skip


@require_POST
def page_unpublish(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a page back."""
    require_pages(request.actor)
    row = queries.page_by_slug(slug)
    return acted(
        request, lambda: services.unpublish_page(actor=request.actor, page=row),
        reverse("page_edit", args=[slug]), _("The page is a draft again."),
    )  # fmt: skip


@require_POST
def page_drop(request: HttpRequest, slug: str) -> HttpResponse:
    """Give up what is written over a public page."""
    require_pages(request.actor)
    row = queries.page_by_slug(slug)
    return acted(
        request, lambda: services.drop_working(actor=request.actor, page=row),
        reverse("page_edit", args=[slug]), _("What was being written is given up."),
    )  # fmt: skip


@require_POST
def page_restore(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    """Put an old version where one writes."""
    require_pages(request.actor)
    row = queries.page_by_slug(slug)
    revision = get_object_or_404(Revision, pk=version, node=row.node)
    words = _("The old version is where you write: look at it, then publish it.")
    return acted(
        request, lambda: services.restore_page(actor=request.actor, page=row, revision=revision),
        reverse("page_edit", args=[slug]), words,
    )  # fmt: skip
