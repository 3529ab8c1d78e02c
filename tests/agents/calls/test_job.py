"""Calls against the local Realtime server: accepted or rejected once, and closed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models.functions import Now

from agents.calls import apology, control, job, recording, session_loop
from agents.calls.live_call import LiveCall
from agents.calls.reasons import EndReason
from agents.core.openai_clients import close_clients
from agents.core.serving import our_number
from agents.identity.blocks import block_profile
from agents.models import Call, ConsentEvent, Conversation, OutboundMessage
from agents.realtime.openai_realtime import OpenAIRealtime
from easymo.database import units
from rollout.core.features import Feature
from rollout.flags.flags import set_features
from tests.agents.calls.callers import ended, ring
from tests.agents.cast import make_cast
from tests.fakes.realtime import FakeRealtime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pytest_django.fixtures import SettingsWrapper

    from agents.simulator.realtime_server.call import ServedCall
    from tests.agents.cast import Cast

ALINE = "+250788100001"


@pytest.fixture
def cast(committed_db: str) -> Cast:
    return make_cast()


@pytest.fixture
def realtime(cast: Cast, settings: SettingsWrapper) -> Iterator[FakeRealtime]:
    with FakeRealtime() as server:
        settings.OPENAI_BASE_URL = server.base_url
        settings.OPENAI_API_KEY = server.api_key
        yield server


@pytest.fixture(autouse=True)
async def _clients() -> AsyncIterator[None]:
    yield
    await close_clients()


@pytest.fixture
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the session end at once: these tests are about what is around it."""

    async def run(ref: Any, provider: Any, *, reattached: bool) -> EndReason:
        await provider.hang_up(ref.call_id)
        return EndReason.GOODBYE

    monkeypatch.setattr(session_loop, "run", run)


async def stored(call: ServedCall) -> Call:
    return await units.run(ring, ALINE, call_id=call.call_id)


def row(call: Call) -> Call:
    return Call.objects.get(pk=call.pk)


def verbs(realtime: FakeRealtime, call: ServedCall) -> list[tuple[str, int]]:
    """Return the requests about the call: verb and answered status."""
    return [
        (verb, status)
        for verb, call_id, status in realtime.requests
        if call_id == call.call_id
    ]


@pytest.mark.usefixtures("_no_session")
async def test_job__delivered_to_many_workers__accepted_once(
    realtime: FakeRealtime,
) -> None:
    served = realtime.ring(ALINE)
    call = await stored(served)

    await asyncio.gather(*(job.run(call.pk) for _ in range(5)))

    found = await units.run(row, call)
    assert (found.state, found.reason, found.outcome) == ("ended", "goodbye", "done")
    assert [verb for verb, _ in verbs(realtime, served)].count("accept") == 1
    assert found.accept_ms is not None
    assert found.accept_ms >= found.accept_provider_ms


FAILURES = {
    # What the provider answers to the accept, and what becomes of the call.
    404: ("ended", "caller_gone", "accept"),
    400: ("rejected", "provider_error", "reject"),
    429: ("rejected", "provider_busy", "reject"),
    500: ("rejected", "provider_error", "reject"),
    503: ("rejected", "provider_error", "reject"),
}


@pytest.mark.usefixtures("_no_session")
@pytest.mark.parametrize("status", FAILURES)
async def test_accept__each_error__row_says_why_and_trunk_is_told(
    realtime: FakeRealtime, status: int
) -> None:
    served = realtime.ring(ALINE)
    call = await stored(served)
    code = {404: "call_id_not_found", 429: "rate_limit_exceeded"}.get(status, "error")
    realtime.fail_next("accept", status, code=code, times=9)

    await job.run(call.pk)

    found = await units.run(row, call)
    state, reason, last = FAILURES[status]
    assert (found.state, found.reason) == (state, reason)
    assert found.lease_token is None
    assert found.accepted_at is None
    assert verbs(realtime, served)[-1][0] == last


@pytest.mark.usefixtures("_no_session")
@pytest.mark.parametrize("status", [400, 429, 500])
async def test_accept__reject_fails_too__hung_up(
    realtime: FakeRealtime, status: int
) -> None:
    """The accept may have had its effect: no call goes on without a worker."""
    served = realtime.ring(ALINE)
    call = await stored(served)
    realtime.fail_next("accept", 500, times=9)
    realtime.fail_next("reject", status, times=9)

    await job.run(call.pk)

    found = await units.run(row, call)
    assert (found.state, found.reason) == ("rejected", "provider_error")
    assert verbs(realtime, served)[-1][0] == "hangup"


async def test_accept__answered_and_no_session__ended_as_failed(
    realtime: FakeRealtime,
) -> None:
    served = realtime.ring(ALINE)
    call = await stored(served)
    realtime.fail_next("sideband", 404, code="call_id_not_found", times=99)

    await job.run(call.pk)

    found = await units.run(row, call)
    assert (found.state, found.reason, found.outcome) == (
        "ended",
        "no_session",
        "failed",
    )


async def test_reject__voice_off__503_and_no_accept(
    realtime: FakeRealtime, settings: SettingsWrapper
) -> None:
    settings.VOICE_MAX_CALLS = 0
    served = realtime.ring(ALINE)
    call = await stored(served)

    await job.run(call.pk)

    found = await units.run(row, call)
    assert (found.state, found.reason, found.reject_status) == (
        "rejected",
        "max_calls",
        503,
    )
    assert [verb for verb, _ in verbs(realtime, served)] == ["reject"]


