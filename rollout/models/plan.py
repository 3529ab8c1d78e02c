from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext

from rollout.core import clock
from rollout.models.flag import REASON

# The longest validity of a waiver and of an override.
WAIVER_AT_MOST = timedelta(days=7)
OVERRIDE_AT_MOST = timedelta(hours=24)


class StageName(models.TextChoices):
    """The four phases of the guide, in their order."""

    INFRASTRUCTURE = "infrastructure", "infrastructure"
    SMOKE = "smoke", "smoke"
    BETA = "beta", "beta"
    PRODUCTION = "production", "production"


class StageRun(models.Model):
    """One period in a stage, with its own evidence. Entering it again begins another."""

    stage = models.CharField(max_length=14, choices=StageName)
    entered_at = models.DateTimeField(default=clock.now, editable=False)
    exited_at = models.DateTimeField(null=True, editable=False)
    entered_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # One stage run is open at a time.
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(exited_at__isnull=True),
                name="stage_run_one_open",
            ),
            # A stage run does not end before it began.
            models.CheckConstraint(
                condition=models.Q(exited_at__isnull=True)
                | models.Q(exited_at__gte=models.F("entered_at")),
                name="stage_run_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} since {self.entered_at:%Y-%m-%d %H:%M}"


class Plan(models.Model):
    """One row: the stage and the state of the rollout, with the reason."""

    class State(models.TextChoices):
        ACTIVE = "active", "active"
        # No promotion; traffic is not changed.
        HELD = "held", "held"
        ROLLED_BACK = "rolled_back", "rolled back"
        # In service again after a rollback, under closer watch.
        RECOVERY = "recovery", "recovery"
        # Every feature is off until two people resume.
        FROZEN = "frozen", "frozen"

    id = models.SmallIntegerField(primary_key=True, default=1)
    run = models.ForeignKey(StageRun, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=11, choices=State, default=State.ACTIVE)
    # One sentence, with the figures that caused it.
    state_reason = models.CharField(max_length=500)
    state_since = models.DateTimeField(default=clock.now)
    # The strongest rollback since the plan was last active.
    rollback = models.ForeignKey(
        "rollout.RollbackEvent", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            # There is one plan.
            models.CheckConstraint(condition=models.Q(id=1), name="plan_is_one_row"),
            # A rolled back or frozen plan has its rollback; others have none.
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["rolled_back", "frozen"], rollback__isnull=False
                )
                | (
                    ~models.Q(state__in=["rolled_back", "frozen"])
                    & models.Q(rollback__isnull=True)
                ),
                name="plan_rolled_back_by_a_rollback",
            ),
            # A state has a reason.
            models.CheckConstraint(
                condition=models.Q(state_reason__regex=REASON),
                name="plan_state_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run.stage}, {self.get_state_display()}"


class PlanChange(models.Model):
    """The audit row of a change of the plan. Append-only.

    The database refuses a change without such a row in the same transaction, an advance
    without a person, and an advance of several stages without an override.
    """

    class Kind(models.TextChoices):
        BEGUN = "begun", "begun"
        ADVANCED = "advanced", "advanced"
        SET = "set", "set"
        DEMOTED = "demoted", "taken back a stage"
        HELD = "held", "held"
        RELEASED = "released", "released"
        ROLLED_BACK = "rolled_back", "rolled back"
        FROZEN = "frozen", "frozen"
        RESTORED = "restored", "functions restored"
        RESUMED = "resumed", "resumed"
        RECOVERED = "recovered", "recovered"

    kind = models.CharField(
        max_length=11, choices=Kind, default=Kind.BEGUN, db_default=Kind.BEGUN
    )
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    actor = models.CharField(max_length=150)
    source = models.CharField(max_length=20)
    reason = models.CharField(max_length=500)
    override = models.BooleanField(default=False)
    # The newest rollback that this change responds to, by id and not by time.
    answered = models.BigIntegerField(default=0, db_default=0, editable=False)
    transaction_id = models.BigIntegerField(db_default=0, editable=False)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = "change of the plan"
        verbose_name_plural = "changes of the plan"
        constraints = [
            # A change has a reason and an actor.
            models.CheckConstraint(
                condition=models.Q(reason__regex=REASON), name="plan_change_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(actor__regex=r"\S"), name="plan_change_says_who"
            ),
            # Only a person advances, sets or resumes.
            models.CheckConstraint(
                condition=~models.Q(kind__in=["advanced", "set", "resumed"])
                | models.Q(source__in=["cli", "admin", "api"]),
                name="plan_goes_up_by_a_person",
            ),
        ]

    def __str__(self) -> str:
        return gettext("change {number} of the plan").format(number=self.pk)


class GateResult(models.Model):
    """The result of a gate at an attempt to advance. Append-only."""

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
        indexes = [
            # Read by the list of results.
            models.Index(fields=["at"], name="gate_result_at_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.gate}: {self.verdict}"


class Waiver(models.Model):
    """A gate that two people waive, with a reason and an expiry."""

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
        permissions = [
            ("move_stage", "Can move the stage, hold, release and resume"),
            ("approve_waiver", "Can approve what another person asks for"),
        ]
        constraints = [
            # These gates cannot be waived.
            models.CheckConstraint(
                condition=~models.Q(
                    gate__in=["state", "preflight", "smoke", "pii", "incidents"]
                ),
                name="waiver_of_what_may_be_waived",
            ),
            # A waiver has a reason and the person who asks.
            models.CheckConstraint(
                condition=models.Q(reason__regex=REASON), name="waiver_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(asked_by__regex=r"\S"), name="waiver_says_who"
            ),
            # Another person approves.
            models.CheckConstraint(
                condition=~models.Q(approved_by=models.F("asked_by")),
                name="waiver_needs_a_second_person",
            ),
            # An approval has its time; without one there is none.
            models.CheckConstraint(
                condition=models.Q(approved_by="", approved_at__isnull=True)
                | (~models.Q(approved_by="") & models.Q(approved_at__isnull=False)),
                name="waiver_approval_says_when",
            ),
            # A waiver expires within the longest validity.
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("asked_at"))
                & models.Q(expires_at__lte=models.F("asked_at") + WAIVER_AT_MOST),
                name="waiver_expires_soon",
            ),
        ]

    def __str__(self) -> str:
        return gettext("waiver of {gate}").format(gate=self.gate)


class Override(models.Model):
    """Suspends automatic rollbacks for some hours, except those for data and money."""

    reason = models.CharField(max_length=500)
    by = models.CharField(max_length=150)
    at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            # An override expires within the longest validity.
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("at"))
                & models.Q(expires_at__lte=models.F("at") + OVERRIDE_AT_MOST),
                name="override_expires_within_a_day",
            ),
            # An override has a reason and an actor.
            models.CheckConstraint(
                condition=models.Q(reason__regex=REASON), name="override_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(by__regex=r"\S"), name="override_says_who"
            ),
            # An override that was ended early has the person who ended it.
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_by="")),
                name="override_ended_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"override {self.pk}"
