"""Station staff take a redemption back in the chat, as on the station page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.models import PendingAction
from agents.notifications.voucher_events import announce
from tests import payloads
from tests.agents.turns.conftest import in_database, turn
from vouchers.models import Voucher
from vouchers.services import envelopes

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast, Person


async def told(person: Person, offline: TurnDependencies, text: str) -> str:
    """Write the text and return the answer."""
    await in_database(person.writes, text)
    await turn(person, offline)
    return str((await in_database(lambda: person.replies))[-1].body)


async def test_undo__after_a_redemption__asks_reason_and_button_and_tells_both(
    cast: Cast, offline: TurnDependencies, settings: SettingsWrapper
) -> None:
    settings.WA_PHONE_ID = payloads.PHONE_NUMBER_ID
    receipt = await told(cast.diane, offline, "create voucher 5000 for +250788100001")
    [voucher] = await in_database(lambda: cast.aline.vouchers)
    assert voucher.reference in receipt
    issued = await in_database(envelopes.read, voucher)
    assert issued is not None
    code = issued.formatted
    done = await told(cast.claudine, offline, f"redeem {code}")
    assert "was redeemed at" in done

    asked = await told(cast.claudine, offline, f"undo {code}")
    question = await told(cast.claudine, offline, "the pump was empty")
    action = await in_database(PendingAction.objects.get)
    await in_database(cast.claudine.presses, f"confirm:{action.public_id}")
    await turn(cast.claudine, offline)
    await in_database(announce)

    replies = await in_database(lambda: cast.claudine.replies)
    kinds = await in_database(
        lambda: list(voucher.events.order_by("seq").values_list("kind", flat=True))
    )
    customer = await in_database(lambda: cast.aline.replies)
    state = await in_database(lambda: Voucher.objects.get().status)
    assert (asked.count(voucher.reference), "reason" in asked) == (1, True)
    assert "the pump was empty" in question
    assert "Taken back: *RWF 5,000*" in replies[-1].body
    assert kinds[-2:] == ["redeemed", "reversed"]
    assert state == "issued"
    assert "was taken back" in customer[-1].body
