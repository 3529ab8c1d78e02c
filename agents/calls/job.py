"""Run one call in this worker: decide, accept or reject, the session, the end."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agents.calls import control, decision, reattach, session_loop
from agents.calls.accepting import Accepting, hang_up, reject
from agents.calls.finishing import finish
from agents.calls.lease import keep_renewed, release
from agents.calls.providers import provider_for
from agents.calls.reasons import EndReason
from agents.calls.reference import reference_of
from agents.core.clock import MonotonicClock
from agents.core.errors import LeaseLost
from agents.core.jobs import enqueue_call
from agents.models import Call
from easymo.database import units
from easymo.observability import correlation
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agents.calls.reference import CallRef
    from agents.realtime.provider import VoiceProvider

logger = get_logger(__name__)

State = Call.State


async def run(call_id: int, *, is_handed_over: bool = False) -> None:
    """Answer a ringing call, or take over one that has no worker."""
    if control.is_stopping():
        # Another worker takes it.
        await units.run(enqueue_call, call_id=call_id, is_handed_over=is_handed_over)
        return
    found = await units.run(decision.decide, call_id)
    if found is None:
        await _take_over(call_id, is_handed_over=is_handed_over)
        return
    call = found.call
    with correlation.bound(call.correlation_id, call=call.pk):
        provider = provider_for(call)
        if found.accepts and provider is not None:
            await _answer(call, provider)
        elif call.state == State.REJECTING:
            await _reject(call, provider)


async def _answer(
    call: Call, provider: VoiceProvider, *, is_repeated: bool = False
) -> None:
    ref = reference_of(call)
    spec = await session_loop.spec_of(ref)
    accepting = Accepting(provider, MonotonicClock())
    async with _leased(ref):
        if await accepting.accept(ref, spec, is_repeated=is_repeated):
            await _talk(ref, provider, reattached=False)


async def _take_over(call_id: int, *, is_handed_over: bool) -> None:
    """Go on with a call without a worker, or tell the provider that it is over."""
    call = await units.run(reattach.take_over, call_id, is_handed_over=is_handed_over)
    if call is None:
        return
    with correlation.bound(call.correlation_id, call=call.pk):
        provider = provider_for(call)
        if call.state == State.REJECTING:
            await _reject(call, provider)
        elif call.state == State.ENDED:
            await hang_up(provider, call.pk, call.call_id)
        elif call.state == State.ACCEPTING and provider is not None:
            # Its worker died before the provider's answer was recorded.
            await _answer(call, provider, is_repeated=True)
        elif provider is not None:
            await _go_on(call, provider)


async def _go_on(call: Call, provider: VoiceProvider) -> None:
    ref = reference_of(call)
    async with _leased(ref):
        await _talk(ref, provider, reattached=True)


@asynccontextmanager
async def _leased(ref: CallRef) -> AsyncIterator[None]:
    """Keep the lease; give it back when the grace time of this worker is over."""
    try:
        async with keep_renewed(ref):
            yield
    except LeaseLost:
        logger.warning("ai.call.lease.lost", call=ref.pk)
    except asyncio.CancelledError:
        await asyncio.shield(units.run(release, ref))
        raise


async def _reject(call: Call, provider: VoiceProvider | None) -> None:
    await reject(provider, call.pk, call.call_id, call.reject_status or 503)


async def _talk(ref: CallRef, provider: VoiceProvider, *, reattached: bool) -> None:
    """Run the session to its end; whatever happens, the call does not stay open."""
    control.begin(ref.pk)
    try:
        reason = await session_loop.run(ref, provider, reattached=reattached)
    except LeaseLost:
        raise
    except Exception:
        logger.exception("ai.realtime.session.error", call=ref.pk)
        reason = EndReason.ERROR
        await hang_up(provider, ref.pk, ref.call_id)
    finally:
        control.forget(ref.pk)
    if reason is None:
        await units.run(release, ref)
    else:
        await units.run_until_available(finish, ref, reason)
