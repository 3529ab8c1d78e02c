"""What took too long to be spoken, and who gets it on WhatsApp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from agents.calls import late_results
from agents.models import Conversation
from agents.tools import registry
from tests.agents.calls.phone import calls, give

if TYPE_CHECKING:
    from tests.agents.cast import Cast

LATE_ARGUMENTS: dict[str, dict[str, Any]] = {
    "create_voucher": {"customer_msisdn": "+250788100001", "amount": 500},
    "lookup_customer": {"msisdn": "+250788100001"},
    "answer_question": {"topic": "hours"},
}


@pytest.mark.parametrize("verified", [True, False])
def test_send_late__reading__goes_to_whatsapp_of_a_verified_caller_only(
    cast: Cast, verified: bool
) -> None:
    give(cast, cast.aline)
    phone = calls(cast.aline)
    if verified:
        phone.verify()
    phone.asks("list_vouchers")

    assert late_results.send_late(phone.ref, turn=phone.turn, ordinal=0) is verified

    assert len(phone.written) == int(verified)


def test_late__each_tool_and_person__promised_exactly_where_it_is_sent(
    cast: Cast,
) -> None:
    for name in registry.BY_NAME:
        for case in ("known", "unverified", "no chat", "window"):
            with transaction.atomic():
                give(cast, cast.diane)
                phone = calls(cast.diane)
                if case != "unverified":
                    phone.verify()
                chats = Conversation.objects.filter(pk=cast.diane.chat.pk)
                if case == "window":
                    chats.update(window_closes_at=None)
                if case == "no chat":
                    chats.update(phone_number_id="9")
                phone.asks(name, **LATE_ARGUMENTS.get(name, {}))

                promised = late_results.sends_late(phone.ref, name)
                sent = late_results.send_late(phone.ref, turn=phone.turn, ordinal=0)

                assert promised is sent, (name, case)
                # No key answers a question that was not heard.
                assert phone.question is None, (name, case)
                transaction.set_rollback(True)
