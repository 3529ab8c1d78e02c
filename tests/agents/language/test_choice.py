"""Every text to a person is in one language, whatever sends it."""

from __future__ import annotations

import ast
import uuid
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from agents.handoff import handoff
from agents.inbound import process_events, routing
from agents.language.choice import language_of, note_language
from agents.language.texts import LANGUAGES
from agents.models import Conversation, Message, OutboundMessage
from agents.notifications import (
    broadcasts,
    expiry_reminders,
    voucher_events,
    voucher_messages,
)
from agents.outcomes import recording, satisfaction
from agents.turns import budgets, fixed_replies
from rollout.models import Observation
from tests import payloads
from tests.agents.cast import Cast, make_cast
from tests.agents.channel import store
from tests.agents.language.spoken import spoken_in
from tests.agents.outcomes.test_recording import MINUTE, talked
from tests.undone import undone
from vouchers.actors import Actor
from vouchers.models import Profile
from vouchers.money import Money
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

AGENTS = Path(__file__).parents[3] / "agents"
NUMBER = "250788100001"
HELLO = {"en": "hello", "fr": "bonjour", "rw": "muraho", "sw": "habari"}
UNCLEAR = ("10000", "V7-KQ3M-82", "bonjour hello", "👍", "ok")


def talk(profile: str = "", before: str = "") -> Conversation:
    return Conversation(profile=Profile(language=profile), language=before)


@pytest.mark.parametrize("text", UNCLEAR)
@pytest.mark.parametrize("before", LANGUAGES)
@pytest.mark.parametrize("profile", ["", *LANGUAGES])
def test_note_language__unclear_message__former_language_stays(
    profile: str, before: str, text: str
) -> None:
    conversation = talk(profile, before)

    assert note_language(conversation, [text]) is False
    assert language_of(conversation) == before


@pytest.mark.parametrize("before", ["", *LANGUAGES])
@pytest.mark.parametrize("profile", ["", *LANGUAGES])
@pytest.mark.parametrize("written", LANGUAGES)
def test_note_language__clear_message__takes_precedence(
    written: str, profile: str, before: str
) -> None:
    conversation = talk(profile, before)

    note_language(conversation, [HELLO["en"], HELLO[written], "10000"])

    assert language_of(conversation) == written


@pytest.mark.parametrize(
    ("profile", "before", "text", "chosen"),
    [
        ("fr", "", "10000", "fr"),
        ("", "", "10000", "en"),
        ("", "", "shakisha 0788000000", "rw"),
        ("en", "", "shakisha 0788000000", "en"),
        ("de", "xx", "10000", "en"),
    ],
)
def test_language_of__nothing_clear__profile_then_weak_words_then_english(
    profile: str, before: str, text: str, chosen: str
) -> None:
    conversation = talk(profile, before)

    note_language(conversation, [text])

    assert language_of(conversation) == chosen


@given(st.lists(st.text(max_size=80), max_size=4))
def test_note_language__any_text__is_one_of_four(texts: list[str]) -> None:
    conversation = talk()

    note_language(conversation, texts)

    assert language_of(conversation) in LANGUAGES


# Senders of texts to a person that no turn answers.


@pytest.fixture
def cast(db: None, whatsapp: SettingsWrapper) -> Cast:
    whatsapp.WA_TEMPLATE_ANNOUNCEMENT = "announcement"
    whatsapp.VOUCHER_REMINDERS = True
    return make_cast()


def chat_of(cast: Cast) -> Conversation:
    return Conversation.objects.select_related("profile").get(pk=cast.aline.chat.pk)


def receive(*items: dict[str, Any]) -> None:
    for item in items:
        store(item)
    process_events.process_stored_events()


def colleague(cast: Cast) -> None:
    facts = {"reason": "tests", "actor": "odette"}
    chat = chat_of(cast)
    handoff.pause(conversation=chat, key=str(uuid.uuid4()), **facts)
    handoff.answer(conversation=chat, text="9", key=str(uuid.uuid4()), **facts)
    handoff.resume(conversation=chat, key=str(uuid.uuid4()), **facts)


