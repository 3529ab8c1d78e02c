from __future__ import annotations

from django.db import models

from rollout.core import clock
from rollout.models.incident import Incident
from rollout.models.plan import StageName, StageRun


class ActionItem(models.Model):
    """Something that somebody will do so that it does not happen again."""

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="action_items"
    )
    text = models.CharField(max_length=500)
    owner = models.CharField(max_length=150)
    due = models.DateField()
    created_at = models.DateTimeField(default=clock.now, editable=False)
    done_at = models.DateTimeField(null=True, editable=False)
    done_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ["done_at", "due", "id"]
        constraints = [
            # What is done says when and by whom.
            models.CheckConstraint(
                condition=models.Q(done_at__isnull=True, done_by="")
                | (models.Q(done_at__isnull=False) & models.Q(done_by__regex=r"\S")),
                name="action_item_done_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"action item {self.pk}"


class Contact(models.Model):
    """Somebody to call, in the order to call them."""

    role = models.CharField(max_length=80)
    # Whom the role belongs to; empty while nobody was named.
    name = models.CharField(max_length=100, blank=True, default="")
    phone = models.CharField(max_length=20, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    # 1 is called first; 0 is not on call (a provider's support).
    order = models.PositiveSmallIntegerField(default=0)
    verified_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["order", "id"]
        constraints = [
            # What a telephone dials from anywhere.
            models.CheckConstraint(
                condition=models.Q(phone__regex=r"^(\+[1-9][0-9]{6,14})?$"),
                name="contact_phone_is_international",
            ),
            models.UniqueConstraint(fields=["role"], name="contact_role_once"),
        ]

    def __str__(self) -> str:
        return self.role


class OnCallShift(models.Model):
    """Whoever is called first for a while, before the usual order."""

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
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="on_call_shift_ends_after_it_began",
            )
        ]

    def __str__(self) -> str:
        return f"shift {self.pk}"


class Announcement(models.Model):
    """What engineering, the beta members or everyone is told; two people send it."""

    class Audience(models.TextChoices):
        ENGINEERING = "engineering", "engineering"
        BETA = "beta", "beta members"
        ALL = "all", "everyone"

    class Medium(models.TextChoices):
        EMAIL = "email", "e-mail"
        SLACK = "slack", "Slack"
        WHATSAPP = "whatsapp", "WhatsApp"
        # By other means: a poster, the radio; a person says that it was done.
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
            # Roads that exist: nobody has everyone's e-mail address.
            models.CheckConstraint(
                condition=models.Q(medium="other")
                | models.Q(audience="engineering", medium__in=["email", "slack"])
                | models.Q(audience="beta", medium__in=["email", "whatsapp"])
                | models.Q(audience="all", medium="whatsapp"),
                name="announcement_medium_reaches_its_audience",
            ),
            models.CheckConstraint(
                condition=models.Q(status="draft", approved_at__isnull=True)
                | (
                    ~models.Q(status="draft")
                    & models.Q(approved_at__isnull=False)
                    & ~models.Q(approved_by="")
                ),
                name="announcement_approved_before_it_goes",
            ),
            models.CheckConstraint(
                condition=~models.Q(approved_by=models.F("drafted_by")),
                name="announcement_needs_a_second_person",
            ),
            models.CheckConstraint(
                condition=models.Q(status="sent", sent_at__isnull=False)
                | (~models.Q(status="sent") & models.Q(sent_at__isnull=True)),
                name="announcement_sent_at_matches_status",
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class AnnouncementDelivery(models.Model):
    """One recipient of an announcement: told once, or why not."""

    class Status(models.TextChoices):
        PENDING = "pending", "pending"
        HANDED_OVER = "handed_over", "handed over"
        FAILED = "failed", "failed"
        # She said STOP, or has no road open.
        SKIPPED = "skipped", "skipped"

    announcement = models.ForeignKey(
        Announcement, on_delete=models.PROTECT, related_name="deliveries"
    )
    # A subject, or an address of our own people.
    recipient = models.CharField(max_length=254)
    status = models.CharField(max_length=11, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True, default="")
    settled_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name_plural = "announcement deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["announcement", "recipient"], name="announcement_told_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["announcement", "id"],
                condition=models.Q(status="pending"),
                name="announcement_pending_idx",
            ),
            # Read by whoever counts how far it came.
            models.Index(
                fields=["announcement", "status"], name="announcement_counts_idx"
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class ChecklistItem(models.Model):
    """One line of the guide that somebody, or a check, has to tick."""

    class Cadence(models.TextChoices):
        ONCE = "once", "once"
        HOURLY = "hourly", "hourly"
        DAILY = "daily", "daily"
        WEEKLY = "weekly", "weekly"
        MONTHLY = "monthly", "monthly"
        QUARTERLY = "quarterly", "quarterly"

    key = models.SlugField(max_length=60, unique=True)
    stage = models.CharField(max_length=14, choices=StageName)
    section = models.CharField(max_length=80)
    text = models.CharField(max_length=300)
    cadence = models.CharField(max_length=9, choices=Cadence, default=Cadence.ONCE)
    # The pre-flight's or smoke test's line that ticks it; empty: a person does.
    check_name = models.CharField(max_length=60, blank=True, default="")
    # Days since the stage was entered between which it comes due.
    from_day = models.PositiveSmallIntegerField(default=0)
    to_day = models.PositiveSmallIntegerField(null=True, blank=True)
    # So many ticks and it is done for good; null: as long as it comes due.
    times = models.PositiveSmallIntegerField(null=True, blank=True)
    is_required = models.BooleanField(default=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.text


class ChecklistTick(models.Model):
    """That it was done, by whom, and what shows it. Append-only."""

    item = models.ForeignKey(
        ChecklistItem, on_delete=models.PROTECT, related_name="ticks"
    )
    run = models.ForeignKey(StageRun, on_delete=models.PROTECT, related_name="ticks")
    # The hour, day, week or month it was due for; the stay's beginning for once.
    due_for = models.DateTimeField()
    by = models.CharField(max_length=150)
    evidence = models.CharField(max_length=500)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "run", "due_for"], name="checklist_ticked_once"
            )
        ]

    def __str__(self) -> str:
        return f"tick {self.pk}"


class ChecklistReminder(models.Model):
    """That people were told of a line left undone: once until it is done again."""

    item = models.ForeignKey(
        ChecklistItem, on_delete=models.PROTECT, related_name="reminders"
    )
    run = models.ForeignKey(
        StageRun, on_delete=models.PROTECT, related_name="reminders"
    )
    # The first hour, day, week, ... that was left out.
    due_for = models.DateTimeField()
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "run", "due_for"], name="checklist_reminded_once"
            )
        ]

    def __str__(self) -> str:
        return f"reminder {self.pk}"
