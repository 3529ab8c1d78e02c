from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

SCOPES = ("lookup", "create", "redeem", "void")


class ApiToken(models.Model):
    """A program that calls the function API. The secret itself is nowhere here."""

    # Unique among the tokens in force: a revoked name may be given again.
    name = models.CharField(max_length=50)
    # SHA-256 of the secret, which has at least 32 characters.
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=8))
    # The only station that its redemptions are booked on.
    station = models.ForeignKey(
        "vouchers.Station", models.PROTECT, null=True, related_name="+"
    )
    # The earlier system's shared token: the environment says what it may do.
    is_internal = models.BooleanField(default=False)

    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150)
    # To the minute: not every call writes here.
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=150, blank=True)
    revoke_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = "API token"
        permissions = [("revoke_apitoken", "Can revoke API tokens")]
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(revoked_at__isnull=True),
                name="api_token_one_in_force_per_name",
            ),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=list(SCOPES)) & ~Q(scopes=[]),
                name="api_token_scopes_are_known",
            ),
            # A revocation says who and why.
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by="", revoke_reason="")
                | Q(revoked_at__isnull=False)
                & ~Q(revoked_by="")
                & ~Q(revoke_reason=""),
                name="api_token_revocation_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class IdempotentCall(models.Model):
    """What was answered under a caller's key; written with the effect, or not at all.

    No code, number or name stands in the answer: a replay reads them anew.
    """

    token = models.ForeignKey(
        "agents.ApiToken", models.PROTECT, related_name="+", db_index=False
    )
    operation = models.CharField(max_length=24)
    # SHA-256 of the key: callers put anything into theirs.
    key_digest = models.BinaryField(max_length=32)
    # HMAC of the body, under EASYMO_KEYS.
    fingerprint = models.BinaryField(max_length=32)
    # JSON as text, so that a replay is the same to the letter. Null only within the
    # transaction that claimed the key.
    answer = models.TextField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token", "operation", "key_digest"],
                name="idempotent_call_once_per_key",
            ),
        ]
        indexes = [
            # Read by the purge.
            models.Index(fields=["created_at"], name="idempotent_call_age_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.pk}"


class ToolRate(models.Model):
    """When a person's last tool calls were made; written by `tools.rates` only."""

    # The person's subject.
    subject = models.CharField(max_length=80, primary_key=True)
    # Oldest first; those older than a minute fall out with the next call.
    taken_at = ArrayField(models.DateTimeField())

    def __str__(self) -> str:
        return self.subject
