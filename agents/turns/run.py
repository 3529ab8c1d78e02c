"""Run one turn from its job to its end, holding no thread and no connection.

Every step writes what it did before the next begins, so that any worker can resume
from the rows: whether this one was told to stop, was killed, or lost its lease.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import DatabaseError, Error, InterfaceError
from django.utils import timezone

from agents.core.clock import Clock, MonotonicClock
from agents.core.errors import AgentError, LeaseLost, NewerInput
from agents.language.texts import render
from agents.llm.loop import LoopLimits
from agents.llm.openai_client import OpenAIModel
from agents.turns import handoff_queue, quiet_time, typing_indicator
from agents.turns.button import handle_press
from agents.turns.claim import QuietTimeLeft, claim_messages, start_or_resume
from agents.turns.close import close, give_up, restart
from agents.turns.drafting import (
    Allowance,
    allowance_of,
    draft_with_model,
    wants_person,
)
from agents.turns.fixed_replies import reply_to_kind
from agents.turns.lease import Lease, give_back, keep_renewed
from agents.turns.pin_request import draft_for_pin
from agents.turns.quiet_time import TIMING, Timing
from agents.turns.reply import Draft
from agents.turns.tool_calls import ModelSession
from easymo.database import units
from easymo.database.errors import is_transient
from easymo.observability import correlation, tracing
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from agents.llm.model import Model
    from agents.models import Turn
    from agents.turns.claim import Claimed, ClaimedTurn

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TurnDependencies:
    """What a turn works with; tests bring their own."""

    # None: no API key, the offline model answers.
    model: Model | None
    timing: Timing = TIMING
    limits: LoopLimits = field(default_factory=LoopLimits)
    clock: Clock = field(default_factory=MonotonicClock)
    # The time of day, with which the age of messages is measured.
    now: Callable[[], datetime] = timezone.now


def default_dependencies() -> TurnDependencies:
    if not settings.OPENAI_API_KEY:
        return TurnDependencies(model=None)
    return TurnDependencies(
        model=OpenAIModel(
            name=settings.OPENAI_RESPONSES_MODEL,
            api_key=settings.OPENAI_API_KEY,
            base_url=settings.OPENAI_BASE_URL,
            try_seconds=settings.OPENAI_TIMEOUT_S,
        )
    )


class TurnEnd(NamedTuple):
    """The outbound messages to deliver; whether vouchers may have changed."""

    outbound_ids: Sequence[int] = ()
    may_have_changed: bool = False


async def run_turn(
    *, conversation_id: int, dependencies: TurnDependencies | None = None
) -> TurnEnd:
    """Answer what waits in the conversation.

    Returns quietly when nothing waits or another worker runs the turn.
    """
    dependencies = dependencies or default_dependencies()
    started = await _start(conversation_id, dependencies)
    if started is None:
        return TurnEnd()
    lease, turn, claimed = started
    with (
        correlation.bound(turn.correlation_id, turn_id=turn.pk),
        tracing.invoke_agent(
            "easymo", channel="whatsapp", conversation=str(conversation_id)
        ),
    ):
        return await TurnRun(dependencies, lease).run(claimed)


async def _start(
    conversation_id: int, dependencies: TurnDependencies
) -> tuple[Lease, Turn, Claimed] | None:
    """Wait for the end of the quiet time, then lease the turn."""
    if quiet_time.is_waited_for(conversation_id):
        return None
    timing = dependencies.timing
    started = await units.run(
        _start_when_quiet, conversation_id=conversation_id, timing=timing
    )
    while isinstance(started, QuietTimeLeft):
        if not await quiet_time.wait(
            conversation_id, started.seconds, dependencies.clock
        ):
            return None
        started = await units.run(
            start_or_resume, conversation_id=conversation_id, timing=timing
        )
    return started


def _start_when_quiet(
    *, conversation_id: int, timing: Timing
) -> tuple[Lease, Turn, Claimed] | QuietTimeLeft | None:
    """Glance without a lock first: mostly the customer may still be writing."""
    seconds = quiet_time.seconds_left(conversation_id=conversation_id, timing=timing)
    if seconds > 0:
        return QuietTimeLeft(seconds)
    return start_or_resume(conversation_id=conversation_id, timing=timing)


class TurnRun:
    """One worker's run of a turn, and of the turns that replace it after a restart."""

    def __init__(self, dependencies: TurnDependencies, lease: Lease) -> None:
        self.dependencies = dependencies
        self.timing = dependencies.timing
        self.lease = lease
        self.restarts = 0

    async def run(self, claimed: Claimed) -> TurnEnd:
        """Run the turn; however it ends, leave rows from which it can be resumed."""
        try:
            return await self._run_until_answered(claimed)
        except LeaseLost:
            logger.warning("ai.turn.lease.lost", turn_id=self.lease.turn_id)
        except Error as error:
            if not is_transient(error):
                raise
            # The database is away or ended our transaction. What was committed remains;
            # the turn is resumed when the lease has ended.
            logger.error(  # noqa: TRY400 - the text may quote rows
                "ai.whatsapp.message.error",
                turn_id=self.lease.turn_id,
                code="database",
                error=type(error).__name__,
            )
        except asyncio.CancelledError:
            # The worker stops. The rows are consistent at every await.
            await asyncio.shield(self._give_back())
            raise
        return TurnEnd()

    async def _run_until_answered(self, claimed: Claimed) -> TurnEnd:
        """Draft and close; restart when the customer wrote on before any effect."""
        while True:
            async with keep_renewed(self.lease, self.timing):
                turn = await self._wait_for_messages(claimed)
                if turn is None:
                    return TurnEnd()
                session = ModelSession.resumed(
                    turn,
                    self.dependencies,
                    may_restart=self.restarts < self.timing.restarts,
                )
                try:
                    return await self._answer(session)
                except NewerInput:
                    self.lease = await units.run(
                        restart,
                        lease=self.lease,
                        exchange=session.exchange,
                        timing=self.timing,
                    )
            self.restarts += 1
            claimed = QuietTimeLeft(0.0)

    async def _wait_for_messages(self, claimed: Claimed) -> ClaimedTurn | None:
        """Wait for the quiet time of a turn that has no messages yet; claim them."""
        while isinstance(claimed, QuietTimeLeft):
            await self.dependencies.clock.sleep(claimed.seconds)
            claimed = await units.run(
                claim_messages, lease=self.lease, timing=self.timing
            )
        return claimed

    async def _answer(self, session: ModelSession) -> TurnEnd:
        claimed = session.claimed
        if claimed.turn.attempts > self.timing.attempts:
            await units.run(give_up, claimed=claimed)
            return TurnEnd()
        logger.info(
            "ai.whatsapp.message.processing",
            turn_id=claimed.turn.pk,
            conversation_id=claimed.conversation.pk,
            messages=len(claimed.messages),
            attempts=claimed.turn.attempts,
        )
        async with typing_indicator.shown(claimed):
            draft = await self._draft_or_apologise(session)
            outbound_ids = await units.run(
                close, claimed=claimed, draft=draft, may_restart=session.may_restart
            )
        may_have_changed = claimed.press is not None or session.has_called_tools
        return TurnEnd(outbound_ids, may_have_changed)

    async def _draft_or_apologise(self, session: ModelSession) -> Draft:
        try:
            return await draft_answer(session)
        except AgentError:
            raise
        except Exception as error:
            if is_transient(error):
                raise
            # A defect. A change that was made gets its receipt; else the customer
            # reads an apology.
            logger.exception("ai.turn.broken", turn_id=self.lease.turn_id)
            text = render("apology", session.claimed.language)
            return Draft(text, "apology", "broken", session.exchange)

    async def _give_back(self) -> None:
        """Let another worker resume at once; where that fails, when the lease ends."""
        try:
            await units.run(give_back, self.lease)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("ai.turn.lease.error", error=type(error).__name__)


async def draft_answer(session: ModelSession) -> Draft:
    """Draft the answer: code decides on a button, the model answers text."""
    claimed = session.claimed
    if claimed.press is not None:
        return await units.run(handle_press, claimed)
    known = await units.run(_before_model, claimed, session.dependencies)
    if isinstance(known, Draft):
        return known
    return await draft_with_model(session, known)


def _before_model(
    claimed: ClaimedTurn, dependencies: TurnDependencies
) -> Draft | Allowance | None:
    """Return the answer that needs no model, or what a model may spend.

    None: the offline model answers.
    """
    is_offline = dependencies.model is None
    if draft := handoff_queue.draft_for_waiting(
        claimed, is_offline=is_offline, now=dependencies.now()
    ):
        return draft
    if not claimed.has_text:
        return reply_to_kind(claimed)
    if draft := draft_for_pin(claimed):
        return draft
    return None if is_offline or wants_person(claimed) else allowance_of(claimed)
