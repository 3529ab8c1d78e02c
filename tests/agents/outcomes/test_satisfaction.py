from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from agents.identity import consent
from agents.inbound import process_events
from agents.language.texts import LANGUAGES, render
from agents.models import Conversation, HandOff, Message, OutboundMessage
from agents.outcomes import recording, satisfaction
from rollout.core.features import Feature
from rollout.flags.flags import set_features
from rollout.models import MetricRollup, Observation
from tests import payloads
from tests.agents.cast import Cast, make_cast
from tests.agents.channel import jobs, store
from tests.agents.outcomes.test_recording import MINUTE, talked
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def asked() -> list[OutboundMessage]:
    return list(OutboundMessage.objects.filter(cause__startswith=satisfaction.CAUSE))


def press(word: str, *, observation: int | None = None) -> None:
    number = observation or Observation.objects.latest("pk").pk
    store(payloads.button(f"rate:{number}:{word}", sender="+250788100001"))
    process_events.process_stored_events()


def test_ask__after_a_conversation__asks_once_with_two_buttons(cast: Cast) -> None:
    talked(cast.aline, 11 * MINUTE)

    recording.record_finished()
    recording.record_finished()

    [question] = asked()
    pk = Observation.objects.get().pk
    assert question.body == render("satisfaction.ask", "en")
    assert [b["id"] for b in question.extra["buttons"]] == [
        f"rate:{pk}:yes",
        f"rate:{pk}:no",
    ]
    assert jobs("agents.tasks.deliver") == [{"conversation_id": cast.aline.chat.pk}]


def test_ask__within_seven_days__does_not_ask_again(cast: Cast) -> None:
    for days, times in ((6.9, 1), (7.1, 2)):
        talked(cast.aline, 11 * MINUTE)
        Conversation.objects.filter(pk=cast.aline.chat.pk).update(
            satisfaction_asked_at=timezone.now() - timedelta(days=days)
        )
        if times == 1:
            recording.record_finished()
            assert asked() == []
    recording.record_finished()
    assert len(asked()) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_ask__in_the_customers_language(cast: Cast, language: str) -> None:
    Conversation.objects.filter(pk=cast.aline.chat.pk).update(language=language)
    talked(cast.aline, 11 * MINUTE)

    recording.record_finished()

    assert asked()[0].body == render("satisfaction.ask", language)


def stopped(cast: Cast) -> None:
    consent.record_consent(
        profile=cast.aline.profile,
        kind=consent.Kind.STOP,
        source=consent.Source.WORDS,
        cause="message:1",
    )


def change(**facts: Any) -> Callable[[Cast], None]:
    def apply(cast: Cast) -> None:
        Conversation.objects.filter(pk=cast.aline.chat.pk).update(**facts)

    return apply


def switched_off(cast: Cast) -> None:
    set_features({Feature.CHAT: False}, actor="tests", reason="tests", source="command")


def inactive(cast: Cast) -> None:
    Profile.objects.filter(pk=cast.aline.profile.pk).update(is_active=False)


def waits_for_a_person(cast: Cast) -> None:
    HandOff.objects.create(profile=cast.aline.profile, kind=HandOff.Kind.ASKED)


@pytest.mark.parametrize(
    "spoil",
    [
        stopped,
        switched_off,
        inactive,
        waits_for_a_person,
        change(window_closes_at=None),
        change(window_closes_at=timezone.now() + timedelta(minutes=10)),
        change(paused_at=timezone.now()),
        change(is_synthetic=True),
    ],
    ids=[
        "stop",
        "off",
        "inactive",
        "waits",
        "no-window",
        "closing",
        "paused",
        "synthetic",
    ],
)
def test_ask__not_allowed__not_asked(cast: Cast, spoil: Callable[[Cast], None]) -> None:
    talked(cast.aline, 11 * MINUTE)
    spoil(cast)

    assert recording.record_finished() == 1

    assert asked() == []


def test_ask__a_sandbox_person_in_the_demonstration__is_asked(
    cast: Cast, settings: SettingsWrapper
) -> None:
    settings.DEMONSTRATION = True
    change(is_synthetic=True)(cast)
    talked(cast.aline, 11 * MINUTE)

    recording.record_finished()

    assert len(asked()) == 1


def test_ask__old_conversation__not_asked(cast: Cast) -> None:
    talked(cast.aline, timedelta(hours=2))

    assert recording.record_finished() == 1

    assert asked() == []


@pytest.mark.parametrize(
    ("word", "satisfied", "text"),
    [("yes", True, "satisfaction.thanks"), ("no", False, "satisfaction.sorry")],
)
def test_take_answer__press__stored_and_thanked_without_a_turn(
    cast: Cast, word: str, satisfied: bool, text: str
) -> None:
    talked(cast.aline, 11 * MINUTE)
    recording.record_finished()

    press(word)

    assert Observation.objects.get().satisfied is satisfied
    rollup = MetricRollup.objects.get()
    assert (rollup.satisfied, rollup.dissatisfied) == (satisfied, not satisfied)
    assert OutboundMessage.objects.latest("pk").body == render(text, "en")
    assert Message.objects.latest("pk").state == Message.State.DONE
    assert jobs("agents.tasks.turn") == []


def test_take_answer__pressed_again__first_counts_and_no_reply(
    cast: Cast,
) -> None:
    talked(cast.aline, 11 * MINUTE)
    recording.record_finished()
    press("yes")
    said = OutboundMessage.objects.count()

    press("no")

    assert Observation.objects.get().satisfied is True
    assert OutboundMessage.objects.count() == said


@pytest.mark.parametrize("word", ["perhaps", "", "yes:no"])
def test_take_answer__unknown_button__ignored(cast: Cast, word: str) -> None:
    talked(cast.aline, 11 * MINUTE)
    recording.record_finished()

    press(word)

    assert Observation.objects.get().satisfied is None


def test_take_answer__another_customers_conversation__ignored(
    cast: Cast,
) -> None:
    talked(cast.bosco, 11 * MINUTE)
    recording.record_finished()

    press("no")

    assert Observation.objects.get().satisfied is None
