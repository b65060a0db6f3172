"""What the program sees by itself of the co-creation of a plan: it joins every domain.

It says only what its own rows show. Where they show nothing it says nothing: people answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Max, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.collaborate import queries as together
from parvis.collaborate.checklist import Filled, Row, rows
from parvis.collaborate.models import Check, Meeting
from parvis.collaborate.rhythm import LATE, ON_TIME, add_months
from parvis.consult.models import Channel, Consultation, Contribution
from parvis.core import kinds
from parvis.core.i18n import tr
from parvis.core.models import Link, Node, State
from parvis.core.templatetags.parvis import day, number
from parvis.plan.models import Commitment, Evaluation, Plan, ProgressUpdate

REPOSITORY_MONTHS = 6
"""Ours: OGP's own period for a repository was not read."""
S = Check.State


@dataclass(frozen=True)
class Behind:
    """The consultations behind a plan: its commitments ← responses ← themes ← consultations."""

    commitments: int
    asked: int
    consultations: Sequence[Node]
    themes: int
    answered: int
    reconstructed: bool


def behind(plan: Plan) -> Behind:
    """Return what led to a plan, in seven queries; what is not public is not counted."""
    ids = list(
        Commitment.objects.filter(plan=plan, node__state=State.PUBLIC).values_list("pk", flat=True)
    )
    leads = Link.objects.filter(
        relation="leads_to", target__in=ids, source__state=State.PUBLIC
    ).values_list("source_id", "target_id")
    pairs = list(leads)
    responses = {source for source, _target in pairs}
    spaces = set(
        Link.objects.filter(
            relation="answered_by", target__in=responses, source__state=State.PUBLIC
        ).values_list("source__space_id", flat=True)
    )
    consultations = list(
        Node.objects.filter(
            pk__in=[pk for pk in spaces if pk], kind="consultation", state=State.PUBLIC
        ).order_by("pk")
    )
    themes = list(
        Node.objects.filter(kind="theme", space__in=consultations, state=State.PUBLIC).values_list(
            "pk", flat=True
        )
    )
    answered = (
        Link.objects.filter(
            relation="answered_by", source__in=themes, target__state=State.PUBLIC
        )
        .values("source").distinct().count()
    )  # fmt: skip
    asked = len({target for _source, target in pairs})
    rebuilt = Consultation.objects.filter(
        pk__in=[node.pk for node in consultations], reconstructed=True
    ).exists()
    return Behind(len(ids), asked, consultations, len(themes), answered, rebuilt)


def checklist(plan: Plan, *, today: date | None = None) -> list[Row]:
    """Return the checklist of a plan: what people answer beside what the program sees."""
    return rows(plan.node, filled(plan, today=today or timezone.localdate()))


def filled(plan: Plan, *, today: date) -> dict[str, Filled]:
    """Return standard -> what the program sees; a standard it knows nothing of is left out."""
    found = behind(plan)
    standings = together.standings(
        together.public_committees().filter(organisation=plan.organisation_id), today=today
    )
    answers = {
        "ogp-1": _meets(standings),
        "ogp-2": _repository(plan, today),
        "ogp-3": _participation(found),
        "ogp-4": _responses(found),
        "ogp-5": _dialogue(plan, standings, today),
        "quebec-1": _influence(found),
        "quebec-2": _rules(found),
        "quebec-3": _ways(found),
        "quebec-4": _information(found),
        "quebec-6": _responses(found),
        "quebec-7": _evaluated(plan),
    }
    rebuilt = dict.fromkeys(
        ("ogp-3", "ogp-4", *(f"quebec-{n}" for n in (1, 2, 3, 4, 6))), found.reconstructed
    )
    invented = any(row.committee.reconstructed for row in standings)
    rebuilt |= {"ogp-1": invented, "ogp-5": invented}
    return {
        key: replace(answer, reconstructed=rebuilt.get(key, False))
        for key, answer in answers.items()
        if answer is not None
    }


