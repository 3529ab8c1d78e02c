"""The session of one accepted call, from the attached sideband to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.calls.database_services import DatabaseServices, limits_of, spec_for
from agents.calls.live_call import LiveCall
from agents.calls.reasons import EndReason
from agents.content import in_force
from agents.core.clock import MonotonicClock
from agents.realtime.provider import CallGone, ProviderError
from easymo.database import units
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.calls.reference import CallRef
    from agents.calls.services import CallLimits, CallServices, Seconds
    from agents.core.clock import Clock
    from agents.realtime.provider import VoiceProvider
    from agents.realtime.session import SessionSpec

logger = get_logger(__name__)


async def spec_of(ref: CallRef) -> SessionSpec:
    """Return the settings of the session, as they are sent with the accept."""
    return spec_for(ref.language, await units.run(in_force.current))


async def run(
    ref: CallRef, provider: VoiceProvider, *, reattached: bool
) -> EndReason | None:
    """Hold the call of these rows; return how it ended, or None to hand it over."""
    clock = MonotonicClock()
    return await hold(
        ref,
        provider,
        DatabaseServices(ref, clock, await units.run(in_force.current)),
        reattached=reattached,
        clock=clock,
        limits=limits_of(ref, reattached=reattached),
    )


async def hold(
    ref: CallRef,
    provider: VoiceProvider,
    services: CallServices,
    *,
    reattached: bool = False,
    clock: Clock | None = None,
    limits: CallLimits | None = None,
    seconds: Seconds | None = None,
) -> EndReason | None:
    """Attach to the call and hold it to its end; None: it is handed over.

    When a reason is returned, the provider was told to hang up.
    """
    try:
        link = await provider.attach(ref.call_id)
    except CallGone:
        # A call that was accepted with settings that the provider could not use has no
        # session, and neither has one whose caller has left. Its line may still be open.
        await _hang_up(ref, provider)
        return EndReason.CALLER_HUNG_UP if reattached else EndReason.NO_SESSION
    except ProviderError as error:
        logger.warning("ai.call.attach.error", call=ref.pk, code=error.code)
        await services.apologise()
        await _hang_up(ref, provider)
        return EndReason.CONNECTION_LOST
    call = LiveCall(
        ref,
        provider,
        link,
        services,
        clock=clock or MonotonicClock(),
        limits=limits,
        seconds=seconds,
        reattached=reattached,
    )
    return await call.run()


async def _hang_up(ref: CallRef, provider: VoiceProvider) -> None:
    try:
        await provider.hang_up(ref.call_id)
    except ProviderError as error:
        logger.warning("ai.call.hang_up.error", call=ref.pk, code=error.code)
