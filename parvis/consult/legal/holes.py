"""What the law still asks before a consultation opens: one line, with the page that fills it."""

from django.urls import reverse
from django.utils.translation import ngettext

from parvis.consult.holes import Hole
from parvis.consult.legal.reading import legal_of
from parvis.consult.models import Consultation
from parvis.core.models import State


def holes(consultation: Consultation) -> list[Hole]:
    """Return one hole while a document is not confirmed as it stands.

    None once public: what changed since is shown at the desk, to be confirmed again, and never
    keeps a mistake of the public page from being corrected.
    """
    if consultation.node.state == State.PUBLIC:
        return []
    left = legal_of(consultation).left
    if not left:
        return []
    n = len(left)
    if any(one.confirmed_at for one in left):
        words = ngettext(
            "%(n)d document that the law asks for is to check again.",
            "%(n)d documents that the law asks for are to check again.",
            n,
        )
    else:
        words = ngettext(
            "%(n)d document that the law asks for is to read and confirm.",
            "%(n)d documents that the law asks for are to read and confirm.",
            n,
        )
    here = reverse("consult_edit_legal", args=[consultation.node.slug])
    return [Hole("legal", words % {"n": n}, f"{here}#{left[0].kind}")]
