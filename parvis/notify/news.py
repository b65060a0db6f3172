"""Which events are news, and in what words: one table for messages, feeds and pages."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class News:
    """How an event is told. `everybody`: told to who follows the whole site, too."""

    label: Any
    everybody: bool = True


NEWS: dict[str, News] = {
    "consultation.published": News(_("A consultation was announced")),
    "consultation.opened": News(_("A consultation is open")),
    "consultation.extended": News(_("There is more time to take part")),
    "consultation.closed": News(_("A consultation phase is over")),
    "theme.published": News(_("What was said: a theme was published")),
    "response.published": News(_("A theme received its answer")),
    "proposal.answered": News(_("A proposal received its answer"), everybody=False),
    "plan.published": News(_("A plan was published")),
    "commitment.created": News(_("A commitment was made")),
    "commitment.progressed": News(_("A commitment has news"), everybody=False),
    "commitment.evaluated": News(_("A commitment was evaluated")),
    "evaluation.published": News(_("An independent evaluation was published")),
    "committee.published": News(_("A committee was created")),
    "meeting.called": News(_("A committee meets"), everybody=False),
    "meeting.held": News(_("A meeting was recorded"), everybody=False),
    "meeting.cancelled": News(_("A meeting was cancelled"), everybody=False),
    "advice.given": News(_("A committee gave an advice")),
    "advice.answered": News(_("An advice received its reply")),
    "group.accredited": News(_("A group was accredited"), everybody=False),
    "drafting.opened": News(_("A text is written together"), everybody=False),
    "passage.adopted": News(_("A change to a common text was adopted"), everybody=False),
    "drafting.became": News(_("A common text goes into a plan")),
    "milestone.changed": News(_("A milestone changed"), everybody=False),
    "strategy.published": News(_("A strategy was published")),
    "indicator.measured": News(_("The values of an indicator changed"), everybody=False),
    "dataset.published": News(_("Data was published")),
    "document.published": News(_("A document was published")),
    "data_request.published": News(_("A request for data is public"), everybody=False),
    "data_request.answered": News(_("A request for data was answered"), everybody=False),
    "data_request.tied": News(_("A request for data led to something"), everybody=False),
    "discussion.opened": News(_("Somebody asks about data"), everybody=False),
    "discussion.replied": News(_("A discussion of data has a reply"), everybody=False),
    "discussion.answered": News(_("The organisation answered about data"), everybody=False),
    "discussion.closed": News(_("A discussion of data is closed"), everybody=False),
    "discussion.reopened": News(_("A discussion of data is open again"), everybody=False),
}

# A contributor is told of what happens to the consultation itself, not of each of its themes.
CONSULTATION = frozenset(
    {"consultation.extended", "consultation.closed", "dataset.published", "document.published"}
)
