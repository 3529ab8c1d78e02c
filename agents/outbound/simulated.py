"""Simulated delivery to sandbox customers: never sent to the Graph API."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.utils import timezone

from agents.core.code_redaction import drop_delivered_codes, restore_codes
from agents.models import OutboundMessage, SimulatedDelivery
from easymo import keys
from easymo.observability.logs import get_logger

logger = get_logger(__name__)

PURPOSE = "simulated-delivery"
State = OutboundMessage.State


@dataclass(frozen=True, slots=True)
class SimulatedMessage:
    """A message as the simulator shows it."""

    body: str
    # (id, title)
    buttons: tuple[tuple[str, str], ...]


def deliver(message: OutboundMessage) -> None:
    """Deliver the message to the simulator; the caller holds its row."""
    now = timezone.now()
    extra = message.extra
    if message.kind == OutboundMessage.Kind.TEMPLATE:
        body = message.body or " · ".join(extra["parameters"])
    else:
        body = message.body
    buttons = [[button["id"], button["title"]] for button in extra.get("buttons", ())]
    plain = json.dumps({"body": restore_codes(body), "buttons": buttons}).encode()
    SimulatedDelivery.objects.create(
        outbound=message,
        body_sealed=keys.seal(PURPOSE, plain, context=message.public_id.bytes),
    )
    message.state = State.DELIVERED
    message.attempts += 1
    message.handed_over_at = message.delivered_at = now
    message.lease_expires_at = message.next_attempt_at = None
    message.save(
        update_fields=[
            "state",
            "attempts",
            "handed_over_at",
            "delivered_at",
            "lease_expires_at",
            "next_attempt_at",
        ]
    )
    drop_delivered_codes(message)
    logger.info(
        "ai.whatsapp.send.success",
        outbound_id=message.pk,
        simulated=True,
        correlation_id=str(message.correlation_id),
    )


def open_delivery(delivery: SimulatedDelivery) -> SimulatedMessage:
    """Unseal a simulated delivery."""
    plain = keys.unseal(
        PURPOSE, bytes(delivery.body_sealed), context=delivery.outbound.public_id.bytes
    )
    content = json.loads(plain)
    return SimulatedMessage(
        body=content["body"],
        buttons=tuple((entry[0], entry[1]) for entry in content["buttons"]),
    )
