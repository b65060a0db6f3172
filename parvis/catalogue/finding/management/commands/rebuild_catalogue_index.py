"""Makes the catalogue's index again, from datasets and documents. Other writers wait for it."""

from typing import Any

from django.core.management.base import BaseCommand

from parvis.catalogue.finding import index


class Command(BaseCommand):
    """`manage.py rebuild_catalogue_index`."""

    help = "Makes the catalogue's index again; says how many entries it has."

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild."""
        self.stdout.write(str(index.rebuild()))
