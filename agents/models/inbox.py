from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class InboxEntry(models.Model):
    """A conversation that waits for a colleague or was handed over to one.

    Triggers write and delete the row with what makes it true: open tasks, the pause of
    the agent, messages for a colleague, answers. Only claims and reads are written here.
    """

    conversation = models.OneToOneField(
        "agents.Conversation",
        models.PROTECT,
        primary_key=True,
        related_name="inbox_entry",
    )
    # Since when the person waits for an answer; null: the last word was a colleague's.
    waiting_since = models.DateTimeField(null=True, blank=True)
    # The colleague who has claimed it, one at a time.
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    # When a colleague last read it.
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "inbox entries"
        constraints = [
            # A claim has a colleague and a time.
            models.CheckConstraint(
                condition=Q(assignee__isnull=True, claimed_at__isnull=True)
                | Q(assignee__isnull=False, claimed_at__isnull=False),
                name="inbox_claim_has_colleague_and_time",
            )
        ]
        indexes = [
            # Read by the inbox: waiting first, the longest first, then the others.
            models.Index(
                fields=["waiting_since", "conversation"], name="inbox_order_idx"
            ),
            # Read by the inbox of one colleague.
            models.Index(
                fields=["assignee", "waiting_since", "conversation"],
                condition=Q(assignee__isnull=False),
                name="inbox_mine_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Inbox entry of conversation {self.conversation_id}"
