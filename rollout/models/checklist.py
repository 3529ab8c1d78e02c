from __future__ import annotations

from django.db import models
from django.utils.translation import gettext

from rollout.core import clock
from rollout.models.plan import StageName, StageRun


class ChecklistItem(models.Model):
    """One line of the guide, ticked by a person or a check."""

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
    # The check that ticks it; empty: a person does.
    check_name = models.CharField(max_length=60, blank=True, default="")
    # The days of the stage between which it is due.
    from_day = models.PositiveSmallIntegerField(default=0)
    to_day = models.PositiveSmallIntegerField(null=True, blank=True)
    # Done after this number of ticks; null: no limit.
    times = models.PositiveSmallIntegerField(null=True, blank=True)
    is_required = models.BooleanField(default=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return gettext(self.text)


class ChecklistTick(models.Model):
    """A tick of a line, with the person and the evidence. Append-only."""

    item = models.ForeignKey(
        ChecklistItem, on_delete=models.PROTECT, related_name="ticks"
    )
    run = models.ForeignKey(StageRun, on_delete=models.PROTECT, related_name="ticks")
    # The period it was due for; the start of the stage run for `once`.
    due_for = models.DateTimeField()
    by = models.CharField(max_length=150)
    evidence = models.CharField(max_length=500)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # One tick for each period.
            models.UniqueConstraint(
                fields=["item", "run", "due_for"], name="checklist_ticked_once"
            )
        ]

    def __str__(self) -> str:
        return f"tick {self.pk}"


class ChecklistReminder(models.Model):
    """A reminder of an overdue line: one until it is ticked."""

    item = models.ForeignKey(
        ChecklistItem, on_delete=models.PROTECT, related_name="reminders"
    )
    run = models.ForeignKey(
        StageRun, on_delete=models.PROTECT, related_name="reminders"
    )
    # The first period that was missed.
    due_for = models.DateTimeField()
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            # One reminder for each period.
            models.UniqueConstraint(
                fields=["item", "run", "due_for"], name="checklist_reminded_once"
            )
        ]

    def __str__(self) -> str:
        return f"reminder {self.pk}"
