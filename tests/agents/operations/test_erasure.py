from __future__ import annotations

import subprocess
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from agents.handoff import handoff
from agents.models import (
    Block,
    Conversation,
    HandOff,
    Identity,
    Message,
    OutboundMessage,
    ToolCall,
    Turn,
    WebhookEvent,
)
from agents.operations import erasure
from easymo.development.binaries import programs
from rollout.flags import cohorts
from rollout.models import CohortMember
from tests.agents.cast import make_cast
from vouchers.actors import Actor
from vouchers.audit import verify as audit
from vouchers.models import Erasure, Profile, Voucher, VoucherEvent, VoucherNote
from vouchers.money import Money
from vouchers.services.issue import issue_voucher
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from tests.agents.cast import Cast

NAME, NUMBER, BSUID = "Aline Uwamahoro", "+250788100001", "RW.20417793355801246"
CANARIES = (NAME, "Uwamahoro", "788100001", "788 100 001", BSUID, "green bicycle")


@pytest.fixture
def cast(committed_db: str) -> Cast:
    cast = make_cast()
    cast.aline.profile.name = NAME
    cast.aline.profile.save()
    return cast


def leave_traces(cast: Cast) -> Voucher:
    """Let Aline be named wherever a person can be."""
    voucher = issue_voucher(
        customer=cast.aline.profile,
        amount=Money(10_000, "RWF"),
        actor=Actor.of_profile(cast.diane.profile, channel="whatsapp"),
        key=f"test:{uuid.uuid4()}",
    ).voucher
    Identity.objects.create(
        kind=Identity.Kind.BSUID, value=BSUID, profile=cast.aline.profile
    )
    event = WebhookEvent.objects.create(
        body=f'{{"from": "{NUMBER[1:]}", "name": "{NAME}"}}'.encode(),
        sha256=b"x" * 32,
        correlation_id=uuid.uuid4(),
        state=WebhookEvent.State.DONE,
    )
    for name in ("beta", "pilot"):
        cohorts.make_cohort(name=name)
        cohorts.add_member(name, str(cast.aline.profile.public_id), "test")
    message = cast.aline.writes("I lost my green bicycle")
    Message.objects.filter(pk=message.pk).update(
        event=event, provider_id="wamid.788100001"
    )
    cast.diane.writes("create voucher 10000 for 0788 100 001")
    for person in (cast.aline, cast.diane):
        turn = Turn.objects.create(
            conversation=person.chat,
            lease_token=uuid.uuid4(),
            lease_expires_at=timezone.now() + timedelta(minutes=1),
            correlation_id=uuid.uuid4(),
            items=[{"role": "user", "content": f"about {NAME}"}],
        )
        ToolCall.objects.create(
            turn=turn,
            ordinal=0,
            name="lookup_customer",
            arguments={"msisdn": NUMBER},
            result={"name": NAME},
        )
        OutboundMessage.objects.create(
            conversation=person.chat, cause=str(uuid.uuid4()), body=f"For {NAME}."
        )
    HandOff.objects.create(
        kind=HandOff.Kind.ASKED,
        profile=cast.aline.profile,
        conversation=cast.aline.chat,
        reason="green bicycle",
    )
    handoff.pause(
        conversation=cast.aline.chat, reason=f"{NAME} asked", actor="odette", key="k"
    )
    Block.objects.create(
        profile=cast.aline.profile, reason=f"{NAME} shouts", blocked_by="odette"
    )
    User.objects.create(username="odette")
    LogEntry.objects.log_actions(
        User.objects.get().pk,
        [cast.aline.profile],
        CHANGE,
        change_message=f"Stored: {NAME}",
        single_object=True,
    )
    return voucher


def void(voucher: Voucher) -> None:
    void_voucher(
        voucher_id=voucher.public_id,
        reason=f"{NAME} brought it back",
        actor=Actor.of_user(User.objects.get()),
        key=f"test:{uuid.uuid4()}",
    )


