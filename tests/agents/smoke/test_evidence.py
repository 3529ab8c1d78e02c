from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.models import Conversation, Message, Turn, WebhookEvent
from agents.smoke import evidence
from agents.smoke.deployment import SmokeFailure
from easymo.observability.models import LogLine
from tests import canaries
from vouchers.models import Profile

if TYPE_CHECKING:
    from uuid import UUID

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "ANSWERED_WITHIN_S", 0.0)
    monkeypatch.setattr(evidence, "WRITTEN_WITHIN_S", 0.0)


@pytest.fixture
def cause() -> UUID:
    return uuid.uuid4()


def received(cause: UUID, state: str = "done") -> WebhookEvent:
    return WebhookEvent.objects.create(
        body=b"{}", sha256=b"0" * 32, correlation_id=cause, state=state
    )


def conversation() -> Conversation:
    person = Profile.objects.create(name="Smoke", is_sandbox=True)
    return Conversation.objects.create(profile=person, phone_number_id="1")


def a_turn(cause: UUID, **facts: object) -> Turn:
    return Turn.objects.create(
        conversation=conversation(),
        lease_token=uuid.uuid4(),
        lease_expires_at=timezone.now(),
        correlation_id=cause,
        **facts,
    )


def test_hear__nothing_came__names_the_worker(cause: UUID) -> None:
    with pytest.raises(SmokeFailure, match="There was no reply") as caught:
        evidence.wait_for_reply(cause)

    assert "worker" in caught.value.remedy


def test_hear__stored_for_nobody__names_the_keys(cause: UUID) -> None:
    received(cause)

    with pytest.raises(SmokeFailure, match="does not know our mark") as caught:
        evidence.wait_for_reply(cause)

    assert "EASYMO_KEYS" in caught.value.remedy


def test_hear__stored_and_unanswered__names_the_feature(cause: UUID) -> None:
    Message.objects.create(
        conversation=conversation(),
        event=received(cause),
        provider_id_hmac=b"1" * 32,
        kind="text",
        state=Message.State.UNANSWERED,
        sent_at=timezone.now(),
    )

    with pytest.raises(SmokeFailure, match="not answered") as caught:
        evidence.wait_for_reply(cause)

    assert "FEATURE_AGENT_CHAT" in caught.value.remedy


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"status": "failed", "error_code": "model_down"}, "model_down"),
        ({"status": "done", "outcome": "silent"}, "without a reply"),
    ],
)
def test_hear__the_turn_came_to_nothing__said(
    cause: UUID, facts: dict[str, str], said: str
) -> None:
    a_turn(cause, finished_at=timezone.now(), **facts)

    with pytest.raises(SmokeFailure, match=said):
        evidence.wait_for_reply(cause)


def log(cause: UUID, event: str, **fields: object) -> None:
    LogLine.objects.create(
        correlation_id=cause,
        at=timezone.now(),
        level="info",
        event=event,
        fields=fields,
    )


def test_lines__all_there_and_masked__counted(cause: UUID) -> None:
    log(cause, "a")
    log(cause, "b", profile_id=7)

    assert evidence.check_lines(cause, events=["a"], hidden=["788123456"]) == 2


def test_lines__one_missing__named(cause: UUID) -> None:
    log(cause, "a")

    with pytest.raises(SmokeFailure, match="The log lacks b under our id"):
        evidence.check_lines(cause, events=["a", "b"], hidden=[])


@pytest.mark.parametrize(
    "text",
    [
        canaries.ALINE.msisdn,
        "0788 123 456",
        "(078) 812-3456",
        f"told {canaries.ALINE.name}",
        "4821 9350 6774 1208",
    ],
)
def test_lines__something_personal__roll_back(cause: UUID, text: str) -> None:
    log(cause, "a", said=text)

    with pytest.raises(SmokeFailure, match="unmasked") as caught:
        evidence.check_lines(
            cause,
            events=["a"],
            hidden=["788123456", canaries.ALINE.name, canaries.ALINE.code],
        )

    assert "Roll back" in caught.value.remedy
    assert text not in caught.value.detail
