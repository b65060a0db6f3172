"""Writing the groups of equivalent words: what was there before stays in the event."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from parvis.analysis.text import bare_words
from parvis.core import access, search_words
from parvis.core.access import Actor
from parvis.core.errors import Forbidden, Invalid
from parvis.core.events import emit
from parvis.core.i18n import LANGUAGES
from parvis.core.synonyms.models import SynonymGroup

GROUPS_MAX = 500
WORDS_MAX = 10
WORD_CHARACTERS_MAX = 60
EXPRESSION_WORDS_MAX = 4
Groups = list[list[str]]


def read(text: str) -> Groups:
    """Return the groups written one a line, words between commas.

    Raises ValueError, whose words say which line and why.
    """
    groups: Groups = []
    for number, line in enumerate(text.splitlines(), 1):
        words = list(dict.fromkeys(" ".join(word.split()) for word in line.split(",")))
        words = [word for word in words if word]
        if not words:
            continue
        if len(words) < 2:
            raise ValueError(_("Line %(n)d: two words at least, with a comma.") % {"n": number})
        if len(words) > WORDS_MAX:
            raise ValueError(
                _("Line %(n)d: %(max)d words at most.") % {"n": number, "max": WORDS_MAX}
            )
        for word in words:
            size = len(bare_words(word))
            if not size or size > EXPRESSION_WORDS_MAX or len(word) > WORD_CHARACTERS_MAX:
                raise ValueError(
                    _("Line %(n)d: “%(word)s” is not one to four words.")
                    % {"n": number, "word": word[:WORD_CHARACTERS_MAX]}
                )
        groups.append(words)
    if len(groups) > GROUPS_MAX:
        raise ValueError(_("%(max)d lines at most.") % {"max": GROUPS_MAX})
    return groups


def written() -> dict[str, Groups]:
    """Return the groups that stand, by language."""
    found: dict[str, Groups] = {code: [] for code in LANGUAGES}
    for language, words in SynonymGroup.objects.order_by("language", "place").values_list(
        "language", "words"
    ):
        found.setdefault(language, []).append(words)
    return found


def require(actor: Actor) -> None:
    """Return when `actor` may write the groups: they are the whole site's, a role on one
    organisation is not enough. Raises SignInNeeded, Forbidden."""
    access.require(actor, "manage_pages")
    if not actor.roles & {access.COORDINATOR, access.OPERATOR}:
        raise Forbidden


@transaction.atomic
def save(*, actor: Actor, texts: Mapping[str, str]) -> bool:
    """Put these groups (language -> lines) in the place of those that stand; True if any changed.

    The event holds what stood before and what stands now, by language. Raises Invalid, Forbidden.
    """
    require(actor)
    wanted: dict[str, Groups] = {}
    errors: dict[str, Sequence[str]] = {}
    for language in LANGUAGES:
        try:
            wanted[language] = read(texts.get(language, ""))
        except ValueError as error:
            errors[language] = [str(error)]
    if errors:
        raise Invalid(errors)
    before = written()
    changed = {code: groups for code, groups in wanted.items() if groups != before[code]}
    if not changed:
        return False
    SynonymGroup.objects.filter(language__in=list(changed)).delete()
    SynonymGroup.objects.bulk_create(
        SynonymGroup(language=code, place=place, words=words)
        for code, groups in changed.items()
        for place, words in enumerate(groups)
    )
    search_words.known_rows.forget()
    emit(
        "synonyms.changed",
        node=None,
        actor=actor,
        data={"before": {code: before[code] for code in changed}, "after": changed},
    )
    return True