def dump(url: str) -> str:
    """Return everything that the database holds, as a thief would."""
    done = subprocess.run(
        [programs() / "pg_dump", "--inserts", "--dbname", url],
        capture_output=True,
        check=True,
        timeout=60,
    )
    return done.stdout.decode(errors="replace")


def test_erase__person_with_a_history__dump_holds_nothing_of_her(
    cast: Cast, committed_db: str
) -> None:
    # Given
    voucher = leave_traces(cast)
    void(voucher)
    before = list(VoucherEvent.objects.order_by("id").values())
    held = dump(committed_db)

    # When
    call_command(
        "profile", "erase", "0788100001", "--reason", "The customer asked for it."
    )

    # Then
    left = dump(committed_db)
    assert all(canary in held for canary in CANARIES)
    assert {canary for canary in CANARIES if canary in left} == set()
    assert list(VoucherEvent.objects.order_by("id").values()) == before
    assert audit.verify().broken == []
    assert VoucherNote.objects.count() == 0
    assert Turn.objects.get(conversation=cast.aline.chat).status == "abandoned"
    forgotten = Profile.objects.get(pk=cast.aline.profile.pk)
    assert forgotten.erased_at is not None
    assert not CohortMember.objects.filter(subject=str(forgotten.public_id)).exists()
    assert str(forgotten) == f"Forgotten person {forgotten.pk}"
    done = Erasure.objects.get()
    assert (done.actor, done.reason) == ("command line", "The customer asked for it.")


def test_erase__others__keep_what_is_not_about_her(cast: Cast) -> None:
    # Given
    void(leave_traces(cast))
    cast.bosco.writes("hello, it is me")

    # When
    erasure.erase_person(
        profile=cast.aline.profile, reason="The customer asked.", actor="odette"
    )

    # Then
    assert Message.objects.get(conversation=cast.bosco.chat).text == "hello, it is me"
    assert Profile.objects.get(pk=cast.bosco.profile.pk).name == "Bosco"


def test_erase__live_voucher__refused_and_nothing_changed(cast: Cast) -> None:
    # Given
    voucher = leave_traces(cast)

    # When
    with pytest.raises(CommandError, match=rf"void or decline .*{voucher.reference}"):
        call_command("profile", "erase", NUMBER, "--reason", "The customer asked.")

    # Then
    assert Profile.objects.get(pk=cast.aline.profile.pk).name == NAME
    assert Erasure.objects.count() == 0
    assert Message.objects.filter(text="I lost my green bicycle").exists()


@pytest.mark.parametrize(
    "reason", ["", "  ", "x" * 501, "a\nb", f"{NAME} asked", "for 0788 100 001"]
)
def test_erase__reason_that_may_not_be_kept__refused(cast: Cast, reason: str) -> None:
    # When
    with pytest.raises(CommandError):
        call_command("profile", "erase", NUMBER, "--reason", reason)

    # Then
    assert Profile.objects.get(pk=cast.aline.profile.pk).name == NAME


def test_erase__twice_and_back_again__a_new_person(cast: Cast) -> None:
    # Given
    again = {
        "profile": cast.aline.profile,
        "reason": "The customer asked.",
        "actor": "odette",
    }
    first = erasure.erase_person(**again)

    # When
    second = erasure.erase_person(**again)
    back = Profile.objects.create(msisdn=NUMBER, name="Aline")

    # Then
    assert first is not None
    assert second is None
    assert back.pk != cast.aline.profile.pk
    with pytest.raises(handoff.PersonErased):
        handoff.answer(
            conversation=cast.aline.chat, text="hi", reason="r", actor="o", key="k"
        )


def test_sweep_erased__message_that_came_meanwhile__forgotten(cast: Cast) -> None:
    # Given
    erasure.erase_person(
        profile=cast.aline.profile, reason="The customer asked.", actor="odette"
    )
    cast.aline.writes("green bicycle")

    # When
    count = erasure.sweep_erased()

    # Then
    assert count == 1
    assert Message.objects.get().text == ""
    assert Conversation.objects.get(pk=cast.aline.chat.pk).memory == {}
