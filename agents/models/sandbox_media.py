from __future__ import annotations

from django.db import models


class SandboxMedia(models.Model):
    """What a sandbox person sent from the simulator: it plays Meta's store of media.

    Its id is the provider's id that the webhook tells. Kept a day.
    """

    profile = models.ForeignKey(
        "vouchers.Profile", models.CASCADE, related_name="sandbox_media"
    )
    mime_type = models.CharField(max_length=80)
    content = models.BinaryField()
    # What is spoken in a voice note that was typed: nobody has to transcribe it.
    words = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "sandbox media"
        indexes = [
            # Read by retention.
            models.Index(fields=["created_at"], name="sandbox_media_age_idx"),
        ]

    def __str__(self) -> str:
        return f"Sandbox media {self.pk}"