def unreadable(_: Cast) -> None:
    receive(payloads.message("unsupported", {"type": "poll_creation"}, sender=NUMBER))


def flood(_: Cast) -> None:
    many = routing.MAX_WAITING + 1
    receive(*(payloads.text("10000", sender=NUMBER) for _ in range(many)))


def stop_and_start(_: Cast) -> None:
    receive(payloads.text("STOP", sender=NUMBER))
    receive(payloads.text("START", sender=NUMBER))


def budget(cast: Cast) -> None:
    budgets.notify_once(chat_of(cast))


def rating(cast: Cast) -> None:
    Message.objects.update(state=Message.State.DONE)
    talked(cast.aline, 11 * MINUTE)
    recording.record_finished()
    pk = Observation.objects.latest("pk").pk
    receive(payloads.button(f"rate:{pk}:yes", "Yes, thank you", sender=NUMBER))


def _issue(cast: Cast, *, by: Profile, to: Profile, amount: int = 5_000) -> Any:
    return issue_voucher(
        customer=to,
        amount=Money(amount, "RWF"),
        actor=Actor.of_profile(by, channel="api"),
        key=f"test:{uuid.uuid4()}",
    )


def owners_notices(cast: Cast) -> None:
    issued = _issue(cast, by=cast.diane.profile, to=cast.aline.profile)
    redeem_voucher(
        voucher_id=issued.voucher.public_id,
        station=cast.kimironko,
        actor=Actor.of_profile(cast.diane.profile, channel="api"),
        key=f"test:{uuid.uuid4()}",
    )
    voucher_events.announce()


def issuers_notice(cast: Cast) -> None:
    Conversation.objects.filter(pk=cast.bosco.chat.pk).update(window_closes_at=None)
    _issue(cast, by=cast.diane.profile, to=cast.bosco.profile)
    voucher_events.announce()


def reminder(cast: Cast) -> None:
    issued = _issue(cast, by=cast.diane.profile, to=cast.aline.profile)
    noon = issued.voucher.expires_at - timedelta(days=7, hours=12)
    assert expiry_reminders.remind(noon) == 1


def announcement(cast: Cast) -> None:
    Conversation.objects.update(window_closes_at=timezone.now() - timedelta(hours=1))
    subject = str(cast.aline.profile.public_id)
    assert (
        broadcasts.send(subject, "News", "Text", f"x:{uuid.uuid4()}").status == "sent"
    )


# The module that queues the messages of each sender.
SENDERS: dict[Callable[[Cast], None], Any] = {
    colleague: handoff,
    unreadable: fixed_replies,
    flood: routing,
    stop_and_start: routing,
    budget: budgets,
    rating: satisfaction,
    owners_notices: voucher_messages,
    issuers_notice: voucher_messages,
    announcement: broadcasts,
    reminder: expiry_reminders,
}
# `close` writes the reply of a turn: tests/agents/turns/test_languages.py.
OF_A_TURN = {"agents.turns.close", "agents.notifications.unrequested"}


# The language of the profile, and the one that the customer wrote in.
LANGUAGE_PAIRS = [
    ("", ""),
    *(("", written) for written in LANGUAGES),
    *((profile, "") for profile in LANGUAGES),
    *zip(LANGUAGES, [*LANGUAGES[1:], LANGUAGES[0]], strict=True),
]


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.__name__)
def test_message__each_sender__in_the_one_language(
    cast: Cast, sender: Callable[[Cast], None]
) -> None:
    """Each language alone by each of both ways, and against one other.

    The choice itself is tried with all pairs above.
    """
    for profile, written in LANGUAGE_PAIRS:
        with undone():
            check_sender(cast, sender, profile, written)


