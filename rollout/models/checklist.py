from __future__ import annotations

from django.db import models

from rollout.core import clock
from rollout.models.plan import StageName, StageRun


class ChecklistItem(models.Model):
    """One line of the guide that somebody, or a check, has to tick."""

    class Cadence(models.TextChoices):
        ONCE = "once", "once"
        HOURLY = "hourly", "hourly"
        DAILY = "daily", "daily"
        WEEKLY = "weekly", "weekly"
        MONTHLY = "monthly", "monthly"
        QUARTERLY = "quarterly", "quarterly"

    key = models.SlugField(max_length=60, unique=True)
    stage = models.CharField(max_length=14, choices=StageName)
    section = models.CharField(max_length=80)
    text = models.CharField(max_length=300)
    cadence = models.CharField(max_length=9, choices=Cadence, default=Cadence.ONCE)
    # The pre-flight's or smoke test's line that ticks it; empty: a person does.
    check_name = models.CharField(max_length=60, blank=True, default="")
    # Days since the stage was entered between which it comes due.
    from_day = models.PositiveSmallIntegerField(default=0)
    to_day = models.PositiveSmallIntegerField(null=True, blank=True)
    # So many ticks and it is done for good; null: as long as it comes due.
    times = models.PositiveSmallIntegerField(null=True, blank=True)
    is_required = models.BooleanField(default=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.text


class ChecklistTick(models.Model):
    """That it was done, by whom, and what shows it. Append-only."""

    item = models.ForeignKey(
        ChecklistItem, on_delete=models.PROTECT, related_name="ticks"
    )
    run = models.ForeignKey(StageRun, on_delete=models.PROTECT, related_name="ticks")
    # The hour, day, week or month it was due for; the stay's beginning for once.
    due_for = models.DateTimeField()
    by = models.CharField(max_length=150)
    evidence = models.CharField(max_length=500)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "run", "due_for"], name="checklist_ticked_once"
            )
        ]

    def __str__(self) -> str:
        return f"tick {self.pk}"


class ChecklistReminder(models.Model):
    """That people were told of a line left undone: once until it is done again."""

    item = models.ForeignKey(
        ChecklistItem, on_delete=models.PROTECT, related_name="reminders"
    )
    run = models.ForeignKey(
        StageRun, on_delete=models.PROTECT, related_name="reminders"
    )
    # The first hour, day, week, ... that was left out.
    due_for = models.DateTimeField()
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "run", "due_for"], name="checklist_reminded_once"
            )
        ]

    def __str__(self) -> str:
        return f"reminder {self.pk}"
