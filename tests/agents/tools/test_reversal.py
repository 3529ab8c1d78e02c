from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from agents.tools import registry
from tests.agents.tools.conftest import Cast, call, context_of, written
from vouchers.actors import Actor
from vouchers.models import ReversalRequest, VoucherEvent
from vouchers.services.redeem import redeem_voucher
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from agents.tools.base import ToolResult
    from vouchers.models import Profile, Station, Voucher
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db
TOOL = "reverse_redemption"
REASON = "Wrong voucher"


def redeemed(
    cast: Cast, *, station: Station | None = None, amount: int = 5_000
) -> Issued:
    issued = cast.issue(cast.aline, amount)
    redeem_voucher(
        voucher_id=issued.voucher.public_id,
        owner=cast.aline,
        station=station or cast.kimironko,
        actor=Actor.of_profile(cast.diane, channel="whatsapp"),
        key=f"redeem:{issued.voucher.pk}",
    )
    issued.voucher.refresh_from_db()
    return issued


def ask(cast: Cast, voucher: Voucher | None, **args: Any) -> ToolResult:
    reference = voucher.reference if voucher else None
    given = {"voucher": reference, "reason": REASON} | args
    return call(cast.claudine, TOOL, f"undo {reference}", **given)


def press(person: Profile, asked: ToolResult) -> ToolResult:
    assert asked.pending is not None
    context = context_of(person, turn_key="confirm:1")
    return registry.execute(TOOL, asked.pending.arguments, context, confirmed=True)


def test_undo__named_in_any_way__asks_then_takes_the_redemption_back(
    cast: Cast,
) -> None:
    issued = redeemed(cast)
    voucher, code = issued.voucher, issued.code
    assert code is not None
    before = written()
    ways = {
        "reference": ask(cast, voucher),
        "code": call(
            cast.claudine,
            TOOL,
            f"undo {code.formatted}",
            voucher="[code 1]",
            reason=REASON,
        ),
        "nothing, the only one": ask(cast, None),
    }

    for way, asked in ways.items():
        assert asked.code == "confirmation_needed", way
        assert asked.pending is not None
        assert asked.pending.arguments == {
            "voucher": voucher.reference,
            "reason": REASON,
        }, way
        for shown in (voucher.reference, "RWF 5,000", "Kimironko", REASON):
            assert shown in asked.payload["display"], way
    assert written() == before

    done = press(cast.claudine, ways["reference"])

    voucher.refresh_from_db()
    last = voucher.events.get(kind="reversed")
    assert (voucher.status, voucher.station, voucher.redeemed_at) == (
        "issued",
        None,
        None,
    )
    assert last.reverses == voucher.events.get(kind="redeemed")
    assert (last.actor_id, last.channel) == (str(cast.claudine.pk), "whatsapp")
    assert last.note.text == REASON
    assert done.effect is not None
    assert REASON in done.payload["display"]
    # The same press again: the same receipt, nothing more.
    assert press(cast.claudine, ways["reference"]).code == "voucher_not_found"
    assert VoucherEvent.objects.filter(kind="reversed").count() == 1


def test_undo__above_the_limit__waits_for_a_second_person(
    cast: Cast, settings: SettingsWrapper
) -> None:
    voucher = redeemed(cast, amount=15_000).voucher
    settings.VOUCHER_APPROVE_ABOVE = 10_000

    done = press(cast.claudine, ask(cast, voucher))

    voucher.refresh_from_db()
    request = ReversalRequest.objects.get()
    assert (done.succeeded, voucher.status) == (True, "redeemed")
    assert (request.voucher, request.reason) == (voucher, REASON)
    assert "second person" in done.payload["display"]
    again = registry.execute(
        TOOL,
        {"voucher": voucher.reference, "reason": REASON},
        context_of(cast.claudine),
        confirmed=True,
    )
    assert again.code == "already_asked"
    assert ReversalRequest.objects.count() == 1


def _other_station(cast: Cast) -> Voucher:
    return redeemed(cast, station=cast.nyabugogo).voucher


def _not_redeemed(cast: Cast) -> Voucher:
    return cast.issue(cast.aline).voucher


def _voided(cast: Cast) -> Voucher:
    voucher = cast.issue(cast.aline).voucher
    actor = Actor.of_profile(cast.diane, channel="whatsapp")
    void_voucher(voucher_id=voucher.public_id, reason="x", actor=actor, key="v")
    return voucher


def _sandbox(cast: Cast) -> Voucher:
    voucher = redeemed(cast).voucher
    type(cast.aline).objects.filter(pk=cast.aline.pk).update(is_sandbox=True)
    return voucher


@pytest.mark.parametrize("make", [_other_station, _not_redeemed, _voided, _sandbox])
def test_undo__what_this_station_did_not_redeem__is_not_found(
    cast: Cast, make: Any
) -> None:
    voucher = make(cast)
    before = written()

    result = ask(cast, voucher)

    assert result.code == "voucher_not_found"
    assert result.pending is None
    assert written() == before


def test_undo__after_fifteen_minutes__is_refused_at_the_question_and_at_the_press(
    cast: Cast,
) -> None:
    voucher = redeemed(cast).voucher
    asked = ask(cast, voucher)
    later = timezone.now() + timedelta(minutes=15, seconds=1)
    context = context_of(cast.claudine, now=lambda: later)
    arguments = {"voucher": voucher.reference, "reason": REASON}

    for confirmed in (False, True):
        late = registry.execute(TOOL, arguments, context, confirmed=confirmed)
        assert late.code == "too_late"
        assert "15" in late.payload["display"]
    nameless = registry.execute(TOOL, {"voucher": None, "reason": ""}, context)
    assert nameless.code == "none_to_undo"
    assert asked.pending is not None
    voucher.refresh_from_db()
    assert voucher.status == "redeemed"


def test_undo__without_a_reason__asks_for_it_and_names_the_voucher(cast: Cast) -> None:
    voucher = redeemed(cast).voucher

    for reason in ("", "   ", None):
        result = ask(cast, voucher, reason=reason)
        assert result.code == "reason_needed"
        assert result.payload["voucher"] == voucher.reference


def test_undo__several_without_a_name__lists_them(cast: Cast) -> None:
    first, second = redeemed(cast).voucher, redeemed(cast).voucher
    redeemed(cast, station=cast.nyabugogo)

    result = ask(cast, None)

    shown = result.payload["display"].splitlines()
    assert result.code == "which_voucher"
    assert [second.reference in shown[1], first.reference in shown[2]] == [True, True]
    assert len(shown) == 3


def test_undo__people_and_channels_without_the_right__are_forbidden(cast: Cast) -> None:
    voucher = redeemed(cast).voucher
    before = written()

    for person in (cast.aline, cast.diane, cast.emile):
        result = call(person, TOOL, voucher=voucher.reference, reason=REASON)
        assert result.code == "forbidden"
    arguments = {"voucher": voucher.reference, "reason": REASON}
    on_phone = context_of(cast.claudine, channel="voice", is_verified=True)
    assert registry.execute(TOOL, arguments, on_phone).code == "forbidden"
    assert written() == before


def test_undo__guesses_of_references__are_counted(cast: Cast) -> None:
    def guess(reference: str) -> str:
        return call(cast.claudine, TOOL, voucher=reference, reason=REASON).code

    codes = [guess(f"V5-ABCD-{a}{b}") for a in "23456" for b in "2345"]

    assert set(codes) == {"voucher_not_found"}
    assert guess("V5-ABCD-ZZ") == "locked"
