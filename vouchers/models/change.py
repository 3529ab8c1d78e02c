from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext

from easymo.sentences import label, translatable


class AuthorityChange(models.Model):
    """A role or a right that one person gave, and the decision of a second person.

    A role above customer takes effect when the row is confirmed. An account with
    wider rights cannot sign in before. A decided row never changes.
    """

    class Kind(models.TextChoices):
        ROLE = "role", "Role"
        # A person decided whose number or user id it is; the role stays.
        IDENTITY = "identity", "Identity"
        ACCOUNT = "account", "Account"

    class Decision(models.TextChoices):
        WAITING = "waiting", "Waits for a second person"
        CONFIRMED = "confirmed", "Confirmed"
        REFUSED = "refused", "Refused"

    kind = models.CharField(max_length=8, choices=Kind)
    profile = models.ForeignKey(
        "vouchers.Profile",
        models.PROTECT,
        null=True,
        related_name="authority_changes",
    )
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    old_role = models.CharField(max_length=16, blank=True)
    new_role = models.CharField(max_length=16, blank=True)
    new_station = models.ForeignKey(
        "vouchers.Station", models.PROTECT, null=True, related_name="+", db_index=False
    )
    # What an account was given, in words.
    what = models.CharField(max_length=200, blank=True)

    # The account of the person who gave it. Null: a command that names no account.
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    given_by_name = models.CharField(max_length=150)
    source = models.CharField(max_length=40)
    # Blank after the erasure of the person.
    reason = models.CharField(max_length=500, blank=True)
    given_at = models.DateTimeField()

    decision = models.CharField(
        max_length=9, choices=Decision, default=Decision.WAITING
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    decided_by_name = models.CharField(max_length=150, blank=True)
    decision_source = models.CharField(max_length=40, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=500, blank=True)
    # Set by the trigger: the transaction of the decision.
    transaction_id = models.BigIntegerField(null=True, editable=False)

    class Meta:
        db_table = "authority_change"
        verbose_name = "change of authority"
        verbose_name_plural = "changes of authority"
        indexes = [
            # Read by the approval of a voucher and by voucher_who_is.
            models.Index(
                fields=["account", "given_at"], name="authority_change_account_idx"
            ),
            # Read by the list of what waits.
            models.Index(
                fields=["given_at"],
                condition=Q(decision="waiting"),
                name="authority_change_waiting_idx",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=["role", "identity"],
                    profile__isnull=False,
                    account__isnull=True,
                )
                & ~Q(new_role="")
                | Q(kind="account", profile__isnull=True, account__isnull=False)
                & ~Q(what=""),
                name="authority_change_names_its_subject",
            ),
            # A person has one request for a role at a time.
            models.UniqueConstraint(
                fields=["profile"],
                condition=Q(kind="role", decision="waiting"),
                name="authority_change_one_role_waits",
            ),
            models.CheckConstraint(
                condition=Q(
                    decision="waiting",
                    decided_at__isnull=True,
                    decided_by__isnull=True,
                    decided_by_name="",
                )
                | Q(decision__in=["confirmed", "refused"], decided_at__isnull=False)
                & ~Q(decided_by_name=""),
                name="authority_change_decision_says_who",
            ),
            # The person who gave it cannot confirm it.
            models.CheckConstraint(
                condition=~Q(decision="confirmed")
                | Q(decided_by__isnull=True)
                | Q(given_by__isnull=True)
                | ~Q(decided_by=F("given_by")),
                name="authority_change_by_second_person",
            ),
            # An account cannot confirm its own rights.
            models.CheckConstraint(
                condition=~Q(decision="confirmed")
                | Q(decided_by__isnull=True)
                | Q(account__isnull=True)
                | ~Q(decided_by=F("account")),
                name="authority_change_not_of_oneself",
            ),
            # Given in the back office, a role above customer needs a second account.
            models.CheckConstraint(
                condition=~Q(decision="confirmed", kind="role", source="admin")
                | Q(new_role="customer")
                | Q(given_by__isnull=False, decided_by__isnull=False)
                | Q(decision_source="command"),
                name="authority_change_confirmed_by_account",
            ),
            models.CheckConstraint(
                condition=~Q(given_by_name="") & ~Q(source=""),
                name="authority_change_says_who_and_how",
            ),
        ]

    def __str__(self) -> str:
        return gettext("Change of authority {number}").format(number=self.pk)

    @property
    def sentence(self) -> str:
        """Say what was given, and who has it."""
        if self.account is not None:
            return translatable(
                "Account {name}: {what}.",
                name=self.account.get_username(),
                what=self.what,
            )
        if self.kind == self.Kind.IDENTITY:
            return translatable(
                "{person}: a number or user id was decided.", person=self.profile
            )
        facts = {
            "person": self.profile,
            "old": label(self.old_role),
            "new": label(self.new_role),
        }
        if not self.new_station:
            return translatable("{person}: from {old} to {new}.", **facts)
        return translatable(
            "{person}: from {old} to {new} at {station}.",
            station=self.new_station,
            **facts,
        )


class ChangeRecord(models.Model):
    """One change of a person, station, token, account, group or permission.

    The triggers ``record_change`` write it, whatever made the change. Append-only. It
    holds no name, number or e-mail address of a person: these are recorded as
    "changed".
    """

    table_name = models.CharField(max_length=63)
    row_id = models.CharField(max_length=40)
    kind = models.CharField(max_length=6)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    # The account that was signed in. Null for a command, a job and hand-written SQL.
    account_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=150, blank=True)
    source = models.CharField(max_length=40, blank=True)
    database_role = models.CharField(max_length=63)
    transaction_id = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "change_record"
        verbose_name = "recorded change"
        indexes = [
            # Read by the history of an object, and by the approval of a voucher.
            models.Index(fields=["table_name", "row_id"], name="change_record_row_idx"),
        ]

    def __str__(self) -> str:
        return gettext("{kind} of {table} {row}").format(
            kind=self.kind, table=self.table_name, row=self.row_id
        )
