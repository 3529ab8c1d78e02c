from __future__ import annotations

from datetime import timedelta

from django.db import models

from rollout import clock

# Seven days: what was waived last week is looked at again.
WAIVER_AT_MOST = timedelta(days=7)
OVERRIDE_AT_MOST = timedelta(hours=24)


class StageName(models.TextChoices):
    """The guide's four phases, in their order."""

    INFRASTRUCTURE = "infrastructure", "infrastructure"
    SMOKE = "smoke", "smoke"
    BETA = "beta", "beta"
    PRODUCTION = "production", "production"


class StageRun(models.Model):
    """One stay in a stage; entering it again is another stay, with clean evidence."""

    stage = models.CharField(max_length=14, choices=StageName)
    entered_at = models.DateTimeField(default=clock.now, editable=False)
    exited_at = models.DateTimeField(null=True, editable=False)
    entered_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # We are in one stage at a time.
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(exited_at__isnull=True),
                name="stage_run_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(exited_at__isnull=True)
                | models.Q(exited_at__gte=models.F("entered_at")),
                name="stage_run_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} since {self.entered_at:%Y-%m-%d %H:%M}"


class Plan(models.Model):
    """One row: where the rollout stands, and why."""

    class State(models.TextChoices):
        ACTIVE = "active", "active"
        # Traffic as it is, no promotion.
        HELD = "held", "held"
        ROLLED_BACK = "rolled_back", "rolled back"
        # On again after a rollback, watched more closely.
        RECOVERY = "recovery", "recovery"
        # Only a person with an override moves it.
        FROZEN = "frozen", "frozen"

    id = models.SmallIntegerField(primary_key=True, default=1)
    run = models.ForeignKey(StageRun, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=11, choices=State, default=State.ACTIVE)
    # One sentence, with the figures that caused it.
    state_reason = models.CharField(max_length=500)
    state_since = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            # There is one plan.
            models.CheckConstraint(condition=models.Q(id=1), name="plan_is_one_row")
        ]

    def __str__(self) -> str:
        return f"{self.run.stage}, {self.get_state_display()}"


class PlanChange(models.Model):
    """One move of the plan: who, why, from what to what. Append-only."""

    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    actor = models.CharField(max_length=150)
    source = models.CharField(max_length=20)
    reason = models.CharField(max_length=500)
    override = models.BooleanField(default=False)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"change {self.pk} of the plan"


class GateResult(models.Model):
    """What a gate said when somebody wanted to pass it. Append-only."""

    class Verdict(models.TextChoices):
        PASS = "pass", "met"
        FAIL = "fail", "not met"
        PENDING = "pending", "not yet"
        WAIVED = "waived", "waived"
        NO_DATA = "no_data", "no data"

    run = models.ForeignKey(StageRun, on_delete=models.PROTECT, related_name="gates")
    gate = models.CharField(max_length=40)
    verdict = models.CharField(max_length=8, choices=Verdict)
    value = models.CharField(max_length=200, blank=True)
    need = models.CharField(max_length=200, blank=True)
    forecast = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.gate}: {self.verdict}"


class Waiver(models.Model):
    """A gate that two people let pass, for a while and for a reason."""

    run = models.ForeignKey(StageRun, on_delete=models.PROTECT, related_name="waivers")
    gate = models.CharField(max_length=40)
    reason = models.CharField(max_length=500)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField(default=clock.now, editable=False)
    approved_by = models.CharField(max_length=150, blank=True, default="")
    approved_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(approved_by=models.F("asked_by")),
                name="waiver_needs_a_second_person",
            ),
            models.CheckConstraint(
                condition=models.Q(approved_by="", approved_at__isnull=True)
                | (~models.Q(approved_by="") & models.Q(approved_at__isnull=False)),
                name="waiver_approval_says_when",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("asked_at"))
                & models.Q(expires_at__lte=models.F("asked_at") + WAIVER_AT_MOST),
                name="waiver_expires_soon",
            ),
        ]

    def __str__(self) -> str:
        return f"waiver of {self.gate}"


class Override(models.Model):
    """The evaluator may not roll back for a while; never for data or money."""

    reason = models.CharField(max_length=500)
    by = models.CharField(max_length=150)
    at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("at"))
                & models.Q(expires_at__lte=models.F("at") + OVERRIDE_AT_MOST),
                name="override_expires_within_a_day",
            )
        ]

    def __str__(self) -> str:
        return f"override {self.pk}"
