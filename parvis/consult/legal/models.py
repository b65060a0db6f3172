"""Two tables: what a public body says once for all, and the documents of a consultation."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.i18n import TextField


class Kind(models.TextChoices):
    """The documents of a consultation, in the order in which people read them."""

    NECESSITY = "necessity", _("Necessity and ethics of the survey")
    POLICY = "policy", _("Confidentiality policy")
    NOTICE = "notice", _("Privacy notice")
    PIA = "pia", _("Privacy impact assessment")


def _text(label: object, rows: int = 3) -> TextField:
    return TextField(
        blank=True, rows=rows, characters_max=limits.REASON_CHARACTERS * 2, verbose_name=label
    )


class LegalDefaults(models.Model):
    """What a body says once for all its consultations; a consultation may say otherwise."""

    organisation = models.OneToOneField(
        "core.Organisation", on_delete=models.CASCADE, primary_key=True, related_name="legal"
    )
    officer = TextField(
        blank=True, characters_max=limits.SHORT_CHARACTERS,
        verbose_name=_("Person in charge of the protection of personal information"),
    )  # fmt: skip
    officer_contact = models.CharField(
        max_length=200, blank=True, verbose_name=_("How to reach this person")
    )
    hosting = _text(_("Where the server is"), 2)
    outside = _text(_("Communication outside Québec"), 2)
    third_parties = _text(_("Third parties and sub-contractors"), 2)
    security = _text(_("Security measures"))
    retention_rule = _text(_("Retention rule"))
    access = _text(_("How people read or correct what was collected"))
    complaint = _text(_("How to complain"))
    governance = _text(_("Rules of governance of personal information"), 2)
    accessibility_limits = _text(_("What is not accessible yet"))
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"legal {self.organisation_id}"


class LegalText(models.Model):
    """One document of a consultation.

    fields: {element: text by language} written by somebody instead of the proposal. confirmed:
    {element: {"text": text by language, "of": digest of what it was made from}} when it was
    confirmed; `version` is the digest of it all. earlier: the confirmed versions before, as
    {"at", "texts"}, since people relied on them.
    """

    consultation = models.ForeignKey(
        "consult.Consultation", on_delete=models.CASCADE, related_name="legal_texts"
    )
    kind = models.CharField(max_length=12, choices=Kind)
    fields = models.JSONField(default=dict, blank=True)
    confirmed = models.JSONField(default=dict, blank=True)
    version = models.CharField(max_length=64, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        "core.Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    earlier = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consultation", "kind"], name="legal_text_unique")
        ]

    def __str__(self) -> str:
        return f"{self.consultation_id} {self.kind}"
