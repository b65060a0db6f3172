"""What the facets of the search count: the year, and the organisation of what has one."""

from django.db import migrations, models
from django.utils import timezone


def years(apps, editor):
    rows = apps.get_model("core", "SearchEntry").objects.filter(published_at__isnull=False)
    changed = []
    for row in rows.only("pk", "published_at").iterator(chunk_size=2000):
        row.year = timezone.localtime(row.published_at).year
        changed.append(row)
    rows.model.objects.bulk_update(changed, ["year"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("core", "0007_token_scopes")]

    operations = [
        migrations.AddField("searchentry", "year", models.PositiveSmallIntegerField(null=True)),
        migrations.AddField(
            "searchentry",
            "organisation",
            models.CharField(max_length=32, blank=True, default=""),
        ),
        migrations.RunPython(years, migrations.RunPython.noop),
    ]
