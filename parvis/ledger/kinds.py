"""Which events become leaves, as what, and which public facts they carry.

A verb that is not in this table is a defect: `write_leaf` refuses it, and a test reads the code
for every verb that is emitted.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from parvis.merkle import canon

Facts = Callable[[Mapping[str, Any]], dict[str, Any]]


def _only(*names: str) -> Facts:
    return lambda data: {name: data[name] for name in names if data.get(name) is not None}


def _rules(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"rules_sha256": hashlib.sha256(canon.encode(data["rules"])).hexdigest()}


# verb -> (kind of leaf, public facts of it); None: an event that is no leaf.
LEAF_OF: dict[str, tuple[str, Facts] | None] = {
    "log.opened": ("log.opened", _only("origin", "lost")),
    "log.resumed": ("log.resumed", _only("origin", "lost", "replayed", "rejected")),
    "log.reapplied": None,
    "openings.published": ("document.published", _only("sha256", "size")),
    # consult
    "consultation.drafted": None,
    "consultation.changed": None,
    "consultation.dated": None,
    "consultation.informed": None,
    "consultation.document_detached": None,
    "activity.added": None,
    "activity.changed": None,
    "activity.removed": None,
    "consultation.published": ("consultation.published", _rules),
    "consultation.extended": ("consultation.phase", _only("from", "to")),
    "consultation.opened": ("consultation.phase", _only("from", "to")),
    "consultation.closed": ("consultation.phase", _only("from", "to")),
    "launch.quoted": None,
    "launch.unquoted": None,
    "launch.source_added": None,
    "launch.source_removed": None,
    "answer.accepted": ("answer.accepted", _only("channel")),
    "answer.rejected": ("answer.rejected", _only("reason")),
    "answer.retired": None,
    "contribution.accepted": ("contribution.accepted", _only("channel")),
    "contribution.edited": ("contribution.edited", _only()),
    "contribution.withdrawn": ("contribution.withdrawn", _only()),
    "contribution.moderated": ("contribution.moderated", _only("reason")),
    "contribution.restored": ("contribution.restored", _only()),
    "contribution.erased": ("contribution.erased", _only("parts")),
    "support.accepted": ("support.accepted", _only()),
    "support.withdrawn": ("support.withdrawn", _only()),
    "count.published": (
        "count.published",
        _only("received", "visible", "withdrawn", "moderated", "supports", "answers", "kept",
              "rejected", "rejected_by"),
    ),
    "retention.executed": ("retention.executed", _only("answers", "keys")),
    # understand and plan
    "theme.created": None,
    "theme.changed": None,
    "theme.published": None,
    "theme.removed": None,
    "theme.coded": None,
    "response.drafted": None,
    "response.published": ("response.published", _only("sha256", "verdict")),
    "plan.created": None,
    "plan.changed": None,
    "plan.published": None,
    "commitment.drafted": None,
    "commitment.changed": None,
    "commitment.evidence_attached": None,
    "commitment.evidence_detached": None,
    "commitment.created": ("commitment.created", _only("number", "title")),
    "commitment.progressed": ("commitment.progress", _only("completion", "reported_on")),
    "commitment.evaluated": None,
    "milestone.changed": None,
    # strategy
    "pillar.defined": None,
    "strategy.created": None,
    "strategy.changed": None,
    "strategy.published": None,
    "orientation.added": None,
    "orientation.changed": None,
    "orientation.published": None,
    "ambition.added": None,
    "ambition.changed": None,
    "ambition.published": None,
    "indicator.added": None,
    "indicator.changed": None,
    "indicator.published": None,
    "indicator.measured": None,
    "frame.tied": None,
    "frame.untied": None,
    # collaborate
    "committee.created": None,
    "committee.changed": None,
    "committee.published": None,
    "member.named": None,
    "member.changed": None,
    "meeting.called": None,
    "meeting.changed": None,
    "meeting.held": None,
    "meeting.cancelled": None,
    "meeting.documented": None,
    "meeting.undocumented": None,
    "advice.given": None,
    "advice.answered": None,
    "group.accredited": None,
    "group.ended": None,
    "drafting.opened": None,
    "drafting.changed": None,
    "drafting.closed": None,
    "drafting.became": None,
    "change.proposed": None,
    "change.adopted": None,
    "change.refused": None,
    "cocreation.checked": None,
    # catalogue
    "dataset.drafted": None,
    "dataset.changed": None,
    "dataset.published": ("dataset.published", _only("sha256", "rows", "withheld")),
    "document.drafted": None,
    "document.changed": None,
    "document.published": ("document.published", _only("sha256")),
    # moderation, people, notices
    "report.made": None,
    "report.closed": None,
    "moderation.proposed": None,
    "appeal.made": None,
    "appeal.answered": None,
    "proposal.answered": None,
    "token.issued": None,
    "token.revoked": None,
    "person.role_given": None,
    "person.role_taken": None,
    "site.changed": None,
    "organisation.created": None,
    "subscription.confirmed": None,
    "subscription.ended": None,
    "participants.told": None,
}  # fmt: skip
