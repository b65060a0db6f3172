"""The desk of what every visitor sees first: announcements, and blocks of the home page."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.core import kinds, limits
from parvis.core.desk import SECTION, editing, key_of, submitted
from parvis.core.i18n import tr
from parvis.core.models import Node
from parvis.core.search import search
from parvis.pages import banners, blocks
from parvis.pages.forms import BannerForm, BlockForm
from parvis.pages.models import Banner, Block
from parvis.pages.rights import require_pages
from parvis.pages.views.desk import FORM

FOUND_MAX = 15


@require_safe
def banner_list(request: HttpRequest) -> HttpResponse:
    """Announcements: shown now, to come, over."""
    require_pages(request.actor)
    context = {"rows": Banner.objects.all()[:50], "now": timezone.now(), **SECTION}
    return render(request, "pages/desk/banners.html", context)


@editing
def banner_new(request: HttpRequest) -> HttpResponse:
    """Write an announcement."""
    return _banner(request, None)


@editing
def banner_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an announcement."""
    require_pages(request.actor)
    return _banner(request, get_object_or_404(Banner, pk=pk))


def _banner(request: HttpRequest, row: Banner | None) -> HttpResponse:
    require_pages(request.actor)
    form = BannerForm(request.POST or None, row=row)

    def act() -> str:
        banners.save_banner(
            actor=request.actor, banner=row, fields=form.changes(),
            key=None if row else key_of(form, f"banner:{request.actor.person_id}"),
        )  # fmt: skip
        messages.success(request, _("The announcement is saved."))
        return reverse("banners")

    context = {
        "heading": _("Announcement") if row else _("A new announcement"),
        "intro": _("Everybody sees it above each page between these two moments, by the clock."),
        "submit": _("Save the announcement"),
        "crumb": "banners",
    }
    return submitted(request, form, act, FORM, context)


@require_POST
def banner_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove an announcement."""
    require_pages(request.actor)
    banners.remove_banner(actor=request.actor, banner=get_object_or_404(Banner, pk=pk))
    messages.success(request, _("The announcement is removed."))
    return HttpResponseRedirect(reverse("banners"), status=303)


@require_safe
def block_list(request: HttpRequest) -> HttpResponse:
    """The blocks of the home page in their order."""
    require_pages(request.actor)
    context = {
        "rows": Block.objects.select_related("node"),
        "new": [(label, reverse("block_new", args=[kind])) for kind, label in Block.Kind.choices],
        **SECTION,
    }
    return render(request, "pages/desk/blocks.html", context)


@editing
def block_new(request: HttpRequest, kind: str) -> HttpResponse:
    """Add a block."""
    require_pages(request.actor)
    if kind not in Block.Kind.values:
        raise Http404
    return _block(request, kind, None)


@editing
def block_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a block."""
    require_pages(request.actor)
    row = get_object_or_404(Block.objects.select_related("node"), pk=pk)
    return _block(request, row.kind, row)


def _found(words: str, row: Block | None, chosen: str) -> list[tuple[str, str]]:
    """Return (id, words) of what may be shown: what the search gave, and what was chosen."""
    hits = search(words, kind=blocks.FEATURED, limit=FOUND_MAX).hits
    nodes = [hit.node for hit in hits]
    if row and row.node:
        nodes.append(row.node)
    if chosen and not any(str(node.pk) == chosen for node in nodes):
        nodes += list(Node.objects.filter(pk=chosen, kind__in=blocks.FEATURED)[:1])
    unique = {node.pk: node for node in nodes}
    return [
        (str(node.pk), f"{tr(node.title)} ({kinds.get(node.kind).label})")
        for node in unique.values()
    ]


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _block(request: HttpRequest, kind: str, row: Block | None) -> HttpResponse:
    words = request.GET.get("q", "").strip()[: limits.SEARCH_CHARACTERS]
    featured = kind == Block.Kind.FEATURED
    found = _found(words, row, _uuid(request.POST.get("node", ""))) if featured else []
    form = BlockForm(request.POST or None, kind=kind, row=row, found=found)

    def act() -> str:
        if row:
            blocks.change_block(actor=request.actor, block=row, fields=form.changes())
        else:
            key = key_of(form, f"block:{request.actor.person_id}")
            blocks.add_block(actor=request.actor, kind=kind, fields=form.changes(), key=key)
        messages.success(request, _("The home page is changed."))
        return reverse("blocks")

    context = {
        "heading": Block.Kind(kind).label,
        "submit": _("Save the block"),
        "crumb": "blocks",
        "searching": featured,
        "q": words,
        "found": found,
    }
    return submitted(request, form, act, FORM, context)


@require_POST
def block_move(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    """Move a block up or down by one place."""
    require_pages(request.actor)
    row = get_object_or_404(Block, pk=pk)
    if way not in {"up", "down"}:
        raise Http404
    blocks.move_block(actor=request.actor, block=row, up=way == "up")
    return HttpResponseRedirect(f"{reverse('blocks')}#bloc-{pk}", status=303)


@require_POST
def block_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a block."""
    require_pages(request.actor)
    blocks.remove_block(actor=request.actor, block=get_object_or_404(Block, pk=pk))
    messages.success(request, _("The block is removed."))
    return HttpResponseRedirect(reverse("blocks"), status=303)
