from __future__ import annotations

from agents.models.api import ApiToken, IdempotentCall, ToolRate
from agents.models.call import Call, CallClaim, CallEvent, CallUsage
from agents.models.content import ContentDraft, ContentVersion
from agents.models.conversation import ColleagueAct, Conversation, HandOff
from agents.models.erasure import MentionSearch
from agents.models.forwarding import (
    ForwardedBody,
    ForwardedItem,
    ForwardLane,
    ForwardTarget,
)
from agents.models.identity import Block, ConsentEvent, Identity, IdentityClaim
from agents.models.inbox import InboxEntry
from agents.models.media import Media, MediaOpening, MediaPart, SandboxMedia
from agents.models.message import Message, SeenMessage
from agents.models.outbound import (
    Announcement,
    CarriedCode,
    MessageStatus,
    OutboundMessage,
    SendingLine,
    SendingRate,
    SimulatedDelivery,
)
from agents.models.pin import CallerPinCount, PhonePin, PinLink
from agents.models.reminder import ReminderRun
from agents.models.reply import ApprovedTemplate, CannedReply
from agents.models.sentence import TaughtSentence
from agents.models.station_code import StationCode
from agents.models.turn import PendingAction, ToolCall, Turn
from agents.models.webhook_event import DeadLetter, RealtimeEvent, WebhookEvent

__all__ = [
    "Announcement",
    "ApiToken",
    "ApprovedTemplate",
    "Block",
    "Call",
    "CallClaim",
    "CallEvent",
    "CallUsage",
    "CallerPinCount",
    "CannedReply",
    "CarriedCode",
    "ColleagueAct",
    "ConsentEvent",
    "ContentDraft",
    "ContentVersion",
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
    "InboxEntry",
    "Media",
    "MediaOpening",
    "MediaPart",
    "MentionSearch",
    "Message",
    "MessageStatus",
    "OutboundMessage",
    "PendingAction",
    "PhonePin",
    "PinLink",
    "RealtimeEvent",
    "ReminderRun",
    "SandboxMedia",
    "SeenMessage",
    "SendingLine",
    "SendingRate",
    "SimulatedDelivery",
    "StationCode",
    "TaughtSentence",
    "ToolCall",
    "ToolRate",
    "Turn",
    "WebhookEvent",
]
