from __future__ import annotations

import uuid

from django.db import models


class Media(models.Model):
    """A picture, recording or file that a person sent, fetched once and kept here.

    In the database, not on a disk: any web process can show what any worker fetched.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        FETCHING = "fetching"
        STORED = "stored"
        # Not fetched on purpose: no token, sandbox, too many of one person.
        SKIPPED = "skipped"
        FAILED = "failed"
        # Its time was over.
        FORGOTTEN = "forgotten"

    # The name under which it is kept and shown; nobody outside chooses it.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.OneToOneField(
        "agents.Message", models.PROTECT, related_name="media"
    )
    # image, video, audio, document
    kind = models.CharField(max_length=12)
    provider_media_id = models.CharField(max_length=32, blank=True)
    # What the sender says; believed only where the bytes agree.
    mime_type = models.CharField(max_length=80, blank=True)
    filename = models.CharField(max_length=120, blank=True)
    # SHA-256 as the webhook told it.
    told_sha256 = models.CharField(max_length=80, blank=True)
    is_voice = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    # While a worker fetches it; past it, another may.
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    # Why it is not here, or not in words.
    error_code = models.CharField(max_length=40, blank=True)
    size = models.PositiveIntegerField(default=0)
    sha256 = models.BinaryField(max_length=32, null=True)
    # By its first bytes, not by what was said.
    extension = models.CharField(max_length=8, blank=True)
    # Of a recording: what it was put into words with, at what price.
    seconds = models.FloatField(null=True, blank=True)
    transcriber = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=8, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    cost = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "media"
        permissions = [("open_media", "Can open what people sent")]
        indexes = [
            # Read by the sweep.
            models.Index(
                fields=["id"],
                condition=models.Q(state__in=["waiting", "fetching"]),
                name="media_open_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class MediaPart(models.Model):
    """A piece of the bytes, so that nobody has to hold all of them at once."""

    media = models.ForeignKey(Media, models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["media", "number"], name="media_part_once")
        ]

    def __str__(self) -> str:
        return f"Part {self.number} of {self.media_id}"


class MediaOpening(models.Model):
    """Who looked at what, and when; append-only."""

    media = models.ForeignKey(Media, models.PROTECT, related_name="openings")
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.opened_by} opened {self.media_id}"


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
