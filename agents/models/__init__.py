from __future__ import annotations

from agents.models.announcement import Announcement
from agents.models.api_token import ApiToken
from agents.models.block import Block
from agents.models.carried_code import CarriedCode
from agents.models.colleague_act import ColleagueAct
from agents.models.consent import ConsentEvent
from agents.models.conversation import Conversation, HandOff
from agents.models.forward import (
    ForwardedBody,
    ForwardedItem,
    ForwardLane,
    ForwardTarget,
)
from agents.models.idempotent_call import IdempotentCall
from agents.models.identity import Identity
from agents.models.identity_claim import IdentityClaim
from agents.models.media import Media, MediaOpening, MediaPart
from agents.models.message import (
    Message,
    MessageStatus,
    OutboundMessage,
    SeenMessage,
    SimulatedDelivery,
)
from agents.models.pending_action import PendingAction
from agents.models.realtime_event import RealtimeEvent
from agents.models.sandbox_media import SandboxMedia
from agents.models.sending_line import SendingLine, SendingRate
from agents.models.tool_rate import ToolRate
from agents.models.turn import ToolCall, Turn
from agents.models.webhook_event import DeadLetter, WebhookEvent

__all__ = [
    "Announcement",
    "ApiToken",
    "Block",
    "CarriedCode",
    "ColleagueAct",
    "ConsentEvent",
    "Conversation",
    "DeadLetter",
    "ForwardLane",
    "ForwardTarget",
    "ForwardedBody",
    "ForwardedItem",
    "HandOff",
    "IdempotentCall",
    "Identity",
    "IdentityClaim",
    "Media",
    "MediaOpening",
    "MediaPart",
    "Message",
    "MessageStatus",
    "OutboundMessage",
    "PendingAction",
    "RealtimeEvent",
    "SandboxMedia",
    "SeenMessage",
    "SendingLine",
    "SendingRate",
    "SimulatedDelivery",
    "ToolCall",
    "ToolRate",
    "Turn",
    "WebhookEvent",
]
