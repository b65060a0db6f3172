"""The thread of a consultation and of one contribution: what joins every domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.consult.models import Consultation, Contribution
from parvis.consult.phases import Calendar, days_left
from parvis.consult.queries import Counts
from parvis.core import kinds, thread
from parvis.core.ids import as_id, stored
from parvis.core.kinds import Knot
from parvis.core.models import Link, State
from parvis.core.templatetags.parvis import day, number


def _promise(due: date | None, today: date) -> tuple[str, str]:
    """Return (state, words) of what is not there yet: promised, late, or not planned."""
    if due is None:
        return "dropped", _("no date was given")
    if due < today:
        late = (today - due).days
        words = ngettext("%(n)s day late", "%(n)s days late", late) % {"n": number(late)}
        return "late", words
    return "promised", _("promised on %(date)s") % {"date": day(due)}


@dataclass(frozen=True)
class Reach:
    """What a consultation led to: ids by kind, public only."""

    themes: Sequence[UUID]
    responses: Sequence[UUID]
    commitments: Sequence[UUID]
    datasets: Sequence[UUID]


# One query, written here: by the ORM, writing it took ten times longer than running it.
_REACH = """
WITH themes AS (
  SELECT id FROM core_node WHERE space_id = %s AND kind = 'theme' AND state = 'public'
), responses AS (
  SELECT DISTINCT n.id FROM core_link l JOIN core_node n ON n.id = l.target_id
  WHERE l.source_id IN (SELECT id FROM themes) AND l.relation = 'answered_by'
    AND n.state = 'public'
), commitments AS (
  SELECT DISTINCT n.id FROM core_link l JOIN core_node n ON n.id = l.target_id
  WHERE l.source_id IN (SELECT id FROM responses) AND l.relation = 'leads_to'
    AND n.state = 'public'
), datasets AS (
  SELECT n.id FROM core_link l JOIN core_node n ON n.id = l.target_id
  WHERE l.source_id = %s AND l.relation = 'published_as' AND n.state = 'public'
)
SELECT 'themes', id FROM themes UNION ALL SELECT 'responses', id FROM responses
UNION ALL SELECT 'commitments', id FROM commitments UNION ALL SELECT 'datasets', id FROM datasets
"""


def reach(consultation: Consultation) -> Reach:
    """Return what a consultation led to, in one query, each kind in order of creation."""
    found: dict[str, list[UUID]] = {
        name: [] for name in ("themes", "responses", "commitments", "datasets")
    }
    start = stored(consultation.pk)
    with connection.cursor() as cursor:
        cursor.execute(_REACH, [start, start])
        for name, pk in cursor.fetchall():
            found[name].append(as_id(pk))
    return Reach(**{name: sorted(ids) for name, ids in found.items()})


def _drawn(kind: str, ids: Sequence[UUID]) -> list[Knot]:
    found = kinds.known().get(kind)
    return list(found.knots(ids)) if found and found.knots and ids else []


def consultation_thread(
    consultation: Consultation,
    *,
    counts: Counts,
    calendar: Calendar,
    reached: Reach | None = None,
    today: date | None = None,
) -> list[Knot]:
    """Return the knots of a consultation: contributions, themes, responses, commitments, data."""
    today = today or timezone.localdate(calendar.now)
    reached = reached or reach(consultation)
    results = reverse("results", args=[consultation.node.slug])
    knots = [_received(counts, calendar, results)]
    n = len(reached.themes)
    if n:
        words = (
            _("all are answered")
            if len(reached.responses) >= n
            else ngettext("%(n)s answered", "%(n)s answered", len(reached.responses))
            % {"n": number(len(reached.responses))}
        )
        count = ngettext("%(n)s theme", "%(n)s themes", n) % {"n": number(n)}
        knots.append(Knot(_("Themes"), count, words, "done", f"{results}#themes"))
    else:
        state, words = _promise(consultation.themes_due, today)
        knots.append(Knot(_("Themes"), _("not yet"), words, state))
    if reached.responses:
        count = _("%(n)s of %(total)s") % {
            "n": number(len(reached.responses)),
            "total": number(max(n, len(reached.responses))),
        }
        missing = n - len(reached.responses)
        late, words = ("done", _("reasons published"))
        if missing > 0:
            late, words = _promise(consultation.response_due, today)
        knots.append(Knot(_("Responses"), count, words, late, f"{results}#reponses"))
    else:
        state, words = _promise(consultation.response_due, today)
        knots.append(Knot(_("Responses"), _("not yet"), words, state))
    if reached.commitments:
        knots.extend(_drawn("commitment", reached.commitments))
    else:
        words = _("none follows") if reached.responses else _("after the responses")
        state = "dropped" if reached.responses else "promised"
        knots.append(Knot(_("Commitments"), _("not yet"), words, state))
    if reached.datasets:
        knots.extend(_drawn("dataset", reached.datasets))
    else:
        state, words = _promise(consultation.report_due, today)
        knots.append(Knot(_("Data"), _("not yet"), words, state))
    return knots


def _received(counts: Counts, calendar: Calendar, results: str) -> Knot:
    count = ngettext("%(n)s received", "%(n)s received", counts.received) % {
        "n": number(counts.received)
    }
    if calendar.state == "open":
        left = days_left(calendar.closes(), calendar.now) or 0
        words = (
            ngettext("open %(n)d more day", "open %(n)d more days", left) % {"n": left}
            if left
            else _("last day")
        )
        return Knot(_("Contributions"), count, words, "current", None)
    if calendar.state == "coming":
        opens = calendar.opens()
        return Knot(
            _("Contributions"), _("not yet"), _("from %(date)s") % {"date": day(opens)}, "promised"
        )
    words = ngettext("%(n)s kept", "%(n)s kept", counts.kept) % {"n": number(counts.kept)}
    return Knot(_("Contributions"), count, words, "done", f"{results}#qui")


@dataclass(frozen=True)
class OwnThread:
    """The thread of one contribution, for its author."""

    knots: Sequence[Knot]
    themes: Sequence[Link]
    responses: Sequence[UUID]
    commitments: Sequence[UUID]
    datasets: Sequence[UUID]


def contribution_thread(contribution: Contribution, *, today: date | None = None) -> OwnThread:
    """Return what became of one contribution: its themes, their responses, what follows."""
    today = today or timezone.localdate()
    consultation = contribution.activity.consultation
    themes = [
        row
        for row in thread.linked([contribution.pk], "expresses").get(contribution.pk, [])
        if row.target.state == State.PUBLIC
    ]
    ids = [row.target_id for row in themes]

    def step(sources: Sequence[UUID], relation: str) -> list[UUID]:
        rows = thread.linked(sources, relation) if sources else {}
        found = [link for links in rows.values() for link in links]
        return list(
            dict.fromkeys(link.target_id for link in found if link.target.state == State.PUBLIC)
        )

    responses = step(ids, "answered_by")
    commitments = step(responses, "leads_to")
    datasets = step([consultation.pk], "published_as")
    knots = [_own_knot(contribution)]
    if ids:
        knots.extend(_drawn("theme", ids))
    else:
        state, words = _promise(consultation.themes_due, today)
        knots.append(Knot(_("Themes"), _("not yet"), words, state))
    if responses:
        knots.extend(_drawn("response", responses))
    else:
        state, words = _promise(consultation.response_due, today)
        knots.append(Knot(_("Response"), _("not yet"), words, state))
    if commitments:
        knots.extend(_drawn("commitment", commitments))
    elif responses:
        knots.append(Knot(_("Commitment"), _("none"), _("see the reason"), "dropped"))
    else:
        knots.append(Knot(_("Commitment"), _("not yet"), _("after the response"), "promised"))
    if datasets:
        knots.extend(_drawn("dataset", datasets))
    else:
        state, words = _promise(consultation.report_due, today)
        knots.append(Knot(_("Data"), _("not yet"), words, state))
    return OwnThread(knots, themes, responses, commitments, datasets)


def _own_knot(contribution: Contribution) -> Knot:
    date_words = day(contribution.node.created_at)
    if contribution.node.state == State.WITHDRAWN:
        return Knot(_("Your contribution"), date_words, _("withdrawn by you"), "dropped", "#dit")
    if contribution.node.state == State.HIDDEN:
        return Knot(_("Your contribution"), date_words, _("hidden by moderation"), "late", "#dit")
    if contribution.fate == Contribution.Fate.REJECTED:
        return Knot(
            _("Your contribution"), date_words, contribution.get_fate_reason_display(), "late",
            "#dit",
        )  # fmt: skip
    return Knot(_("Your contribution"), date_words, _("received and kept"), "done", "#dit")
