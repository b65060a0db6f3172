"""The desk of news."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.core.desk import SECTION, acted, editing, key_of, submitted
from parvis.core.models import Link, State
from parvis.core.pages import paginate
from parvis.pages import newsroom, queries
from parvis.pages.forms import NewsForm
from parvis.pages.models import News
from parvis.pages.rights import require_pages
from parvis.pages.services import seen_of
from parvis.pages.views.desk import FORM, told_stale
from parvis.pages.views.public import news_context


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every piece of news, the last changed first."""
    require_pages(request.actor)
    rows = News.objects.select_related("node").order_by("-updated_at")
    context = {"page": paginate(request, rows), **SECTION}
    return render(request, "pages/desk/news_list.html", context)


@editing
def news_new(request: HttpRequest) -> HttpResponse:
    """Begin a piece of news."""
    require_pages(request.actor)
    form = NewsForm(request.POST or None)

    def act() -> str:
        row = newsroom.draft_news(
            actor=request.actor,
            title=form.cleaned_data["title"],
            fields=form.changes(),
            consultations=form.cleaned_data["consultations"],
            slug=form.cleaned_data["slug"],
            key=key_of(form, f"news:{request.actor.person_id}"),
        )
        messages.success(request, _("The draft is saved: look at it, then publish it."))
        return reverse("news_edit", args=[row.node.slug])

    context = {"heading": _("A new piece of news"), "submit": _("Save the draft")}
    return submitted(request, form, act, FORM, context)


@editing
def news_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Write a piece of news; publish it."""
    require_pages(request.actor)
    row = queries.news_by_slug(slug)
    tied = Link.objects.filter(source=row.node, relation="informs").values_list("target", flat=True)
    initial = {"consultations": list(tied), "seen": seen_of(row)}
    form = NewsForm(request.POST or None, row=row, initial=initial)

    def save() -> str:
        newsroom.change_news(
            actor=request.actor,
            news=row,
            title=form.cleaned_data["title"],
            fields=form.changes(),
            consultations=form.cleaned_data["consultations"],
            note=form.cleaned_data.get("note"),
            seen=form.cleaned_data["seen"] or None,
        )
        if "preview" in request.POST:
            return reverse("news_preview", args=[slug])
        messages.success(request, _("The change is saved."))
        return reverse("news_edit", args=[slug])

    public = row.node.state == State.PUBLIC
    context = {
        "news": row,
        "node": row.node,
        "public": public,
        "missing": [w for words in newsroom.missing_texts(row).values() for w in words],
    }
    return submitted(
        request, form, lambda: told_stale(form, seen_of(queries.news_by_slug(slug)), save),
        "pages/desk/news.html", context,
    )  # fmt: skip


@require_safe
def news_preview(request: HttpRequest, slug: str) -> HttpResponse:
    """The news as it will be."""
    require_pages(request.actor)
    context = {**news_context(queries.news_by_slug(slug)), "preview": True, **SECTION}
    return render(request, "pages/news.html", context)


@require_POST
def news_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish a piece of news."""
    require_pages(request.actor)
    row = queries.news_by_slug(slug)
    return acted(
        request, lambda: newsroom.publish_news(actor=request.actor, news=row),
        reverse("news_edit", args=[slug]), _("The news is public."),
    )  # fmt: skip


@require_POST
def news_unpublish(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a piece of news back."""
    require_pages(request.actor)
    row = queries.news_by_slug(slug)
    return acted(
        request, lambda: newsroom.unpublish_news(actor=request.actor, news=row),
        reverse("news_edit", args=[slug]), _("The news is a draft again."),
    )  # fmt: skip
