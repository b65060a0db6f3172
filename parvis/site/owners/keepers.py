"""Who answers for a dataset, and may be written to about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from parvis.catalogue.harvest.models import HarvestItem
from parvis.catalogue.models import Dataset
from parvis.core.i18n import DEFAULT
from parvis.core.models import Person, Role


@dataclass(frozen=True)
class Keeper:
    """An address and its language; `staff`: whether it is of somebody who opens the desk."""

    email: str
    language: str
    staff: bool


class Keepers:
    """The keepers of some datasets, read in three queries whatever their number.

    The data stewards of the organisation; where it has none, those of the whole site; and the
    contact that the dataset itself gives to everybody. The contact of a harvested dataset is left
    out: it is of another portal, and asked us nothing.
    """

    def __init__(self, datasets: Sequence[Dataset]) -> None:
        owners = {row.organisation_id for row in datasets if row.organisation_id}
        roles = Role.objects.filter(role=Role.Name.STEWARD, person__is_active=True).select_related(
            "person"
        )
        self._of: dict[UUID | None, list[Keeper]] = {}
        for role in roles.order_by("pk"):
            if role.scope_id is None or role.scope_id in owners:
                keeper = _staff(role.person)
                if keeper not in self._of.setdefault(role.scope_id, []):
                    self._of[role.scope_id].append(keeper)
        ids = [row.pk for row in datasets if row.maintainer_email]
        items = HarvestItem.objects.filter(dataset__in=ids)
        elsewhere = set(items.values_list("dataset", flat=True)) if ids else set()
        self._contacts = {
            row.pk: row.maintainer_email.lower()
            for row in datasets
            if row.maintainer_email and row.pk not in elsewhere
        }
        known = Person.objects.filter(email__in=set(self._contacts.values()), is_active=True)
        self._languages = dict(known.values_list("email", "language")) if self._contacts else {}

    def of(self, dataset: Dataset) -> list[Keeper]:
        """Return who is told of what happens to a dataset, each address once."""
        found = list(self._of.get(dataset.organisation_id) or self._of.get(None, []))
        contact = self._contacts.get(dataset.pk)
        if contact and contact not in {keeper.email for keeper in found}:
            found.append(Keeper(contact, self._languages.get(contact, DEFAULT), staff=False))
        return found


def _staff(person: Person) -> Keeper:
    return Keeper(person.email, person.language, staff=True)
