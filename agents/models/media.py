from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class Media(models.Model):
    """A picture, recording or file from a customer, downloaded once.

    Stored in the database: processes share no disk.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        FETCHING = "fetching"
        STORED = "stored"
        # Not downloaded on purpose: no token, sandbox, or too many from one person.
        SKIPPED = "skipped"
        FAILED = "failed"
        # Deleted by retention.
        FORGOTTEN = "forgotten"

    # The name in its URL.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.OneToOneField(
        "agents.Message", models.PROTECT, related_name="media"
    )
    # image, video, audio, document
    kind = models.CharField(max_length=12)
    provider_media_id = models.CharField(max_length=32, blank=True)
    # As the sender declares it; used only when the bytes agree.
    mime_type = models.CharField(max_length=80, blank=True)
    filename = models.CharField(max_length=120, blank=True)
    # SHA-256 from the webhook.
    told_sha256 = models.CharField(max_length=80, blank=True)
    is_voice = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Held by the downloading worker; after expiry another may take it.
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    # Why there is no content or no transcript.
    error_code = models.CharField(max_length=40, blank=True)
    size = models.PositiveIntegerField(default=0)
    sha256 = models.BinaryField(max_length=32, null=True)
    # By its first bytes, not by the declared type.
    extension = models.CharField(max_length=8, blank=True)
    # The transcription of a recording, and its cost.
    seconds = models.FloatField(null=True, blank=True)
    transcriber = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=8, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    cost = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "media"
        permissions = [("open_media", "Can open media from customers")]
        indexes = [
            # Read by the sweep.
            models.Index(
                fields=["id"],
                condition=Q(state__in=["waiting", "fetching"]),
                name="media_open_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class MediaPart(models.Model):
    """A part of the content, so that no process holds all of it in memory."""

    media = models.ForeignKey(Media, models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            # Each part of a medium is stored once.
            models.UniqueConstraint(fields=["media", "number"], name="media_part_once")
        ]

    def __str__(self) -> str:
        return f"Part {self.number} of {self.media_id}"


class MediaOpening(models.Model):
    """An access to a medium: who and when; append-only."""

    media = models.ForeignKey(Media, models.PROTECT, related_name="openings")
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.opened_by} opened {self.media_id}"


class SandboxMedia(models.Model):
    """Media sent in the simulator, in place of Meta's media store; kept for a day.

    Its primary key is the media id in the webhook.
    """

    profile = models.ForeignKey(
        "vouchers.Profile", models.CASCADE, related_name="sandbox_media"
    )
    mime_type = models.CharField(max_length=80)
    content = models.BinaryField()
    # The text of a voice note that was typed: it needs no transcription.
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
