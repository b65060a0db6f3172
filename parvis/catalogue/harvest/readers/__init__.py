"""One reader for each kind of catalogue: `read(asked) -> Page`, from a cursor to the next."""

from collections.abc import Callable, Mapping

from parvis.catalogue.harvest.readers import ckan, csv_list, csw, dcat
from parvis.catalogue.harvest.readers.asking import Asked
from parvis.catalogue.harvest.remote import Page

READERS: Mapping[str, Callable[[Asked], Page]] = {
    "ckan": ckan.read,
    "dcat": dcat.read,
    "csw": csw.read,
    "csv": csv_list.read,
}
# These can be asked for what changed since a date.
INCREMENTAL = frozenset({"ckan"})
