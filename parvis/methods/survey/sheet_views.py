"""The questionnaire as a spreadsheet: downloaded, filled, sent back, looked at, then applied."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from parvis.consult.desk_fields import DeskForm
from parvis.consult.models import Activity
from parvis.core.errors import Conflict, Invalid
from parvis.methods.survey import edit_views, editing
from parvis.methods.survey.sheet import columns, compare, guard, read, write

_METHODS = ["GET", "HEAD", "POST"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PREVIEW_SECONDS = 4 * 3600


class SheetForm(DeskForm):
    """A spreadsheet to read."""

    file = forms.FileField(
        label=gettext_lazy("File of questions (XLSX or CSV)"),
        help_text=gettext_lazy("1 MB at most. Nothing changes before you have seen what would."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
    )

    def clean_file(self) -> bytes:
        """The bytes, once small enough."""
        upload = self.cleaned_data["file"]
        if upload.size > guard.FILE_BYTES:
            raise forms.ValidationError(_("This file is too big: 1 MB at most."))
        data: bytes = upload.read()
        return data


def _salt(activity: Activity) -> str:
    return f"survey.sheet.{activity.pk}"


@require_http_methods(_METHODS)
def sheet(request: HttpRequest, slug: str) -> HttpResponse:
    """Download, send back, look at what would change, apply: each says what it did."""
    activity = edit_views._activity(request, slug)
    if "applied" in request.POST:
        return _apply(request, activity)
    posted = request.method == "POST"
    form = SheetForm(request.POST if posted else None, request.FILES if posted else None)
    more: dict[str, Any] = {}
    if posted and form.is_valid():
        try:
            made = read.questionnaire(form.cleaned_data["file"], activity.settings)
        except read.Wrong as wrong:
            more["problems"] = wrong.problems
        except Invalid as refusal:
            edit_views._refused(form, refusal)
        else:
            return _preview(request, activity, made)
    return edit_views._draw(
        request, "_sheet", activity, 422 if posted else 200, form=form, all_forms=[form], **more
    )


def _preview(request: HttpRequest, activity: Activity, made: dict[str, Any]) -> HttpResponse:
    """What the file would change; what is applied is what was shown, signed."""
    held = {"settings": made, "version": activity.version}
    return edit_views._draw(
        request, "_sheet_preview", activity, 200,
        differences=compare.differences(activity.settings, made),
        pages=made["pages"],
        count=sum(len(page["questions"]) for page in made["pages"]),
        signed=signing.dumps(held, salt=_salt(activity), compress=True),
    )  # fmt: skip


def _apply(request: HttpRequest, activity: Activity) -> HttpResponse:
    form = SheetForm()
    refusal: Any
    try:
        held = signing.loads(request.POST["applied"], salt=_salt(activity), max_age=PREVIEW_SECONDS)
        if held["version"] != activity.version:
            raise Conflict(_("The questionnaire changed meanwhile: send the file again."))
        editing.save(
            actor=request.actor,  # type: ignore[attr-defined]
            activity=activity,
            settings=held["settings"],
        )
    except signing.BadSignature:
        refusal = Invalid({"file": [_("This preview is too old: send the file again.")]})
    except Conflict as error:
        refusal = error
        refusal.errors = {"file": [str(error)]}
    except Invalid as error:
        refusal = error
    else:
        messages.success(request, _("The questionnaire is the one of the file."))
        return edit_views._back(activity)
    activity.refresh_from_db(fields=["settings", "version"])
    return edit_views._draw(
        request, "_sheet", activity, refusal.status, form=form, all_forms=[form], refusal=refusal
    )


@require_safe
def download(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The present questionnaire, or a template with an example, as a file."""
    activity = edit_views._activity(request, slug)
    language = columns.language()
    settings = write.EXAMPLE if name == "template" else activity.settings
    if name == "csv":
        body, kind, extension = write.as_csv(settings, language), "text/csv; charset=utf-8", "csv"
    elif name in {"xlsx", "template"}:
        body, kind, extension = write.as_xlsx(settings, language), XLSX, "xlsx"
    else:
        raise Http404
    response = HttpResponse(body, content_type=kind)
    ends = {"fr": "modele", "en": "template"}[language] if name == "template" else "questions"
    file_name = f"{activity.node.slug}-{ends}.{extension}"
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response
