from __future__ import annotations

from django.db import models


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
