"""The standards of co-creation, in our own words, and what people answer for a plan.

OGP's five participation and co-creation standards, in force since 1 January 2022; and the seven
principles of Québec's reference framework on public participation (2017), whose 38 criteria were
read in part only: the page says so. What the program sees by itself is computed by the site.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.collaborate.models import Check
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Node, State
from parvis.core.rows import check_row, refuse_holes

OGP, QUEBEC = "ogp", "quebec"
SOURCES: dict[str, tuple[str, ...]] = {
    OGP: (
        "https://www.opengovpartnership.org/?p=67851",
        "https://opengovpartnership.org/?p=67852",
    ),
    QUEBEC: (
        "https://newswire.ca/fr/news-releases/le-gouvernement-du-quebec-devoile-un-outil-pour-"
        "mieux-consulter-les-quebecois-629473593.html",
        "http://institutions-democratiques.gouv.qc.ca/centre-de-presse/communiques/2016/"
        "2016-10-31-en.htm",
        "https://123dok.net/article/principes-crit%C3%A8res-%C3%A9nonc%C3%A9s-cadre-"
        "r%C3%A9f%C3%A9rence.eqodep7z",
    ),
}
SETS = {
    OGP: _("Standards of the Open Government Partnership (OGP)"),
    QUEBEC: _("Principles of Québec’s framework on public participation"),
}


@dataclass(frozen=True)
class Item:
    """One standard or principle: its number in its set, its name, what it asks in our words."""

    key: str
    set: str
    number: int
    name: Any
    asks: Any


ITEMS: tuple[Item, ...] = (
    Item(
        "ogp-1", OGP, 1, _("A space for dialogue"),
        _("Government and civil society meet at least every six months, by public rules."),
    ),
    Item(
        "ogp-2", OGP, 2, _("A public site and its repository"),
        _("Documents and evidence about the plan are online, in one place, and kept up to date."),
    ),
    Item(
        "ogp-3", OGP, 3, _("Informed and inclusive participation"),
        _("People can take part in making the plan, with the information that they need."),
    ),
    Item(
        "ogp-4", OGP, 4, _("A reasoned response"),
        _("Whoever contributed can read what was decided about it, and why."),
    ),
    Item(
        "ogp-5", OGP, 5, _("Dialogue while it is carried out"),
        _("The dialogue goes on until the end of the plan: progress is discussed together."),
    ),
    Item(
        "quebec-1", QUEBEC, 1, _("Authorities commit to weigh the result"),
        _("Before it begins, they say what is decided, why, and how much opinion can change."),
    ),
    Item(
        "quebec-2", QUEBEC, 2, _("A respectful and fair process"),
        _("Everybody keeps the same rules; what is withdrawn is withdrawn with a reason."),
    ),
    Item(
        "quebec-3", QUEBEC, 3, _("Varied and fitting ways to take part"),
        _("There are several ways to take part, one of them at least without Internet."),
    ),
    Item(
        "quebec-4", QUEBEC, 4, _("Essential information first"),
        _("The useful documents are public before the consultation opens."),
    ),
    Item(
        "quebec-5", QUEBEC, 5, _("Promotion early and wide"),
        _("It is announced early, by the media that reach the people concerned."),
    ),
    Item(
        "quebec-6", QUEBEC, 6, _("Feedback to those who took part"),
        _("The results, and what was done with them, are told on the promised date."),
    ),
    Item(
        "quebec-7", QUEBEC, 7, _("Everybody evaluates the process"),
        _("Those who organise and those who take part say what worked, in public."),
    ),
)  # fmt: skip
BY_KEY = {item.key: item for item in ITEMS}


@dataclass(frozen=True)
class Filled:
    """What the program sees by itself: a state, why, and where to check it (address, words)."""

    state: str
    why: str
    evidence: Sequence[tuple[str, str]] = ()
    reconstructed: bool = False
    """Whether it rests on data rebuilt for the demonstration: the page marks it."""

    @property
    def words(self) -> str:
        """The state in words."""
        return str(Check.State(self.state).label)


@dataclass(frozen=True)
class Row:
    """One line of the checklist of a plan: what the program sees, what people answer."""

    item: Item
    filled: Filled | None
    check: Check | None

    @property
    def state(self) -> str:
        """What people answer, else what the program sees; empty when nobody answered."""
        if self.check is not None:
            return self.check.state
        return self.filled.state if self.filled else ""

    @property
    def words(self) -> str:
        """The state in words."""
        return str(Check.State(self.state).label) if self.state else str(_("Not answered"))

    @property
    def knot(self) -> str:
        """The `data-state` of the style sheet."""
        names = {"met": "done", "partly": "current", "not_yet": "late", "not_applicable": "dropped"}
        return names.get(self.state, "promised")

    @property
    def differs(self) -> bool:
        """Whether people answer something else than what the program sees."""
        return bool(self.check and self.filled and self.check.state != self.filled.state)


def rows(plan: Node, filled: dict[str, Filled]) -> list[Row]:
    """Return the checklist of a plan, in order, in one query."""
    checks = {row.key: row for row in Check.objects.filter(plan=plan)}
    return [Row(item, filled.get(item.key), checks.get(item.key)) for item in ITEMS]


@transaction.atomic
def answer(
    *,
    actor: Actor,
    plan: Node,
    item: str,
    state: str,
    comment: Text | None = None,
    evidence: Sequence[str] = (),
    key: IdempotencyKey | None = None,
) -> Check | None:
    """Say where a public plan stands on a standard, with evidence, and return the answer.

    An empty state takes the answer back: the page shows what the program sees. Raises Forbidden,
    NotFound (not a public plan; no such standard), Invalid.
    """
    if earlier := replayed(key):
        return Check.objects.filter(pk=earlier.data.get("check")).first()
    # The plan's own row knows its organisation: this domain imports no other.
    access.require(actor, "check_cocreation", getattr(plan, "plan", plan))
    if plan.kind != "plan" or plan.state != State.PUBLIC or item not in BY_KEY:
        raise NotFound
    facts: dict[str, Any] = {"standard": item, "state": state or None}
    if not state:
        Check.objects.filter(plan=plan, key=item).delete()
        emit("cocreation.checked", node=plan, actor=actor, data=facts, key=key)
        return None
    row = Check.objects.filter(plan=plan, key=item).first() or Check(plan=plan, key=item)
    row.state, row.comment, row.evidence = state, dict(comment or {}), list(evidence)
    row.by_id, row.at = actor.person_id, timezone.now()
    check_row(row, ["plan", "by"])
    _refuse_bare(row)
    row.save()
    facts["check"] = row.pk
    emit("cocreation.checked", node=plan, actor=actor, data=facts, key=key)
    return row


def _refuse_bare(row: Check) -> None:
    """An answer is shown by something: an address, or words. Raises Invalid."""
    refuse_holes({"comment": row.comment})
    if row.state in {Check.State.NOT_APPLICABLE, Check.State.NOT_YET}:
        if not row.comment.get(DEFAULT):
            raise Invalid({"comment": [_("Say why: it is public.")]})
    elif not row.evidence and not row.comment.get(DEFAULT):
        words = _("Give an address that shows it, or say what shows it.")
        raise Invalid({"evidence": [words]})
