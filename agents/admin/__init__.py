from __future__ import annotations

from agents.admin.conversation import ConversationAdmin
from agents.admin.hand_off import HandOffAdmin
from agents.admin.outbound import OutboundMessageAdmin
from agents.admin.webhook_event import DeadLetterAdmin, WebhookEventAdmin

__all__ = [
    "ConversationAdmin",
    "DeadLetterAdmin",
    "HandOffAdmin",
    "OutboundMessageAdmin",
    "WebhookEventAdmin",
]
