from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from waffle.models import AbstractUserFlag

from rollout.core import clock
from rollout.snapshot import flag_snapshot

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest


class Cohort(models.Model):
    """A named group of subjects that features can be limited to."""

    name = models.CharField(max_length=50, unique=True)
    description = models.CharField(max_length=200, blank=True, default="")

    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            # A name is typed on a command line and shown in the audit log.
            models.CheckConstraint(
                condition=models.Q(name__regex=r"^[a-z0-9][a-z0-9_-]{0,49}$"),
                name="cohort_name_is_plain",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CohortMember(models.Model):
    """One subject in a cohort. A subject is a string without meaning in this app."""

    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="members")
    subject = models.CharField(max_length=100)

    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "subject"], name="cohort_member_once"
            ),
            # A subject has visible characters only, so that it can be removed.
            models.CheckConstraint(
                condition=models.Q(subject__regex=r"^[!-~]+$"),
                name="cohort_member_subject_is_visible",
            ),
        ]
        indexes = [
            # Read by the page of a customer: their cohorts.
            models.Index(fields=["subject"], name="cohort_member_subject_idx"),
            # Read by the list of members.
            models.Index(fields=["cohort", "id"], name="cohort_member_list_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} in cohort {self.cohort_id}"


class Epoch(models.Model):
    """One row whose version a trigger increases with every change of exposure."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    version = models.BigIntegerField(default=1)
    changed_at = models.DateTimeField()
    # A full rollback is in force: the functions answer 410, tokens are refused.
    functions_removed = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            # There is one epoch.
            models.CheckConstraint(condition=models.Q(id=1), name="epoch_is_one_row"),
        ]

    def __str__(self) -> str:
        return f"epoch {self.version}"


class ServingProcess(models.Model):
    """A process that checks flags, and the last epoch that it acknowledged."""

    id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.IntegerField()
    role = models.CharField(max_length=30)

    version_seen = models.BigIntegerField()
    acknowledged_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    # A process that started after a change does not count for its latency.
    began_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "serving processes"

    def __str__(self) -> str:
        return f"{self.role} {self.host}:{self.pid}"


def new_salt() -> str:
    return secrets.token_hex(8)


class AgentFlag(AbstractUserFlag):
    """The flag of one feature, based on the model of waffle.

    `everyone` True is on, False is off, None is on for the percentage and the cohorts.
    The database refuses all other ways of waffle to turn a flag on: superusers, staff,
    test cookies, languages, groups, users.
    """

    # The manager of waffle adds only a natural key, which is not used.
    objects: ClassVar[models.Manager[AgentFlag]] = models.Manager()  # type: ignore[assignment]

    everyone = models.BooleanField(null=True, default=False)
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    cohorts = models.ManyToManyField(Cohort, blank=True, related_name="flags")
    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    superusers = models.BooleanField(default=False, editable=False)
    testing = models.BooleanField(default=False, editable=False)
    staff = models.BooleanField(default=False, editable=False)
    authenticated = models.BooleanField(default=False, editable=False)
    languages = models.TextField(blank=True, default="", editable=False)
    rollout = models.BooleanField(default=False, editable=False)

    class Meta(AbstractUserFlag.Meta):
        abstract = False
        ordering = ["name"]
        verbose_name = _("feature")
        verbose_name_plural = _("features")
        permissions = [
            ("change_exposure", "Can turn features on and off"),
            ("rollback", "Can roll back (turn everything off)"),
        ]
        constraints = [
            # A percentage applies only while `everyone` is None.
            models.CheckConstraint(
                condition=models.Q(percent__isnull=True)
                | models.Q(everyone__isnull=True),
                name="flag_percent_only_when_limited",
            ),
            # A percentage is above 0 and at most 100.
            models.CheckConstraint(
                condition=models.Q(percent__isnull=True)
                | models.Q(percent__gt=0, percent__lte=100),
                name="flag_percent_is_a_share",
            ),
            # With these waffle would turn the flag on against `everyone`.
            models.CheckConstraint(
                condition=models.Q(
                    superusers=False,
                    testing=False,
                    staff=False,
                    authenticated=False,
                    rollout=False,
                    languages="",
                ),
                name="flag_side_doors_closed",
            ),
            # Without a salt two features would select the same people.
            models.CheckConstraint(
                condition=~models.Q(salt=""), name="flag_salt_present"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def get(cls, name: str) -> AgentFlag:
        """Return a flag without a query: `is_active` reads the snapshot."""
        return cls(name=name)

    def flush(self) -> None:
        """Do nothing: waffle has no cache here."""

    def is_active(self, request: HttpRequest, read_only: bool = False) -> bool:
        """Check `request.rollout_subject`; without one the person is unknown."""
        return flag_snapshot.is_on(self.name, getattr(request, "rollout_subject", None))

    def is_active_for_user(self, user: AbstractBaseUser) -> bool:
        """A user is not a subject: True only when the flag is on for everyone."""
        return flag_snapshot.is_on(self.name, None)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row as Django does, without the cache of waffle."""
        models.Model.save(self, *args, **kwargs)


# Not blank and without control characters; the column limits the length.
REASON = r"^(?=.*\S)[^\u0001-\u001f\u007f-\u009f]+$"


class FlagChange(models.Model):
    """The audit row of a change of exposure. Append-only.

    The database refuses a change of a flag or of members without such a row in the same
    transaction, and sets `epoch` and `transaction_id`.
    """

    class Kind(models.TextChoices):
        FLAG = "flag", "feature"
        MEMBER_ADDED = "member_added", "member added"
        MEMBER_REMOVED = "member_removed", "member removed"

    class Source(models.TextChoices):
        CLI = "cli", "command line"
        ADMIN = "admin", "admin"
        API = "api", "API"
        SYSTEM = "system", "system"
        ROLLBACK = "rollback", "rollback"
        DEMO = "demo", "demonstration"

    kind = models.CharField(max_length=20, choices=Kind, default=Kind.FLAG)
    flag = models.ForeignKey(
        AgentFlag, null=True, on_delete=models.PROTECT, related_name="changes"
    )
    cohort = models.ForeignKey(
        Cohort, null=True, on_delete=models.PROTECT, related_name="changes"
    )
    subject = models.CharField(max_length=100, blank=True, default="")

    actor = models.CharField(max_length=150)
    source = models.CharField(max_length=20, choices=Source)
    reason = models.CharField(max_length=500)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    override = models.BooleanField(default=False)

    epoch = models.BigIntegerField(db_default=0, editable=False)
    transaction_id = models.BigIntegerField(db_default=0, editable=False)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = "change of exposure"
        verbose_name_plural = "changes of exposure"
        constraints = [
            # A change is about a feature, or about one member of one cohort.
            models.CheckConstraint(
                condition=models.Q(
                    kind="flag", flag__isnull=False, cohort__isnull=True, subject=""
                )
                | (
                    models.Q(
                        kind__in=["member_added", "member_removed"],
                        flag__isnull=True,
                        cohort__isnull=False,
                    )
                    & ~models.Q(subject="")
                ),
                name="flag_change_has_its_object",
            ),
            # A change has a reason.
            models.CheckConstraint(
                condition=models.Q(reason__regex=REASON),
                name="flag_change_says_why",
            ),
            # A change has an actor.
            models.CheckConstraint(
                condition=models.Q(actor__regex=r"\S"), name="flag_change_says_who"
            ),
        ]
        indexes = [
            # Read by the audit trigger, and by `flags`.
            models.Index(fields=["flag", "-id"], name="flag_change_flag_idx"),
            # Read by the audit trigger of members.
            models.Index(
                fields=["cohort", "subject", "-id"], name="flag_change_member_idx"
            ),
            # Read by the list of changes.
            models.Index(fields=["at"], name="flag_change_at_idx"),
        ]

    def __str__(self) -> str:
        return f"change {self.pk}"
