from __future__ import annotations

from django.db import models

from rollout.core import clock


class Announcement(models.Model):
    """A message to engineering, the beta members or everyone. Two people send it."""

    class Audience(models.TextChoices):
        ENGINEERING = "engineering", "engineering"
        BETA = "beta", "beta members"
        ALL = "all", "everyone"

    class Medium(models.TextChoices):
        EMAIL = "email", "e-mail"
        SLACK = "slack", "Slack"
        WHATSAPP = "whatsapp", "WhatsApp"
        # Sent outside the system; a person confirms it.
        OTHER = "other", "other"

    class Status(models.TextChoices):
        DRAFT = "draft", "draft"
        APPROVED = "approved", "approved"
        SENDING = "sending", "being sent"
        SENT = "sent", "sent"

    audience = models.CharField(max_length=11, choices=Audience)
    medium = models.CharField(max_length=8, choices=Medium)
    subject = models.CharField(max_length=200)
    text = models.TextField(max_length=4000)
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    drafted_by = models.CharField(max_length=150)
    drafted_at = models.DateTimeField(default=clock.now, editable=False)
    approved_by = models.CharField(max_length=150, blank=True, default="")
    approved_at = models.DateTimeField(null=True, editable=False)
    sent_by = models.CharField(max_length=150, blank=True, default="")
    sent_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        permissions = [("send_announcement", "Can approve and send announcements")]
        constraints = [
            # Each audience has certain media.
            models.CheckConstraint(
                condition=models.Q(medium="other")
                | models.Q(audience="engineering", medium__in=["email", "slack"])
                | models.Q(audience="beta", medium__in=["email", "whatsapp"])
                | models.Q(audience="all", medium="whatsapp"),
                name="announcement_medium_reaches_its_audience",
            ),
            # Everything but a draft is approved.
            models.CheckConstraint(
                condition=models.Q(status="draft", approved_at__isnull=True)
                | (
                    ~models.Q(status="draft")
                    & models.Q(approved_at__isnull=False)
                    & ~models.Q(approved_by="")
                ),
                name="announcement_approved_before_it_goes",
            ),
            # Another person approves.
            models.CheckConstraint(
                condition=~models.Q(approved_by=models.F("drafted_by")),
                name="announcement_needs_a_second_person",
            ),
            # A sent announcement has the time; no other has.
            models.CheckConstraint(
                condition=models.Q(status="sent", sent_at__isnull=False)
                | (~models.Q(status="sent") & models.Q(sent_at__isnull=True)),
                name="announcement_sent_at_matches_status",
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class AnnouncementDelivery(models.Model):
    """The delivery of an announcement to one recipient."""

    class Status(models.TextChoices):
        PENDING = "pending", "pending"
        HANDED_OVER = "handed_over", "handed over"
        FAILED = "failed", "failed"
        # The recipient has opted out or cannot be reached.
        SKIPPED = "skipped", "skipped"

    announcement = models.ForeignKey(
        Announcement, on_delete=models.PROTECT, related_name="deliveries"
    )
    # A subject, or an e-mail address of staff.
    recipient = models.CharField(max_length=254)
    status = models.CharField(max_length=11, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True, default="")
    settled_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name_plural = "announcement deliveries"
        constraints = [
            # One delivery for each recipient.
            models.UniqueConstraint(
                fields=["announcement", "recipient"], name="announcement_told_once"
            )
        ]
        indexes = [
            # Read by the task that sends announcements.
            models.Index(
                fields=["announcement", "id"],
                condition=models.Q(status="pending"),
                name="announcement_pending_idx",
            ),
            # Read by the page of an announcement: its progress.
            models.Index(
                fields=["announcement", "status"], name="announcement_counts_idx"
            ),
            # Both read by the list of deliveries.
            models.Index(fields=["announcement", "id"], name="announcement_list_idx"),
            models.Index(fields=["recipient"], name="announcement_recipient_idx"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"
