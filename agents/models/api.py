from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

SCOPES = ("lookup", "create", "redeem", "void")


class ApiToken(models.Model):
    """A token of the function API; the secret itself is not stored."""

    # Unique among the active tokens: the name of a revoked one can be reused.
    name = models.CharField(max_length=50)
    # SHA-256 of the secret, which has at least 32 characters.
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=8))
    # The only station that this token can redeem at.
    station = models.ForeignKey(
        "vouchers.Station", models.PROTECT, null=True, related_name="+"
    )
    # Networks that calls may come from; empty: any. An address is a network of one.
    networks = ArrayField(models.CharField(max_length=43), default=list, size=20)
    # Null: it does not expire.
    expires_at = models.DateTimeField(null=True)
    # The previous system's shared token, whose scopes the environment sets.
    is_internal = models.BooleanField(default=False)

    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150)
    # Written at most once a minute.
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=150, blank=True)
    revoke_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = "API token"
        permissions = [
            ("revoke_apitoken", "Can revoke API tokens"),
            ("create_apitoken", "Can create API tokens"),
        ]
        constraints = [
            # Two active tokens never share a name.
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(revoked_at__isnull=True),
                name="api_token_one_in_force_per_name",
            ),
            # A token has at least one scope, and only known ones.
            models.CheckConstraint(
                condition=Q(scopes__contained_by=list(SCOPES)) & ~Q(scopes=[]),
                name="api_token_scopes_are_known",
            ),
            # A revoked token has an actor and a reason; an active one has neither.
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
    """The answer to one idempotency key, committed together with its effect.

    The answer holds no code, number or name: a replay reads them again.
    """

    token = models.ForeignKey(
        "agents.ApiToken", models.PROTECT, related_name="+", db_index=False
    )
    operation = models.CharField(max_length=24)
    # SHA-256: a key can hold personal data.
    key_digest = models.BinaryField(max_length=32)
    # HMAC of the request body under EASYMO_KEYS.
    fingerprint = models.BinaryField(max_length=32)
    # JSON as text, so that a replay is identical byte for byte. Null only inside the
    # transaction that claimed the key.
    answer = models.TextField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Each key of a token has one effect for each operation.
            models.UniqueConstraint(
                fields=["token", "operation", "key_digest"],
                name="idempotent_call_once_per_key",
            ),
        ]
        indexes = [
            # Read by retention.
            models.Index(fields=["created_at"], name="idempotent_call_age_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.pk}"


class ToolRate(models.Model):
    """The times of a subject's tool calls in the last minute."""

    # With the number of its slot, where the calls are counted in several ("token:7#3").
    subject = models.CharField(max_length=80, primary_key=True)
    # Oldest first; the next call removes those older than a minute.
    taken_at = ArrayField(models.DateTimeField())

    def __str__(self) -> str:
        return self.subject
