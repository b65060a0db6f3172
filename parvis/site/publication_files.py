"""The files of a consultation's dataset: their names and words, in each language."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import override

from parvis.catalogue import loading, microdata, services
from parvis.catalogue.models import Dataset, Resource
from parvis.core.access import Actor
from parvis.core.i18n import LANGUAGES, Text, tr


def spoken(words: Callable[[], str], characters_max: int = 20_000) -> dict[str, str]:
    """Return a text made in each language."""
    found = {}
    for code in LANGUAGES:
        with override(code):
            # Plain spaces: the page sets the no-break ones.
            found[code] = words().replace("\u00a0", " ")[:characters_max]
    return found


def _file_words(kind: str) -> tuple[str, str]:
    words = {
        "opinion": (
            _("Opinions, answer by answer"),
            _("One row a person, numbered at random, without any characteristic."),
        ),
        "text": (
            _("Free texts"),
            _("One row a text, numbered at random, tied to nothing else."),
        ),
        "characteristic": (
            _("Who answered"),
            _("Counts by characteristic, one at a time; small groups are merged."),
        ),
        "crossed": (
            _("Crossed tables"),
            _("Counts by two columns; hidden cells are empty and marked."),
        ),
        "codebook": (_("Codebook"), _("What each column and each value means.")),
    }
    return words[kind]


def add_file(
    actor: Actor,
    dataset: Dataset,
    kind: str,
    slug: str,
    title: Text,
    found: microdata.Table,
) -> Resource:
    """Add a table to a drafted dataset; `title` is that of its activity where there are several."""

    def name() -> str:
        words = _file_words(kind)[0]
        return f"{words} ({tr(title)})" if title else words

    resource = services.add_resource(
        actor=actor,
        dataset=dataset,
        name=spoken(name, 200),
        description=spoken(lambda: _file_words(kind)[1]),
        kind=Resource.What.SUPPORT if kind == "codebook" else Resource.What.DATA,
        slug=slug,
    )
    loading.put_table(
        actor=actor, resource=resource, data=found.data, schema=found.schema, values=found.values
    )
    return resource
