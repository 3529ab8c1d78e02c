"""A turn while the database cannot write: nothing is sent, repeated or lost."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from agents.models import ToolCall, Turn
from agents.turns import claim
from agents.turns.claim import QuietTimeLeft
from agents.turns.quiet_time import Timing
from tests.agents.turns.conftest import in_database, turn
from tests.fakes import openai_answers as say
from tests.refusing import refusing
from vouchers.audit import verify as audit

if TYPE_CHECKING:
    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast
    from tests.fakes.openai import FakeOpenAI

ORDER = "create voucher 5000 for +250788100001"
CALL = say.call(
    "create_voucher", amount=5000, currency=None, customer_msisdn="+250788100001"
)


@pytest.mark.parametrize("table", ["vouchers", "agents_outboundmessage"])
@pytest.mark.parametrize("code", ["53100", "25006", "40P01"])
async def test_run_turn__database_cannot_write__done_and_notified_once_later(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI, table: str, code: str
) -> None:
    # Given
    openai.script(CALL, *[say.text("Done.")] * 2)
    await in_database(cast.diane.writes, ORDER)

    # When
    with ExitStack() as stack:
        await in_database(stack.enter_context, refusing(table, code))
        assert await turn(cast.diane, online) == []
        assert await in_database(lambda: cast.diane.replies) == []
        failed = ToolCall.objects.filter(status=ToolCall.Status.FAILED)
        assert not await in_database(failed.exists)
        await in_database(stack.close)
    ended = Now() - timedelta(seconds=1)
    await in_database(cast.diane.chat.turns.update, lease_expires_at=ended)
    await turn(cast.diane, online)

    # Then
    [voucher] = await in_database(lambda: cast.aline.vouchers)
    [reply] = await in_database(lambda: cast.diane.replies)
    [done] = await in_database(lambda: cast.diane.turns)
    assert voucher.reference in reply.body
    assert (done.status, done.outcome) == (Turn.Status.DONE, "receipt")
    assert (await in_database(audit.verify)).broken == []


@pytest.mark.parametrize("wrong", [-60, 60])
async def test_start_or_resume__worker_with_a_wrong_clock__waits_the_same(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    # Given
    await in_database(cast.diane.writes, "hello")
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(seconds=wrong))

    # When
    claimed = await in_database(
        lambda: claim.start_or_resume(
            conversation_id=cast.diane.chat.pk, timing=Timing(quiet_after_text=5.0)
        )
    )

    # Then
    assert isinstance(claimed, QuietTimeLeft)
    assert 0 < claimed.seconds <= 5
