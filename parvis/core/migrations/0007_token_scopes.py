"""What a token opens; names as long as CKAN's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0006_site_approval")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="scopes",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AlterField(
            model_name="node",
            name="slug",
            field=models.SlugField(db_index=False, max_length=100),
        ),
    ]
