"""What the worker computes of a survey, so that no page does."""

from django.db import models

from parvis.consult.models import Activity


class Results(models.Model):
    """The charts of a survey as pages show them, by language, and when they were drawn.

    `stale`: an answer was received, changed or set aside since; the worker draws them again.
    """

    activity = models.OneToOneField(
        Activity, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    total = models.PositiveIntegerField(default=0)
    charts = models.JSONField(default=dict)
    drawn_at = models.DateTimeField(null=True)
    stale = models.BooleanField(default=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["activity"], condition=models.Q(stale=True), name="survey_results_stale"
            )
        ]

    def __str__(self) -> str:
        return str(self.activity_id)
