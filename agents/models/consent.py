from __future__ import annotations

from django.db import models


class ConsentEvent(models.Model):
    """A person's word on whether we may write to her unasked; append-only."""

    class Kind(models.TextChoices):
        STOP = "stop", "no messages unasked"
        START = "start", "messages again"

    class Source(models.TextChoices):
        WORDS = "words", "her own words"
        PREFERENCES = "preferences", "her WhatsApp settings"
        REFUSED = "refused", "WhatsApp refused a message (131050)"

    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="consent_events"
    )
    kind = models.CharField(max_length=5, choices=Kind)
    source = models.CharField(max_length=11, choices=Source)
    # "message:<HMAC>", "outbound:7", ...: the same cause is written once.
    cause = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # Read before anything is sent unasked: the last word counts.
            models.Index(fields=["profile", "id"], name="consent_last_word_idx")
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
