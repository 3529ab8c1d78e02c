"""One turn from its wake-up to its end, holding no thread and no connection.

Every step writes what it did before the next begins, so that any worker can go on
from the rows: whether this one was told to stop, was killed, or slept through its lease.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, Error, InterfaceError

from agents.core.clock import Clock, MonotonicClock
from agents.core.errors import AgentError, LeaseLost, NewerInput
from agents.language.texts import render
from agents.llm.loop import LoopLimits
from agents.llm.openai_client import OpenAIModel
from agents.models import Media
from agents.turns import typing_indicator
from agents.turns.button import press
from agents.turns.claim import Wait, Work, begin, claim
from agents.turns.close import bury, close, start_again
from agents.turns.drafting import converse
from agents.turns.hints import LOST
from agents.turns.lease import Lease, give_back, kept
from agents.turns.quiet_time import TIMING, Timing, until_quiet
from agents.turns.reply import Draft
from agents.turns.tool_calls import Talk
from easymo.database import units
from easymo.database.errors import is_passing
from easymo.observability import correlation, tracing
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.llm.model import Model
    from agents.models import Message, Turn

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
        async with typing_indicator.shown(work):
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


async def answer(talk: Talk) -> Draft:
    """Draft the answer: a button is decided by code, words go to the model."""
    work = talk.work
    if work.press is not None:
        return await units.run(press, work)
    if not work.has_words:
        return await units.run(_kind_word, work)
    return await converse(talk)


# What we cannot read, and what is said about it; the first that fits is said.
KIND_WORDS = (
    ("audio", "kind.voice"),
    ("location", "kind.location"),
    ("contacts", "kind.contact"),
    ("order", "kind.order"),
    ("image", "kind.media"),
    ("video", "kind.media"),
    ("document", "kind.media"),
)


def _kind_word(work: Work) -> Draft:
    """What we cannot read is answered kindly, without a model."""
    return Draft(render(_kind_key(work.messages, work.profile.role), work.language))


def _kind_key(messages: Sequence[Message], role: str) -> str:
    kinds = {message.kind for message in messages}
    if kinds == {"request_welcome"}:
        return f"greeting.{role}"
    if any(message.detail.get("is_number_learned") for message in messages):
        return "kind.number_noted"
    if any(_is_lost(message) for message in messages):
        return "kind.resend"
    for kind, key in KIND_WORDS:
        if kind in kinds:
            return key
    return "kind.unsupported"


def _is_lost(message: Message) -> bool:
    """Tell whether the provider, or its store, could not give us what was sent."""
    if message.error_code in LOST:
        return True
    media = Media.objects.filter(message=message).first()
    return media is not None and media.state == Media.State.FAILED


@dataclass(frozen=True, slots=True)
class Means:
    """What a turn works with; tests bring their own."""

    # None: no key, the offline model answers.
    model: Model | None
    timing: Timing = TIMING
    limits: LoopLimits = field(default_factory=LoopLimits)
    clock: Clock = field(default_factory=MonotonicClock)


def means_of_settings() -> Means:
    if not settings.OPENAI_API_KEY:
        return Means(model=None)
    return Means(
        model=OpenAIModel(
            name=settings.OPENAI_RESPONSES_MODEL,
            api_key=settings.OPENAI_API_KEY,
            base_url=settings.OPENAI_BASE_URL,
            try_seconds=settings.OPENAI_TIMEOUT_S,
        )
    )
