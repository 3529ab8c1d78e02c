from __future__ import annotations

import random
from typing import Any

from agents.realtime import provider as neutral
from agents.realtime.provider import Line
from agents.realtime.writer import ALREADY_ACTIVE, State, Writer

GREETING = Line("greeting", "Hello, this is an automated assistant.")


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def after(writer: Writer, event: neutral.VoiceEvent) -> list[dict[str, Any]]:
    writer.observe(event)
    return writer.flush()


def started(writer: Writer, asked: dict[str, Any], response: str = "r1") -> None:
    after(writer, neutral.ResponseStarted(response, asked["event_id"]))


def test_want_response__idle__asks_once() -> None:
    writer = Writer()

    assert kinds(writer.want_response()) == ["response.create"]
    assert writer.state is State.RESPONDING
    assert writer.want_response() == []


def test_want_response__several_while_responding__become_one_after_it() -> None:
    # Given
    writer = Writer()
    [asked] = writer.want_response()
    started(writer, asked)

    # When
    assert [writer.want_response() for _ in range(3)] == [[], [], []]
    sent = after(writer, neutral.ResponseEnded("r1", "completed"))

    # Then
    assert kinds(sent) == ["response.create"]
    assert writer.is_waiting is False


def test_want_response__while_the_caller_speaks__waits_for_their_end() -> None:
    # Given
    writer = Writer()
    after(writer, neutral.CallerStarted("i1"))

    # When / Then
    assert writer.want_response() == []
    assert writer.state is State.CALLER_SPEAKING
    assert kinds(after(writer, neutral.CallerStopped("i1"))) == ["response.create"]
    assert after(writer, neutral.CallerCommitted("i1")) == []


def test_observe__refused_for_an_active_response__asks_once_after_it() -> None:
    # Given: the provider makes a response of its own that it did not show yet.
    writer = Writer()
    [asked] = writer.want_response()

    # When
    fault = neutral.ProviderFault(ALREADY_ACTIVE, event_id=asked["event_id"])
    assert after(writer, fault) == []
    assert writer.state is State.RESPONDING
    sent = after(writer, neutral.ResponseEnded("other", "completed"))

    # Then
    assert kinds(sent) == ["response.create"]


def test_observe__a_refused_line__is_said_after_the_active_response() -> None:
    # Given
    writer = Writer()
    [asked] = writer.want_line(GREETING)
    after(writer, neutral.ResponseStarted("other"))

    # When
    after(writer, neutral.ProviderFault(ALREADY_ACTIVE, event_id=asked["event_id"]))
    [again] = after(writer, neutral.ResponseEnded("other", "completed"))

    # Then
    assert again["response"]["instructions"].endswith(GREETING.text)
    assert again["response"]["metadata"]["line"] == "greeting"


def test_observe__a_fault_of_another_event__changes_nothing() -> None:
    writer = Writer()
    writer.want_response()

    assert after(writer, neutral.ProviderFault(ALREADY_ACTIVE, event_id="evt_9")) == []
    assert writer.state is State.RESPONDING


def test_stop_speaking__responding_and_playing__cancels_then_clears() -> None:
    # Given
    writer = Writer()
    [asked] = writer.want_response()
    started(writer, asked)
    after(writer, neutral.PlaybackStarted("r1"))

    # When / Then
    assert kinds(writer.stop_speaking()) == [
        "response.cancel",
        "output_audio_buffer.clear",
    ]
    after(writer, neutral.ResponseEnded("r1", "cancelled"))
    assert kinds(writer.stop_speaking()) == ["output_audio_buffer.clear"]
    after(writer, neutral.PlaybackEnded("r1", is_complete=False))
    assert writer.stop_speaking() == []


def test_lines__before_a_response__are_said_first_and_in_order() -> None:
    # Given
    writer = Writer()
    [first] = writer.want_line(GREETING)
    writer.want_response()
    writer.want_line(Line("soft_limit", "Soon over."))

    # When
    started(writer, first)
    [second] = after(writer, neutral.ResponseEnded("r1", "completed"))
    started(writer, second, "r2")
    [third] = after(writer, neutral.ResponseEnded("r2", "completed"))

    # Then
    assert second["response"]["metadata"]["line"] == "soft_limit"
    assert "instructions" not in third["response"]


def test_give_up__a_response_that_never_showed__asks_for_what_waits() -> None:
    writer = Writer()
    writer.want_response()
    writer.want_response()

    assert kinds(writer.give_up()) == ["response.create"]


def test_writer__random_events__never_asks_while_busy() -> None:
    """A provider as strict as OpenAI never sees a second response."""
    for seed in range(300):
        _play(random.Random(seed))


class StrictProvider:
    """Fails the test when it is asked while it is busy."""

    def __init__(self) -> None:
        self.writer = Writer()
        self.active = ""
        self.is_speaking = False
        self.asked: dict[str, Any] | None = None
        self.count = 0

    def take(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            if event["type"] == "response.create":
                assert not self.active, "asked while a response is active"
                assert not self.is_speaking, "asked while the caller speaks"
                assert self.asked is None, "asked twice"
                self.asked = event

    def observe(self, event: neutral.VoiceEvent) -> None:
        self.take(after(self.writer, event))

    def begin(self) -> None:
        if self.asked:
            self.count += 1
            self.active = f"r{self.count}"
            reference, self.asked = self.asked["event_id"], None
            self.observe(neutral.ResponseStarted(self.active, reference))

    def finish(self) -> None:
        if self.active:
            ended, self.active = self.active, ""
            self.observe(neutral.ResponseEnded(ended, "completed"))

    def speak(self) -> None:
        self.is_speaking = not self.is_speaking
        event = neutral.CallerStarted if self.is_speaking else neutral.CallerStopped
        self.observe(event("item"))


def _play(rng: random.Random) -> None:
    provider = StrictProvider()
    steps = [
        lambda: provider.take(provider.writer.want_response()),
        lambda: provider.take(provider.writer.want_line(GREETING)),
        provider.begin,
        provider.finish,
        provider.speak,
    ]
    for _ in range(60):
        rng.choice(steps)()
    assert provider.count > 0