def _named(nodes: Sequence[Node]) -> list[tuple[str, str]]:
    return [(kinds.url(node) or "", tr(node.title)) for node in nodes]


def _meets(standings: Sequence[together.Standing]) -> Filled | None:
    rows = [row for row in standings if row.rhythm.state in {ON_TIME, LATE}]
    if not rows:
        return None
    best = min(rows, key=lambda row: (row.rhythm.days, len(row.rhythm.gaps)))
    links = _named([row.committee.node for row in rows])
    pace = best.rhythm
    if pace.last is None:
        return Filled(S.NOT_YET, _("The committee has no meeting recorded as held."), links)
    if pace.is_late:
        words = _("The last meeting was on %(last)s; one was due by %(due)s.")
        return Filled(S.NOT_YET, words % {"last": day(pace.last), "due": day(pace.due)}, links)
    words = _("The last meeting was on %(last)s; the next is due by %(due)s.") % {
        "last": day(pace.last), "due": day(pace.due),
    }  # fmt: skip
    if pace.gaps or not best.committee.rules:
        why = (
            _("Some meetings were more than six months apart.")
            if pace.gaps
            else _("Its rules of procedure are not published.")
        )
        return Filled(S.PARTLY, f"{words} {why}", links)
    rules = _("Its rules are public.")
    return Filled(S.MET, f"{words} {rules}", links)


def _repository(plan: Plan, today: date) -> Filled | None:
    shown = {"commitment__plan": plan, "node__state": State.PUBLIC}
    last = ProgressUpdate.objects.filter(**shown).aggregate(at=Max("reported_on"))["at"]
    link = [(kinds.url(plan.node) or "", tr(plan.node.title))]
    if plan.closed:
        return None
    if last is None:
        return Filled(S.NOT_YET, _("No progress report of this plan has a date."), link)
    words = _("The last progress report is of %(date)s.") % {"date": day(last)}
    if add_months(last, REPOSITORY_MONTHS) < today:
        late = _("That is more than six months ago; the period of six months is ours.")
        return Filled(S.PARTLY, f"{words} {late}", link)
    soon = _("That is less than six months ago.")
    return Filled(S.MET, f"{words} {soon}", link)


def _participation(found: Behind) -> Filled | None:
    if not found.asked:
        return None
    words = ngettext(
        "%(n)s commitment of %(total)s answers what was said in a consultation.",
        "%(n)s commitments of %(total)s answer what was said in a consultation.",
        found.asked,
    ) % {"n": number(found.asked), "total": number(found.commitments)}
    more = _("The program does not know whether everybody concerned could take part.")
    return Filled(S.PARTLY, f"{words} {more}", _named(found.consultations))


def _responses(found: Behind) -> Filled | None:
    if not found.themes:
        return None
    words = ngettext(
        "%(n)s theme of %(total)s has its published response, with its reason.",
        "%(n)s themes of %(total)s have their published response, with its reason.",
        found.answered,
    ) % {"n": number(found.answered), "total": number(found.themes)}
    state = S.MET if found.answered == found.themes else S.PARTLY if found.answered else S.NOT_YET
    links = [(reverse("results", args=[node.slug]), tr(node.title)) for node in found.consultations]
    return Filled(state, words, links)


def _dialogue(plan: Plan, standings: Sequence[together.Standing], today: date) -> Filled | None:
    end = min(today, plan.closed_on or plan.ends or today)
    if not standings or plan.starts is None or plan.starts > today:
        return None
    ids = [row.committee.pk for row in standings]
    held = Meeting.objects.filter(
        committee__in=ids, status=Meeting.Status.HELD, node__state=State.PUBLIC,
        on__gte=plan.starts, on__lte=end,
    ).count()  # fmt: skip
    advice = sum(1 for row in standings for _one in row.replies)
    if not held:
        active = any(row.rhythm.state in {ON_TIME, LATE} for row in standings)
        words = _("No meeting of its committee is recorded since the plan began.")
        return Filled(S.NOT_YET, words) if active and not plan.closed else None
    words = ngettext(
        "%(n)s meeting held since the plan began;", "%(n)s meetings held since the plan began;",
        held,
    ) % {"n": number(held)}  # fmt: skip
    given = ngettext("%(n)s advice given.", "%(n)s pieces of advice given.", advice)
    more = _("The program does not know what came of it.")
    links = _named([row.committee.node for row in standings])
    return Filled(S.PARTLY, f"{words} {given % {'n': number(advice)}} {more}", links)


