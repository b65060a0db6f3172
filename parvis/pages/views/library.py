"""The desk of the library of pictures."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.core import pictures
from parvis.core.desk import SECTION, editing, key_of, submitted
from parvis.core.errors import Conflict
from parvis.core.i18n import tr
from parvis.core.pages import paginate
from parvis.pages import media
from parvis.pages.forms import ImageForm
from parvis.pages.models import Block, Image
from parvis.pages.rights import require_pages
from parvis.pages.views.desk import FORM

PER_PAGE = 24


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every picture, the newest first."""
    require_pages(request.actor)
    rows = Image.objects.prefetch_related("sizes__file").order_by("-pk")
    context = {"page": paginate(request, rows, per_page=PER_PAGE), **SECTION}
    return render(request, "pages/desk/library.html", context)


@editing
def image_new(request: HttpRequest) -> HttpResponse:
    """Add a picture."""
    require_pages(request.actor)
    form = ImageForm(request.POST or None, request.FILES or None)

    def act() -> str:
        upload = form.cleaned_data["file"]
        row = media.add_image(
            actor=request.actor,
            # One byte over the limit is enough for the service to refuse it.
            file=(upload.name, upload.read(pictures.BYTES_MAX + 1)),
            fields=form.changes(),
            key=key_of(form, f"image:{request.actor.person_id}"),
        )
        messages.success(request, _("The picture is number %(n)d.") % {"n": row.pk})
        return reverse("image_edit", args=[row.pk])

    context = {"heading": _("A new picture"), "submit": _("Add the picture"), "upload": True}
    return submitted(request, form, act, FORM, {**context, "crumb": "library"})


@editing
def image_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """What is said of a picture, where it is used, and its removal."""
    require_pages(request.actor)
    row = get_object_or_404(Image.objects.prefetch_related("sizes__file"), pk=pk)
    form = ImageForm(request.POST or None, row=row)

    def act() -> str:
        media.change_image(actor=request.actor, image=row, fields=form.changes())
        messages.success(request, _("The change is saved."))
        return reverse("image_edit", args=[pk])

    context = {"image": row, "uses": _uses(row), "markdown": f"![](media:{row.pk})"}
    return submitted(request, form, act, "pages/desk/image.html", context)


def _uses(row: Image) -> list[tuple[str, str]]:
    """Return (words, address) of each place that shows a picture."""
    found = []
    for use in media.uses(row):
        if isinstance(use, Block):
            found.append((tr(use.title), reverse("block_edit", args=[use.pk])))
        else:
            name = f"{use.node.kind}_edit"  # type: ignore[attr-defined]
            node = use.node  # type: ignore[attr-defined]
            found.append((tr(node.title), reverse(name, args=[node.slug])))
    return found


@require_POST
def image_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a picture that nothing shows."""
    require_pages(request.actor)
    row = get_object_or_404(Image, pk=pk)
    try:
        media.remove_image(actor=request.actor, image=row)
    except Conflict as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("image_edit", args=[pk]), status=303)
    messages.success(request, _("The picture and its files are removed."))
    return HttpResponseRedirect(reverse("library"), status=303)
