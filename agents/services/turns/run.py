"""One turn from its wake-up to its end, holding no thread and no connection.

Every step writes what it did before the next begins, so that any worker can go on
from the rows: whether this one was told to stop, was killed, or slept through its lease.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from django.db import DatabaseError, Error, InterfaceError

from agents.errors import AgentError, LeaseLost, NewerInput
from agents.runtime.texts import render
from agents.services.turns import presence
from agents.services.turns.answer import answer
from agents.services.turns.claim import begin, claim
from agents.services.turns.close import bury, close, start_again
from agents.services.turns.draft import Draft
from agents.services.turns.lease import Lease, give_back, kept
from agents.services.turns.means import Means, means_of_settings
from agents.services.turns.talk import Talk
from agents.services.turns.waiting import until_quiet
from agents.services.turns.work import Wait, Work
from easymo.database import units
from easymo.database.passing import is_passing
from easymo.observability import correlation, tracing
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.models import Turn

logger = get_logger(__name__)


async def run_turn(*, conversation_id: int, means: Means | None = None) -> list[int]:
    """Answer what waits in the conversation; return the outbound messages to deliver.

    Returns quietly when nothing waits or another worker is at it.
    """
    means = means or means_of_settings()
    begun = await _begun(conversation_id, means)
    if begun is None:
        return []
    lease, turn, claimed = begun
    with (
        correlation.bound(turn.correlation_id, turn_id=turn.pk),
        tracing.invoke_agent(
            "easymo", channel="whatsapp", conversation=str(conversation_id)
        ),
    ):
        return await Run(means, lease, turn).guarded(claimed)


async def _begun(
    conversation_id: int, means: Means
) -> tuple[Lease, Turn, Work | Wait | None] | None:
    """Let the person finish, then take the turn."""
    while await until_quiet(conversation_id, means):
        begun = await units.run(
            begin, conversation_id=conversation_id, timing=means.timing
        )
        if not isinstance(begun, Wait):
            return begun
    return None


class Run:
    """The hold of this worker on one turn, and on those that follow from it."""

    def __init__(self, means: Means, lease: Lease, turn: Turn) -> None:
        self.means = means
        self.lease = lease
        self.turn = turn
        self.restarts = 0

    async def guarded(self, claimed: Work | Wait | None) -> list[int]:
        """Run the turn; however it ends, leave rows that somebody can go on from."""
        try:
            return await self._drafts(claimed)
        except LeaseLost:
            logger.warning("ai.turn.lease.lost", turn_id=self.lease.turn_id)
        except Error as error:
            if not is_passing(error):
                raise
            # The database went away, or chose us to give way. What was committed
            # stands; whoever comes when the lease has ended goes on from it.
            logger.error(  # noqa: TRY400 - the text may quote rows
                "ai.whatsapp.message.error",
                turn_id=self.lease.turn_id,
                code="database",
                error=type(error).__name__,
            )
        except asyncio.CancelledError:
            # Told to stop. The rows are whole at every await.
            await asyncio.shield(self._give_back())
            raise
        return []

    async def _drafts(self, claimed: Work | Wait | None) -> list[int]:
        """Draft and close; start again when the person wrote on before anything was done."""
        while True:
            async with kept(self.lease, self.means.timing):
                work = await self._gathered(claimed)
                if work is None:
                    return []
                talk = Talk.resumed(work, self.means, may_restart=self._may_restart())
                try:
                    return await self._answered(talk)
                except NewerInput:
                    self.lease = await units.run(
                        start_again,
                        lease=self.lease,
                        spent=talk.spent,
                        timing=self.means.timing,
                    )
            self.restarts += 1
            claimed = Wait(0.0)

    async def _gathered(self, claimed: Work | Wait | None) -> Work | None:
        """Let the person finish, then take in all that she wrote."""
        while isinstance(claimed, Wait):
            await self.means.clock.sleep(claimed.seconds)
            claimed = await units.run(claim, lease=self.lease, timing=self.means.timing)
        return claimed

    async def _answered(self, talk: Talk) -> list[int]:
        work = talk.work
        if work.turn.attempts > self.means.timing.attempts:
            await units.run(bury, work=work)
            return []
        logger.info(
            "ai.whatsapp.message.processing",
            turn_id=work.turn.pk,
            conversation_id=work.conversation.pk,
            messages=len(work.messages),
            attempts=work.turn.attempts,
        )
        async with presence.shown(work):
            draft = await self._drafted(talk)
            return await units.run(
                close, work=work, draft=draft, may_restart=talk.may_restart
            )

    async def _drafted(self, talk: Talk) -> Draft:
        try:
            return await answer(talk)
        except AgentError:
            raise
        except Exception as error:
            if is_passing(error):
                raise
            # A defect of ours. What was done is told; else the person hears that it
            # did not work, instead of nothing.
            logger.exception("ai.turn.broken", turn_id=self.lease.turn_id)
            text = render("apology", talk.work.language)
            return Draft(text, "apology", "broken", talk.spent)

    def _may_restart(self) -> bool:
        return self.restarts < self.means.timing.restarts

    async def _give_back(self) -> None:
        """Let another worker go on at once; where that fails, when the lease ends."""
        try:
            await units.run(give_back, self.lease)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("ai.turn.lease.error", error=type(error).__name__)