def _influence(found: Behind) -> Filled | None:
    if not found.consultations:
        return None
    words = _(
        "Each consultation behind it says, before it opens, what is decided, who decides, when, "
        "and what is not on the table: it cannot open otherwise."
    )
    return Filled(S.MET, words, _named(found.consultations))


def _rules(found: Behind) -> Filled | None:
    if not found.consultations:
        return None
    words = _(
        "The charter is public, and so is each withdrawal with its rule and motive, which its "
        "author may contest. The program does not judge how people behaved."
    )
    return Filled(S.PARTLY, words, [(reverse("moderation"), _("Moderation, in figures"))])


def _ways(found: Behind) -> Filled | None:
    if not found.consultations:
        return None
    used = list(
        Contribution.objects.filter(
            activity__consultation__in=[node.pk for node in found.consultations]
        ).order_by().values_list("channel", flat=True).distinct()
    )  # fmt: skip
    if not used:
        return None
    names = ", ".join(sorted(str(Channel(name).label).lower() for name in used))
    words = _("Contributions came in these ways: %(names)s.") % {"names": names}
    offline = set(used) & {"paper", "phone", "meeting"}
    state = S.MET if offline and len(used) > 1 else S.PARTLY
    return Filled(state, words, _named(found.consultations))


def _information(found: Behind) -> Filled | None:
    if not found.consultations:
        return None
    opens = dict(
        Consultation.objects.filter(pk__in=[node.pk for node in found.consultations])
        .annotate(opens=Min("phases__starts")).values_list("pk", "opens")
    )  # fmt: skip
    links = Link.objects.filter(
        relation="informs", target__in=found.consultations, source__state=State.PUBLIC
    ).select_related("source")
    early: dict[UUID, list[Any]] = {}
    for link in links:
        opening, at = opens.get(link.target_id), link.source.published_at
        if opening and at and at <= opening:
            early.setdefault(link.target_id, []).append(link.source)
    if not early:
        return None
    n = sum(len(nodes) for nodes in early.values())
    words = ngettext(
        "%(n)s document was public before the opening.",
        "%(n)s documents were public before the opening.",
        n,
    ) % {"n": number(n)}
    state = S.MET if len(early) == len(found.consultations) else S.PARTLY
    return Filled(state, words, _named([node for nodes in early.values() for node in nodes[:3]]))


def _evaluated(plan: Plan) -> Filled | None:
    shown = {"node__state": State.PUBLIC}
    of_plan = set(plan.evaluations.filter(**shown).values_list("by", flat=True))
    inside = Evaluation.objects.filter(commitment__plan=plan, **shown)
    by = of_plan | set(inside.values_list("by", flat=True))
    link = [(f"{kinds.url(plan.node)}#evaluation", tr(plan.node.title))]
    government = Evaluation.By.GOVERNMENT in by
    apart = bool(by & {Evaluation.By.COMMITTEE, Evaluation.By.GROUP})
    if government and apart:
        words = _("The government, and a committee or an accredited group, published theirs.")
        return Filled(S.MET, words, link)
    if apart:
        words = _("A committee or an accredited group published its own; the government did not.")
        return Filled(S.PARTLY, words, link)
    if government:
        words = _("The government published its own; nobody else did.")
        return Filled(S.PARTLY, words, link)
    if Evaluation.By.RECORDED in by:
        words = _("Evaluations read in sources are recorded; nobody published one here.")
        return Filled(S.PARTLY, words, link)
    return Filled(S.NOT_YET, _("No evaluation of this plan is public."), link)
