"""Exactly the items that the agent does not handle are forwarded."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from agents.models import ForwardedItem, ForwardLane, Message, OutboundMessage
from agents.outbound import outbox
from easymo.database import units
from rollout.core.features import Feature
from rollout.flags.cohorts import add_member, make_cohort
from rollout.flags.flags import set_features
from tests import payloads
from tests.agents.forwarding.conftest import forward, take_in, take_in_bytes
from vouchers.models import Profile

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.fakes.legacy import FakeLegacy

pytestmark = pytest.mark.django_db(transaction=True)

ALINE, BOSCO, STRANGER = "+250788123456", "+250788654321", "+250788111222"


def beta() -> None:
    """Turn CHAT on for Aline only; Bosco is a known customer outside the cohort."""
    aline = Profile.objects.create(msisdn=ALINE, name="Aline")
    Profile.objects.create(msisdn=BOSCO, name="Bosco")
    subject = str(aline.public_id)
    make_cohort(name="beta")
    add_member(cohort_name="beta", subject=subject, by="test", reason="a test")
    set_features(
        {Feature.CHAT: True},
        cohorts=["beta"],
        actor="test",
        reason="a test",
        source="command",
    )


def bodies(legacy: FakeLegacy) -> list[str]:
    return sorted(m["text"]["body"] for m in legacy.messages() if "text" in m)


async def test_forward__mixed_batch__only_items_outside_of_the_beta(
    legacy: FakeLegacy,
) -> None:
    # Given
    await units.run(beta)

    # When
    await take_in(
        payloads.text("mine", sender=ALINE),
        payloads.text("outside", sender=BOSCO, name="Bosco"),
        payloads.text("stranger", sender=STRANGER),
        payloads.status("wamid.theirs", recipient=BOSCO),
    )
    await forward()

    # Then
    assert bodies(legacy) == ["outside", "stranger"]
    assert [s["id"] for s in legacy.statuses()] == ["wamid.theirs"]
    assert legacy.unsigned == 0
    for value in legacy.values():
        people = {m["from"] for m in value.get("messages", ())}
        people |= {s["recipient_id"] for s in value.get("statuses", ())}
        assert len(people) == 1
        assert {c["wa_id"] for c in value.get("contacts", ())} <= people
    waiting = await units.run(lambda: list(Message.objects.filter(state="waiting")))
    assert [message.text for message in waiting] == ["mine"]
    assert await units.run(ForwardLane.objects.count) == 0


async def test_forward__same_ids_again__not_forwarded_again(legacy: FakeLegacy) -> None:
    # Given
    items = [payloads.text("a", sender=BOSCO), payloads.status("wamid.theirs")]
    await take_in(*items)
    await forward()

    # When
    await take_in(*reversed(items))
    await forward()

    # Then
    assert len(legacy.messages()) == 1
    assert len(legacy.statuses()) == 1


async def test_forward__not_set_up__nothing_is_queued(
    whatsapp: SettingsWrapper,
) -> None:
    await take_in(payloads.text("a"), payloads.status("wamid.theirs"))

    assert await units.run(ForwardedItem.objects.count) == 0


async def test_forward__synthetic_webhook__not_forwarded(legacy: FakeLegacy) -> None:
    await take_in(payloads.text("a", sender=BOSCO), marked=True)
    await forward()

    assert legacy.came == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (payloads.webhook(payloads.text("a"), phone_number_id="5"), "unknown_number"),
        (payloads.webhook(payloads.text("a"), field="standby"), "unknown_field"),
        (
            payloads.webhook(payloads.text("a")).replace(b"whatsapp_b", b"b"),
            "unknown_object",
        ),
        (payloads.webhook({"id": "m", "type": "text"}), "unreadable"),
    ],
)
async def test_forward__unknown_items__forwarded_unchanged(
    legacy: FakeLegacy, body: bytes, reason: str
) -> None:
    # When
    await take_in_bytes(body)
    await forward()

    # Then
    [taken] = legacy.taken
    assert json.loads(taken) == json.loads(body)
    item = await units.run(ForwardedItem.objects.get)
    assert (item.reason, item.state) == (reason, "sent")


PREFERENCE = {
    "wa_id": STRANGER.removeprefix("+"),
    "category": "marketing_messages",
    "value": "stop",
    "timestamp": 1,
}


@pytest.mark.parametrize(
    "body",
    [
        payloads.webhook(),
        payloads.webhook(field="account_alerts"),
        payloads.webhook(field="user_preferences").replace(
            b'"metadata"',
            b'"user_preferences": [%b], "metadata"' % json.dumps(PREFERENCE).encode(),
        ),
        b'{"object":"instagram","entry":[{"id":"7"}]}',
        b'{"object":"whatsapp_business_account","entry":[7,{"changes":[7]}]}',
        b"{}",
        b"[]",
        b"no JSON",
    ],
)
async def test_forward__neither_message_nor_status__not_forwarded(
    legacy: FakeLegacy, body: bytes
) -> None:
    # When
    await take_in_bytes(body)
    await forward()

    # Then
    assert legacy.came == []
    assert await units.run(ForwardedItem.objects.count) == 0


async def test_forward__status_of_our_message__not_forwarded(
    legacy: FakeLegacy,
) -> None:
    # Given
    await units.run(beta)
    await take_in(payloads.text("mine", sender=ALINE))
    message = await units.run(_outgoing, "sent", b"")

    # When
    await take_in(
        payloads.status("wamid.ours", "delivered", opaque=str(message.public_id))
    )
    await forward()

    # Then
    assert legacy.came == []


async def test_forward__status_during_our_send__held_until_known(
    legacy: FakeLegacy,
) -> None:
    # Given
    await units.run(beta)
    await take_in(payloads.text("mine", sender=ALINE))
    message = await units.run(_outgoing, "sending", None)
    await take_in(payloads.status("wamid.early", "sent", recipient=ALINE))

    # When
    item = await units.run(ForwardedItem.objects.get)
    assert item.held_until is not None
    message.provider_id_hmac, message.state = item.status_hmac, "sent"
    await units.run(message.save)
    await forward()

    # Then
    await units.run(item.refresh_from_db)
    assert item.state == ForwardedItem.State.OURS
    assert legacy.came == []


async def test_forward__feature_off_while_waiting__forwarded_before_later_items(
    legacy: FakeLegacy, switch: Any
) -> None:
    # Given
    await units.run(switch, chat=True)
    await take_in(payloads.text("first", sender=ALINE))
    await units.run(switch, chat=False)

    # When
    await take_in(payloads.text("second", sender=ALINE))
    await forward()

    # Then
    assert [m["text"]["body"] for m in legacy.messages()] == ["first", "second"]
    states = await units.run(lambda: {m.state for m in Message.objects.all()})
    assert states == {"unanswered"}


async def test_forward__group_and_late_messages_of_an_outsider__forwarded(
    legacy: FakeLegacy,
) -> None:
    # When
    await take_in(
        payloads.text("group", sender=BOSCO, group_id="g1"),
        payloads.text("old", sender=BOSCO, at=time.time() - 200_000),
        payloads.message("reaction", {"emoji": "x"}, sender=BOSCO),
    )
    await forward()

    # Then
    assert len(legacy.messages()) == 3


def _outgoing(state: str, hmac: bytes | None) -> OutboundMessage:
    conversation = Message.objects.get().conversation
    row = outbox.enqueue(conversation=conversation, cause="test", body="hello")
    row.state, row.provider_id_hmac = state, hmac or None
    row.save()
    return row
