"""Forms of the desk for consultations held elsewhere. Rules are the services'."""

import re
from typing import Any

from django import forms as fields
from django.utils.translation import gettext_lazy as _

from parvis.consult.models import Elsewhere
from parvis.consult.register import importing
from parvis.core import limits
from parvis.core.forms import KeyedForm, LinesFormField, NodeForm, SourcesFormField
from parvis.core.i18n import TextFormField, tr
from parvis.core.models import Organisation

_NUMBER = re.compile(r"-?\d{1,12}(?:[.,]\d{1,4})?")


class OrganisationChoice(fields.ModelChoiceField):
    """An organisation, by its name."""

    def label_from_instance(self, row: Any) -> str:
        """Return its name."""
        return tr(row.node.title)


class FiguresField(fields.CharField):
    """Published numbers, one a line: what | in English | number | unit | about."""

    def __init__(self, **kwargs: Any) -> None:
        widget = fields.Textarea(attrs={"rows": 4})
        super().__init__(widget=widget, required=False, max_length=20_000, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show a list as lines."""
        if not isinstance(value, list):
            return value
        lines = []
        for one in value:
            number = "" if one["value"] is None else f"{one['value']:g}"
            if isinstance(one["value"], int):
                number = str(one["value"])
            about = "environ" if one["approximate"] else ""
            cells = (
                one["label"].get("fr", ""), one["label"].get("en", ""), number,
                one["unit"].get("fr", ""), about,
            )  # fmt: skip
            lines.append(" | ".join(cells).rstrip(" |"))
        return "\n".join(lines)

    def clean(self, value: Any) -> list[dict[str, Any]]:  # type: ignore[override]
        """Return the list. Raises ValidationError that quotes the line."""
        text = super().clean(value) or ""
        out = []
        for line in text.splitlines():
            if not line.strip():
                continue
            cells = [cell.strip() for cell in line.split("|")] + [""] * 5
            number = cells[2].replace(" ", "").replace("\u00a0", "")
            if not cells[0] or (number and not _NUMBER.fullmatch(number)):
                raise fields.ValidationError(
                    _("This line is not understood: “%(line)s”.") % {"line": line[:80]}
                )
            label = {code: word for code, word in zip(("fr", "en"), cells[:2], strict=True) if word}
            amount = float(number.replace(",", ".")) if number else None
            out.append(
                {
                    "label": label,
                    "value": int(amount) if amount is not None and amount.is_integer() else amount,
                    "unit": {"fr": cells[3]} if cells[3] else {},
                    "approximate": bool(cells[4]),
                }
            )
        return out


class ElsewhereForm(NodeForm):
    """A consultation held elsewhere."""

    model = Elsewhere
    names = (
        "organisation", "body", "opens", "opens_precision", "closes", "closes_precision", "url",
        "result_url", "participants", "participants_approximate", "forms", "figures", "notes",
        "sources",
    )  # fmt: skip
    title_label = _("Subject")
    organisation = OrganisationChoice(
        Organisation.objects.select_related("node").order_by("node__slug"),
        label=_("Organisation"), required=False, empty_label=_("Not in the list"),
    )  # fmt: skip
    forms = LinesFormField(
        label=_("How one took part"), help_text=_("One a line: questionnaire, meetings…")
    )
    figures = FiguresField(
        label=_("Other published numbers"),
        help_text=_(
            "One a line: what is counted | the same in English | number | unit | “environ” when "
            "the source rounds. Leave the number empty when it was looked for and not found."
        ),
    )
    notes = LinesFormField(label=_("Notes"), help_text=_("One a line."))
    sources = SourcesFormField(required=False)


class WithdrawForm(KeyedForm):
    """Why a consultation leaves the register."""

    reason = TextFormField(
        label=_("Why"), rows=3, characters_max=limits.REASON_CHARACTERS, required=False,
        help_text=_("Shown to everybody on its page."),
    )  # fmt: skip


class ImportForm(KeyedForm):
    """A table of consultations held elsewhere."""

    file = fields.FileField(label=_("CSV or Excel file"), max_length=200)

    def clean_file(self) -> bytes:
        """Return the bytes of the file, within the limit."""
        given = self.cleaned_data["file"]
        if given.size > importing.BYTES_MAX:
            raise fields.ValidationError(_("The file is larger than 2 MB."))
        return bytes(given.read())
