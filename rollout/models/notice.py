from __future__ import annotations

from django.db import models

from rollout.core import clock
from rollout.models.incident import Incident


class Notice(models.Model):
    """A message to staff, for Slack, the log or an e-mail address."""

    class Status(models.TextChoices):
        PENDING = "pending", "pending"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"

    incident = models.ForeignKey(
        Incident, null=True, on_delete=models.PROTECT, related_name="notices"
    )

    class Medium(models.TextChoices):
        # Slack where it is configured, else the log.
        CHAT = "chat", "Slack or the log"
        EMAIL = "email", "e-mail"

    medium = models.CharField(
        max_length=5, choices=Medium, default=Medium.CHAT, db_default=Medium.CHAT
    )
    recipient = models.CharField(max_length=254, blank=True, default="", db_default="")
    subject = models.CharField(max_length=200, blank=True, default="", db_default="")
    text = models.TextField(max_length=20_000)
    # Sent once for each key, medium and recipient; empty: no deduplication.
    key = models.CharField(max_length=100, blank=True, default="", db_default="")
    # The delivery of an announcement that this notice carries.
    delivery = models.OneToOneField(
        "rollout.AnnouncementDelivery",
        null=True,
        on_delete=models.PROTECT,
        related_name="notice",
    )

    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.IntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True, default="")

    created_at = models.DateTimeField(default=clock.now, editable=False)
    next_attempt_at = models.DateTimeField(default=clock.now, editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # A key is sent to a recipient once.
            models.UniqueConstraint(
                fields=["key", "medium", "recipient"],
                condition=~models.Q(key=""),
                name="notice_once_per_key",
            ),
            # A sent notice has the time; no other has.
            models.CheckConstraint(
                condition=models.Q(status="sent", sent_at__isnull=False)
                | (~models.Q(status="sent") & models.Q(sent_at__isnull=True)),
                name="notice_sent_at_matches_status",
            ),
        ]
        indexes = [
            # Read by deliver_notices.
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(status="pending"),
                name="notice_pending_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"notice {self.pk}"


class Contact(models.Model):
    """An emergency contact, with the order to call."""

    role = models.CharField(max_length=80)
    # The person in the role; empty without one.
    name = models.CharField(max_length=100, blank=True, default="")
    phone = models.CharField(max_length=20, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    # 1 is called first; 0 is not on call (support of a provider).
    order = models.PositiveSmallIntegerField(default=0)
    verified_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["order", "id"]
        constraints = [
            # A phone number is international.
            models.CheckConstraint(
                condition=models.Q(phone__regex=r"^(\+[1-9][0-9]{6,14})?$"),
                name="contact_phone_is_international",
            ),
            # One contact for each role.
            models.UniqueConstraint(fields=["role"], name="contact_role_once"),
        ]

    def __str__(self) -> str:
        return self.role


class OnCallShift(models.Model):
    """A period in which a contact is called first."""

    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, related_name="shifts"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            # A shift ends after it starts.
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="on_call_shift_ends_after_it_began",
            )
        ]

    def __str__(self) -> str:
        return f"shift {self.pk}"
