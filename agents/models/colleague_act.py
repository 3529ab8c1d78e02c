from __future__ import annotations

from django.db import models


class ColleagueAct(models.Model):
    """What one of us did in a conversation: who, when, why.

    Append-only; the reason may be forgotten with the person it is about, never
    reworded (`agents_act_fixed`).
    """

    class Kind(models.TextChoices):
        PAUSED = "paused", "took the conversation over"
        RESUMED = "resumed", "gave the conversation back to the agent"
        ANSWERED = "answered", "answered"
        SENT_AGAIN = "sent_again", "sent a message again"
        GAVE_UP = "gave_up", "gave a message up"

    conversation = models.ForeignKey(
        "agents.Conversation", models.PROTECT, related_name="acts"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    # A login's name, or "system" where a pause ended by itself.
    actor = models.CharField(max_length=150)
    reason = models.CharField(max_length=500, blank=True)
    # The message that was written, sent again or given up.
    outbound = models.ForeignKey(
        "agents.OutboundMessage", models.PROTECT, null=True, related_name="acts"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # Read by the conversation page.
            models.Index(fields=["conversation", "id"], name="colleague_act_page_idx")
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
