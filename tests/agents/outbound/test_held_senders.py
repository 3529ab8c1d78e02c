"""One bad message holds its sender once; a real stop loses and repeats nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.inbound import process_events
from agents.models import Conversation, HandOff, OutboundMessage, SendingLine
from agents.outbound import circuit_breaker
from agents.whatsapp.error_table import CODES, Scope
from agents.whatsapp.graph_client import Template
from rollout.models import Incident, Notice
from tests import payloads
from tests.agents.channel import post
from tests.agents.outbound.delivering import deliver, make_conversation, say
from tests.fakes import graph as fake

if TYPE_CHECKING:
    from tests.fakes.graph import FakeGraph

State = OutboundMessage.State
# Each rule that holds a sender, by a code in the answer and by one in a status.
# tests/agents/whatsapp/test_error_table.py: all codes of a rule have the same effects.
HOLDING = [
    pytest.param(code, by_status, id=f"{code}-{by_status}")
    for rule, codes in CODES.items()
    if rule.scope in {Scope.NUMBER, Scope.ACCOUNT}
    for code, by_status in ((codes[0], False), (codes[-1], True))
]
# Codes of the account and of the number.
STOPPING = (0, 190, 131042, 131048, 133010)
PEOPLE = 3


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.outbound.sending.LONGEST_WAIT_S", 0.0)


def pause_ends() -> None:
    """End every pause of a sender and of a message, as time would."""
    now = timezone.now()
    SendingLine.objects.update(held_until=now)
    SendingLine.objects.exclude(probe_id=None).update(probe_expires_at=now)
    OutboundMessage.objects.exclude(next_attempt_at=None).update(next_attempt_at=now)


def people(count: int = PEOPLE) -> list[Conversation]:
    return [make_conversation(msisdn=f"+2507886543{n:02}") for n in range(count)]


def states(of: str) -> set[str]:
    found = OutboundMessage.objects.filter(body__contains=of)
    return set(found.values_list("state", flat=True))


@pytest.mark.parametrize(("code", "by_status"), HOLDING)
def test_poison_message__others_wait_one_pause_at_most(
    graph: FakeGraph, conversation: Conversation, code: int, by_status: bool
) -> None:
    # Given: a message that is refused every time, and messages of others
    if not by_status:
        graph.poison["poison"] = fake.refuse(code)
    say(conversation, "poison")
    others = people()
    for n, other in enumerate(others):
        say(other, f"good {n}")

    def run_workers() -> None:
        """Deliver the bad message first, as a worker may, and those that wait."""
        for each in (conversation, *others[-PEOPLE:]):
            deliver(each)
        for taken in graph.sent[run_workers.seen :]:  # type: ignore[attr-defined]
            if by_status:
                is_bad = taken.text == "poison"
                error = {"error": code} if is_bad else {}
                state = "failed" if is_bad else "sent"
                post(graph.status_webhook(taken, state, **error))
        run_workers.seen = len(graph.sent)  # type: ignore[attr-defined]
        process_events.process_stored_events()

    run_workers.seen = 0  # type: ignore[attr-defined]

    # When: it is refused, and one pause ends
    run_workers()
    pause_ends()
    run_workers()
    # The probe lifts the stop; the others need no further pause.
    run_workers()

    # Then
    assert states("good") == {State.SENT}

    # When: it is tried until it has had its attempts
    for n in range(7):
        pause_ends()
        other = make_conversation(msisdn=f"+2507886544{n:02}")
        others.append(other)
        say(other, f"late good {n}")
        run_workers()
        run_workers()
        # Then: no one else waits any more
        assert states("late") == {State.SENT}, n
    assert states("poison") == {State.FAILED}
    assert HandOff.objects.filter(conversation=conversation).count() == 1
    assert not SendingLine.objects.filter(holds__gt=0).exists()
    texts = [taken.text for taken in graph.sent if taken.text != "poison"]
    assert len(texts) == len(set(texts)), "repeated"


@pytest.mark.parametrize("code", [190, 133010])
def test_poison_message__others_wait__is_not_the_probe(
    graph: FakeGraph, conversation: Conversation, code: int
) -> None:
    # Given: a real stop, which the first message met
    graph.poison["m"] = fake.refuse(code)
    others = people()
    for each in (conversation, *others):
        say(each, f"m of {each.pk}")

    # When: five pauses end
    for _ in range(5):
        for each in (conversation, *others):
            deliver(each)
        pause_ends()

    # Then: one probe a pause, each by the message that was refused least often
    tried = [refused["text"]["body"] for refused in graph.refused]
    assert tried[:4] == [f"m of {each.pk}" for each in (conversation, *others)]
    assert len(tried) == 5
    assert states("m") == {State.QUEUED}
    assert Incident.objects.count() == 1

    # When: the trouble ends
    graph.poison.clear()
    for _ in range(2):
        pause_ends()
        for each in (conversation, *others):
            deliver(each)

    # Then
    assert sorted(taken.text for taken in graph.sent) == sorted(tried[:4])


@pytest.mark.parametrize(
    ("answer", "is_sent"),
    [
        (fake.refuse(131042), False),
        (fake.refuse(190, 401), False),
        (fake.raw(b'{"health_status": {"can_send_message": "BLOCKED"}}'), False),
        (fake.raw(b'{"health_status": {"can_send_message": "AVAILABLE"}}'), True),
        (fake.raw(b'{"health_status": null}'), True),
        (fake.raw(b"<html>", 502), True),
        (fake.refuse(10, 403), True),
        (fake.refuse(100, 400), True),
        (fake.drop(), True),
    ],
)
def test_probe__no_other_message__meta_is_asked_first(
    graph: FakeGraph, conversation: Conversation, answer: fake.Script, is_sent: bool
) -> None:
    # Given
    graph.script(fake.refuse(131042))
    message = say(conversation, "alone")
    deliver(conversation)
    pause_ends()

    # When
    graph.script(answer)
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert message.state == (State.SENT if is_sent else State.QUEUED)
    assert SendingLine.objects.filter(holds__gt=0).exists() != is_sent
    # An attempt that did not take place does not count.
    assert message.attempts == int(is_sent)


def test_probe__account_and_number_stopped__one_probe_lifts_both(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    graph.script(fake.refuse(190), fake.refuse(133010))
    first, second = people(2)
    say(first, "first")
    say(second, "second")
    deliver(first)
    pause_ends()
    deliver(second)
    assert SendingLine.objects.filter(is_open=True).count() == 2

    # When
    say(conversation, "third")
    pause_ends()
    deliver(conversation)

    # Then
    assert not SendingLine.objects.filter(is_open=True).exists()
    assert set(Incident.objects.values_list("status", flat=True)) == {"mitigated"}


def test_other_probe__cannot_be_sent__the_first_message_is_tried_after_a_while(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given: another message waits that no worker takes
    graph.script(fake.refuse(190))
    say(conversation, "first")
    say(people(1)[0], "other")
    deliver(conversation)

    # When
    pause_ends()
    deliver(conversation)
    assert graph.sent == []
    long_ago = timezone.now() - circuit_breaker.OTHERS_FIRST
    SendingLine.objects.update(held_until=long_ago)
    deliver(conversation)

    # Then
    assert [taken.text for taken in graph.sent] == ["first"]


def test_close_manually__trouble_goes_on__stopped_again(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    graph.script(fake.refuse(190), fake.refuse(190))
    message = say(conversation, "first")
    deliver(conversation)

    # When
    sender = SendingLine.objects.get()
    circuit_breaker.close_manually(sender=sender, reason="new token", actor="odette")
    deliver(conversation)

    # Then
    sender.refresh_from_db()
    message.refresh_from_db()
    assert (sender.is_open, message.attempts) == (True, 0)
    assert Incident.objects.get().status == "open"


# What a status webhook alone tells of a number or an account.


@pytest.mark.parametrize("code", STOPPING)
def test_status__account_trouble__held_told_probed_lifted(
    graph: FakeGraph, conversation: Conversation, code: int
) -> None:
    # Given: Meta accepts everything, and reports the trouble afterwards
    others = people()
    everyone = [conversation, *others]
    for each in everyone:
        say(each, f"m{each.pk}")

    def deliver_all(times: int = 1) -> None:
        for each in everyone * times:
            deliver(each)

    def report(state: str, since: int = 0) -> None:
        error = {"error": code} if state == "failed" else {}
        # Twice: webhooks are delivered at least once.
        for taken in graph.sent[since:] * 2:
            post(graph.status_webhook(taken, state, **error))
        process_events.process_stored_events()

    deliver_all()
    report("failed")

    # Then: held and told once, and nothing is lost
    assert states("m") == {State.QUEUED}
    deliver_all()
    assert len(graph.sent) == len(everyone)
    assert Incident.objects.get().severity == "high"
    assert Notice.objects.filter(incident__severity="high").count() == 1

    # When: two probes fail by their status
    for pause in range(1, 3):
        pause_ends()
        since = len(graph.sent)
        deliver_all(2)
        assert len(graph.sent) == len(everyone) + pause, "one probe a pause"
        report("failed", since)
    sender = SendingLine.objects.get(is_open=True)
    assert sender.held_until > timezone.now() + timedelta(seconds=150)

    # When: the third one arrives
    pause_ends()
    since = len(graph.sent)
    deliver_all()
    assert len(graph.sent) == since + 1
    assert SendingLine.objects.get(is_open=True).holds == 3
    report("sent", since)

    # Then
    assert Incident.objects.get().status == "mitigated"
    deliver_all()
    report("sent", since)
    assert states("m") == {State.SENT}
    texts = [taken.text for taken in graph.sent[since:]]
    assert sorted(texts) == sorted(f"m{each.pk}" for each in everyone)
    assert not HandOff.objects.exists()


@pytest.mark.parametrize(
    ("code", "sender"),
    [(131031, "account"), (131042, "account"), (133010, payloads.PHONE_NUMBER_ID)],
)
def test_webhook__errors_without_a_message__held_and_told(
    graph: FakeGraph, conversation: Conversation, code: int, sender: str
) -> None:
    # Given
    envelope = payloads.envelope()
    value = envelope["entry"][0]["changes"][0]["value"]
    value["errors"] = [{"code": code, "title": "scripted"}]

    # When
    post(payloads.dumps(envelope))
    process_events.process_stored_events()
    say(conversation, "hello")
    deliver(conversation)

    # Then
    assert graph.sent == []
    assert list(
        SendingLine.objects.filter(is_open=True).values_list("pk", flat=True)
    ) == [sender]
    assert Incident.objects.get().severity == "high"

    # When
    pause_ends()
    deliver(conversation)
    post(graph.status_webhook(graph.sent[0], "sent"))
    process_events.process_stored_events()

    # Then
    assert not SendingLine.objects.filter(is_open=True).exists()


def test_webhook__errors_without_a_message_again__one_hold_and_one_notice(
    conversation: Conversation,
) -> None:
    envelope = payloads.envelope()
    value = envelope["entry"][0]["changes"][0]["value"]

    for title in ("first", "second", "third"):
        value["errors"] = [{"code": 131031, "title": title}]
        post(payloads.dumps(envelope))
        process_events.process_stored_events()

    assert SendingLine.objects.get(is_open=True).holds == 1
    assert Notice.objects.filter(incident__severity="high").count() == 1


@pytest.mark.parametrize("code", [130429, 131000, 131026, 130497, 987654])
def test_webhook__other_errors_without_a_message__nothing_held(
    graph: FakeGraph, conversation: Conversation, code: int
) -> None:
    envelope = payloads.envelope()
    envelope["entry"][0]["changes"][0]["value"]["errors"] = [{"code": code}]

    post(payloads.dumps(envelope))
    process_events.process_stored_events()
    say(conversation, "hello")
    deliver(conversation)

    assert [taken.text for taken in graph.sent] == ["hello"]


def test_template__refused__told_once_and_others_go_on(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    template = Template("voucher", "en", ("x",))
    graph.poison["voucher"] = fake.refuse(132015)
    others = people(2)

    # When
    for n, each in enumerate((conversation, *others)):
        say(each, f"template {n}", template=template)
        deliver(each)
        say(each, f"text {n}")
        deliver(each)

    # Then
    assert [taken.text for taken in graph.sent] == ["text 0", "text 1", "text 2"]
    incident = Incident.objects.get()
    assert (incident.severity, incident.notices.count()) == ("medium", 1)
    assert HandOff.objects.count() == 3
