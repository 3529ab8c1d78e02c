from __future__ import annotations

from agents.admin.api_token import ApiTokenAdmin
from agents.admin.block import BlockAdmin
from agents.admin.conversation import ConversationAdmin
from agents.admin.forward import ForwardedItemAdmin
from agents.admin.hand_off import HandOffAdmin
from agents.admin.identity import ConsentEventAdmin, IdentityClaimAdmin
from agents.admin.media import MediaAdmin
from agents.admin.outbound import OutboundMessageAdmin
from agents.admin.sending_line import SendingLineAdmin
from agents.admin.webhook_event import DeadLetterAdmin, WebhookEventAdmin

__all__ = [
    "ApiTokenAdmin",
    "BlockAdmin",
    "ConsentEventAdmin",
    "ConversationAdmin",
    "DeadLetterAdmin",
    "ForwardedItemAdmin",
    "HandOffAdmin",
    "IdentityClaimAdmin",
    "MediaAdmin",
    "OutboundMessageAdmin",
    "SendingLineAdmin",
    "WebhookEventAdmin",
]
