"""Whether a second person approves what the public will see."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0005_member_role")]

    operations = [
        migrations.AddField(
            model_name="site",
            name="approval",
            field=models.CharField(
                choices=[
                    ("none", "One person opens a consultation alone"),
                    ("second_person", "A second person approves each version first"),
                ],
                default="none",
                max_length=13,
            ),
        ),
    ]
