"""Proposals: anyone posts an action, others support and comment it, officials answer."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from django.urls import reverse
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from parvis.consult.methods import Method, Shown
from parvis.consult.models import Activity, Contribution
from parvis.core.i18n import LANGUAGES, tr
from parvis.methods.proposals import queries
from parvis.methods.proposals.definition import (
    STANCE_LABELS,
    clean_payload,
    clean_settings,
    holes,
    settings_of,
)
from parvis.methods.proposals.models import Proposal

TOP = 10


def readable(contribution: Contribution) -> list[tuple[str, str]]:
    """Return the copy of a proposal or a comment, (what, words) lines."""
    if contribution.parent_id is None:
        return [
            (gettext("Title of your proposal"), tr(contribution.node.title)),
            (gettext("Your proposal"), contribution.body),
        ]
    stance = STANCE_LABELS.get(contribution.payload.get("stance", ""))
    lines = [(gettext("Your comment"), contribution.body)]
    return [(gettext("Your position"), str(stance)), *lines] if stance else lines


def texts(contribution: Contribution) -> list[tuple[str, str]]:
    """Return the free texts to read and to code."""
    found = [("title", tr(contribution.node.title)), ("body", contribution.body)]
    return [(field, text) for field, text in found if text]


def shown(activity: Activity) -> list[Shown]:
    """Return what people will see of the proposals before the first one."""
    found = settings_of(activity)
    facts = [
        gettext("Characters in a title, at most: %(n)s") % {"n": found.title_characters_max},
        gettext("Characters in a proposal, at most: %(n)s") % {"n": found.proposal_characters_max},
        gettext("Supports by person: %(n)s")
        % {"n": found.supports_max or gettext("as many as one wishes")},
        gettext("Comments without an account")
        if found.anonymous_comments
        else gettext("Comments with an account only"),
    ]
    return [Shown("intro", _("Introduction"), found.intro, facts=facts)]


def contribution_url(contribution: Contribution) -> str:
    """Return the page of a proposal, or the place of a comment on it."""
    slug = contribution.activity.node.slug
    name = "proposal_comment" if contribution.parent_id else "proposal"
    return reverse(name, args=[slug, contribution.pk])


def _field(name: str, type_: pa.DataType, kind: str, label: Any) -> pa.Field:
    words = {}
    for code in LANGUAGES:
        with override(code):
            words[code] = str(label)
    return pa.field(
        name,
        type_,
        metadata={b"kind": kind.encode(), b"label": json.dumps(words, ensure_ascii=False).encode()},
    )


def schema() -> pa.Schema:
    """Return the columns of `table`."""
    return pa.schema(
        [
            _field("title", pa.string(), "text", _("Title")),
            _field("text", pa.string(), "text", _("Text")),
            _field("supports", pa.int32(), "opinion", _("Supports")),
            _field("comments_for", pa.int32(), "opinion", _("Comments for")),
            _field("comments_against", pa.int32(), "opinion", _("Comments against")),
            _field("comments_neutral", pa.int32(), "opinion", _("Neutral comments")),
            _field("status", pa.string(), "opinion", _("Official answer")),
        ]
    )


def table(activity: Activity) -> pa.Table:
    """Return the visible proposals as an Arrow table without personal data, in random order."""
    rows = [
        (tr(title), body, supports, pro, against, comments - pro - against, status or None)
        for title, body, supports, comments, pro, against, status in Proposal.objects.filter(
            activity=activity, visible=True
        ).values_list(
            "node__title",
            "node__contribution__body",
            "supports",
            "comments",
            "comments_for",
            "comments_against",
            "status",
        )
    ]
    secrets.SystemRandom().shuffle(rows)
    columns = schema()
    arrays = [
        pa.array([row[index] for row in rows], type=field.type)
        for index, field in enumerate(columns)
    ]
    return pa.table(arrays, schema=columns)


def results(activity: Activity) -> Mapping[str, Any]:
    """Return what the page of what was said shows: the totals and the most supported."""
    return {
        "activity": activity,
        "totals": queries.totals(activity),
        "top": Proposal.objects.filter(activity=activity, visible=True)
        .select_related("node")
        .defer("words")
        .order_by("-supports", "number")[:TOP],
    }


METHOD = Method(
    kind=queries.KIND,
    label=_("Proposals"),
    actions={
        "propose": _("Post a proposal"),
        "support": _("Support proposals"),
        "comment": _("Comment on proposals"),
    },
    leaf="contribution",
    url=lambda activity: reverse("proposals", args=[activity.node.slug]),
    clean_settings=clean_settings,
    holes=holes,
    clean_payload=clean_payload,
    readable=readable,
    texts=texts,
    table=table,
    shown=shown,
    results_template="proposals/results.html",
    results=results,
    settings_url=lambda activity: reverse("proposals_settings", args=[activity.node.slug]),
    change_url=lambda contribution, code: reverse(
        "proposal_change", args=[contribution.activity.node.slug, contribution.pk, code]
    ),
    contribution_url=contribution_url,
)