async def test_session__raises__hung_up_and_ended(
    realtime: FakeRealtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(*_: Any, **__: Any) -> EndReason:
        raise RuntimeError("a programming error")

    monkeypatch.setattr(session_loop, "run", run)
    served = realtime.ring(ALINE)
    call = await stored(served)

    await job.run(call.pk)

    found = await units.run(row, call)
    assert (found.state, found.reason, found.outcome) == ("ended", "error", "failed")
    assert verbs(realtime, served)[-1] == ("hangup", 200)
    assert control.running() == ()


def expire(call: Call) -> None:
    """Let the lease end, as the death of its worker does."""
    Call.objects.filter(pk=call.pk).update(
        lease_expires_at=Now() - timedelta(seconds=1)
    )


@pytest.mark.usefixtures("_no_session")
async def test_take_over__lost_twice__reattached_once_then_apology(
    realtime: FakeRealtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    async def die(ref: Any, provider: Any, *, reattached: bool) -> EndReason:

        seen.append(reattached)
        await units.run(recording.attached, ref)
        raise KeyboardInterrupt

    monkeypatch.setattr(session_loop, "run", die)
    served = realtime.ring(ALINE)
    call = await stored(served)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            await job.run(call.pk)
        await units.run(expire, call)

    await asyncio.gather(job.run(call.pk), job.run(call.pk))

    found = await units.run(row, call)
    assert seen == [False, True]
    assert (found.state, found.reason, found.outcome) == (
        "ended",
        "worker_lost",
        "failed",
    )
    assert verbs(realtime, served)[-1][0] == "hangup"


# What came up before another worker takes the call over: state and reason of the end.
LOST_ACCEPTS: dict[str, tuple[str, str]] = {
    "the provider still rings": ("ended", "goodbye"),
    "the caller has left": ("ended", "no_session"),
    "the provider refuses": ("rejected", "provider_error"),
    "voice was turned off": ("rejected", "feature_disabled"),
    "the caller was blocked": ("rejected", "blocked"),
    "the worker died again": ("rejected", "worker_lost"),
}


@pytest.mark.parametrize("had_effect", [False, True])
@pytest.mark.parametrize("meanwhile", LOST_ACCEPTS)
async def test_take_over__worker_died_in_the_accept__accepted_or_visibly_over(
    realtime: FakeRealtime,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: str,
    *,
    had_effect: bool,
) -> None:
    """Two workers take the call over at once; one of them asks the provider."""
    served = realtime.ring(ALINE)
    call = await stored(served)
    await _die_in_accept(call, monkeypatch, had_effect=had_effect)
    match meanwhile:
        case "the caller has left":
            realtime.do(served.leave)
        case "the provider refuses":
            realtime.fail_next("accept", 400, code="error", times=9)
        case "voice was turned off":
            off = {Feature.VOICE: False}
            await units.run(set_features, off, actor="t", reason="t", source="command")
        case "the caller was blocked":
            person = cast.aline.profile
            await units.run(block_profile, profile=person, reason="x", actor="odette")
        case "the worker died again":
            await _die_in_accept(call, monkeypatch, had_effect=False)
    _end_at_once(monkeypatch)

    await asyncio.gather(*(job.run(call.pk) for _ in range(3)))

    found = await units.run(row, call)
    assert (found.state, found.reason) == LOST_ACCEPTS[meanwhile]
    assert found.lease_token is None
    # No line stays open without a worker, and none is accepted twice.
    assert realtime.do(lambda: served.state) in {"ended", "rejected", "ringing"}
    assert served.accepts <= 1
    if meanwhile == "the provider still rings":
        assert served.accepts == 1
        assert found.outcome == "done"
    if meanwhile == "the caller was blocked":
        assert found.reject_status == 603


async def _die_in_accept(
    call: Call, monkeypatch: pytest.MonkeyPatch, *, had_effect: bool
) -> None:
    """Let the worker die before the request is sent, or before its answer is read."""
    usual = OpenAIRealtime.accept

    async def accept(*given: Any) -> None:
        if had_effect:
            await usual(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(OpenAIRealtime, "accept", accept)
        with pytest.raises(KeyboardInterrupt):
            await job.run(call.pk)
    await units.run(expire, call)


def _end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a session that is there say goodbye; attaching to it is real."""
    patience = OpenAIRealtime.attach

    async def attach(self: OpenAIRealtime, call_id: str) -> Any:
        return await patience(self, call_id, patience=0.5)

    async def run(call: LiveCall) -> EndReason:
        await call.provider.hang_up(call.ref.call_id)
        await call.link.close()
        return EndReason.GOODBYE

    monkeypatch.setattr(OpenAIRealtime, "attach", attach)
    monkeypatch.setattr(LiveCall, "run", run)


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("has_stopped", [False, True])
@pytest.mark.parametrize("is_blocked", [False, True])
@pytest.mark.parametrize("chat_is_on", [False, True])
def test_apology__only_to_a_person_who_may_be_written_to(
    cast: Cast, *, is_open: bool, has_stopped: bool, is_blocked: bool, chat_is_on: bool
) -> None:
    call = ended(ALINE)
    Conversation.objects.filter(pk=cast.aline.chat.pk).update(
        phone_number_id=our_number(),
        window_closes_at=Now() + timedelta(hours=1) if is_open else None,
        stopped_at=Now() if has_stopped else None,
    )
    if has_stopped:
        ConsentEvent.objects.create(
            profile=cast.aline.profile, kind="stop", source="words", cause="x"
        )
    if is_blocked:
        block_profile(profile=cast.aline.profile, reason="x", actor="odette")
    if not chat_is_on:
        set_features({Feature.CHAT: False}, actor="t", reason="t", source="command")

    for _ in range(2):
        apology.enqueue(call)

    may = is_open and not has_stopped and not is_blocked and chat_is_on
    assert OutboundMessage.objects.count() == (1 if may else 0)
