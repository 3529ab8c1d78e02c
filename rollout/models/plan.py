from __future__ import annotations

from datetime import timedelta

from django.db import models

from rollout.core import clock
from rollout.models.flag import REASON

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
        # Everything is off and stays so until two people resume.
        FROZEN = "frozen", "frozen"

    id = models.SmallIntegerField(primary_key=True, default=1)
    run = models.ForeignKey(StageRun, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=11, choices=State, default=State.ACTIVE)
    # One sentence, with the figures that caused it.
    state_reason = models.CharField(max_length=500)
    state_since = models.DateTimeField(default=clock.now)
    # The hardest rollback since the plan was last in order.
    rollback = models.ForeignKey(
        "rollout.RollbackEvent", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            # There is one plan.
            models.CheckConstraint(condition=models.Q(id=1), name="plan_is_one_row"),
            # Rolled back is by a rollback, and nothing else is.
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
            models.CheckConstraint(
                condition=models.Q(state_reason__regex=REASON),
                name="plan_state_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run.stage}, {self.get_state_display()}"


class PlanChange(models.Model):
    """One move of the plan: who, why, from what to what. Append-only.

    The database refuses a move without such a row in the same transaction, one that
    goes up without a person, and one that goes up against the gates unless it says so.
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
    # The newest rollback that this move has answered; no clock is asked for it.
    answered = models.BigIntegerField(default=0, db_default=0, editable=False)
    transaction_id = models.BigIntegerField(db_default=0, editable=False)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = "change of the plan"
        verbose_name_plural = "changes of the plan"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reason__regex=REASON), name="plan_change_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(actor__regex=r"\S"), name="plan_change_says_who"
            ),
            # Nothing advances, and nothing comes back into service, by itself.
            models.CheckConstraint(
                condition=~models.Q(kind__in=["advanced", "set", "resumed"])
                | models.Q(source__in=["cli", "admin", "api"]),
                name="plan_goes_up_by_a_person",
            ),
        ]

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
        permissions = [
            ("move_stage", "Can move the stage, hold, release and resume"),
            ("approve_waiver", "Can approve what somebody else asks for"),
        ]
        constraints = [
            # What is mended by acting is not decided away.
            models.CheckConstraint(
                condition=~models.Q(
                    gate__in=["state", "preflight", "smoke", "pii", "incidents"]
                ),
                name="waiver_of_what_may_be_waived",
            ),
            models.CheckConstraint(
                condition=models.Q(reason__regex=REASON), name="waiver_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(asked_by__regex=r"\S"), name="waiver_says_who"
            ),
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
            ),
            models.CheckConstraint(
                condition=models.Q(reason__regex=REASON), name="override_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(by__regex=r"\S"), name="override_says_who"
            ),
            # Ended early is ended by somebody.
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_by="")),
                name="override_ended_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"override {self.pk}"
