"""What was in the catalogue before its index is marked: found at once, merged by the worker."""

import time

from django.db import migrations


def mark(apps, editor):
    Node, Mark = apps.get_model("core", "Node"), apps.get_model("finding", "Mark")
    ids = Node.objects.filter(kind__in=["dataset", "document"]).exclude(state="erased")
    now = time.time_ns()
    marks = (Mark(node=pk, stamp=now) for pk in ids.values_list("pk", flat=True))
    Mark.objects.bulk_create(marks, batch_size=2000, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("finding", "0001_initial"), ("core", "0001_initial")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