def check_sender(
    cast: Cast, sender: Callable[[Cast], None], profile: str, written: str
) -> None:
    # Given
    reader = cast.diane if sender is issuers_notice else cast.aline
    Profile.objects.filter(pk=reader.profile.pk).update(language=profile)
    number = str(reader.profile.msisdn).removeprefix("+")
    receive(payloads.text(HELLO.get(written, "10000"), sender=number))
    reader.profile.refresh_from_db()
    before = list(OutboundMessage.objects.values_list("pk", flat=True))

    # When
    sender(cast)

    # Then
    expected = written or profile or "en"
    sent = OutboundMessage.objects.filter(conversation=reader.chat)
    sent = sent.exclude(pk__in=before).exclude(cause__startswith="turn:")
    assert sent, (profile, written)
    for message in sent:
        if message.kind == OutboundMessage.Kind.TEMPLATE:
            assert message.extra["language"][:2] == expected
            continue
        assert spoken_in(message.body) == {expected}, message.body
        titles = [button["title"] for button in message.extra.get("buttons", ())]
        assert all(spoken_in(title) == {expected} for title in titles)


def test_message__written_to_a_colleague__decides_on_the_next_text(cast: Cast) -> None:
    # Given
    facts = {"reason": "tests", "actor": "odette"}
    handoff.pause(conversation=chat_of(cast), key="1", **facts)
    receive(payloads.text("bonjour", sender=NUMBER))

    # When
    handoff.resume(conversation=chat_of(cast), key="2", **facts)

    # Then
    [taken, returned] = cast.aline.replies
    assert (spoken_in(taken.body), spoken_in(returned.body)) == ({"en"}, {"fr"})


def test_message__notice_in_one_batch_with_a_message__in_its_language(
    cast: Cast,
) -> None:
    unsupported = payloads.message("unsupported", {"type": "pin"}, sender=NUMBER)

    receive(payloads.text("bonjour", sender=NUMBER), unsupported)

    assert spoken_in(cast.aline.replies[-1].body) == {"fr"}


@pytest.mark.parametrize(
    "item",
    [
        payloads.button("confirm:x", "Yes, do it", sender=NUMBER),
        payloads.text("hello, how are you", sender=NUMBER, context={"forwarded": True}),
    ],
    ids=["button", "forwarded"],
)
def test_message__words_of_others__former_language_stays(
    cast: Cast, item: dict[str, Any]
) -> None:
    receive(payloads.text("bonjour", sender=NUMBER))

    receive(item)

    assert language_of(chat_of(cast)) == "fr"


# Their own tests check the language.
TESTED_WITH_THEIR_PAGES = {
    "agents.calls.apology",
    "agents.calls.whatsapp_copy",
    "agents.notifications.pin_messages",
    "agents.station.sign_in",
}


def test_roads__each_module_that_queues_a_message__has_one() -> None:
    queueing = {
        module
        for module, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"outbox.enqueue", "enqueue_unrequested"}
    }

    senders = {m.__name__ for m in SENDERS.values()}
    assert queueing == senders | OF_A_TURN | TESTED_WITH_THEIR_PAGES


# They show, store or erase the language, and choose none.
NO_CHOICE = {
    "agents.offline.grammar",
    # A claim's language, not a person's.
    "agents.calls.database_services",
    "agents.operations.demonstration",
    "agents.inbound.receive_message",
    "agents.inbound.routing",
    "agents.management.commands.profile",
}
PERSONS = {"conversation", "profile", "person", "held", "found", "chat"}


def test_choice__language_of_a_person__read_in_one_module() -> None:
    reading = {
        module
        for module, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "language"
        and ast.unparse(node.value).split(".")[-1] in PERSONS
    }

    assert reading - NO_CHOICE == {"agents.language.choice"}


def _modules() -> list[tuple[str, ast.Module]]:
    return [
        (
            ".".join(path.relative_to(AGENTS.parent).with_suffix("").parts),
            ast.parse(path.read_text(encoding="utf-8")),
        )
        for path in AGENTS.rglob("*.py")
        if "migrations" not in path.parts
    ]
