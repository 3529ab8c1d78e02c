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
