from __future__ import annotations

import pytest

from agents.language.texts import render
from agents.tools import registry
from tests.agents.tools.conftest import Cast, call, context_of, written
from vouchers.models import Voucher


@pytest.mark.parametrize("person", ["diane", "emile"])
def test_void__own_words_with_a_reason__still_asks_for_the_button(
    cast: Cast, person: str
) -> None:
    voucher = cast.issue(cast.aline).voucher
    who = getattr(cast, person)

    asked = call(
        who,
        "void_voucher",
        f"void {voucher.reference} because it was a mistake",
        voucher=voucher.reference,
        reason="it was a mistake",
    )

    assert asked.pending
    assert "it was a mistake" in asked.pending.question
    assert Voucher.objects.get().status == "issued"
    pressed = registry.execute(
        "void_voucher", asked.pending.arguments, context_of(who), confirmed=True
    )
    assert pressed.effect
    assert Voucher.objects.get().status == "void"
    assert "it was a mistake" in pressed.payload["display"]


@pytest.mark.parametrize("reason", ["", "   ", None, 5, "\n"])
@pytest.mark.parametrize("confirmed", [False, True])
def test_void__without_a_reason__asks_for_it(
    cast: Cast, reason: object, confirmed: bool
) -> None:
    voucher = cast.issue(cast.aline).voucher

    result = call(
        cast.diane,
        "void_voucher",
        confirmed=confirmed,
        voucher=voucher.reference,
        reason=reason,
    )

    assert result.code == "reason_needed"
    assert Voucher.objects.get().status == "issued"


def test_list__own_vouchers__shows_them_and_no_others(cast: Cast) -> None:
    own = cast.issue(cast.aline).voucher
    other = cast.issue(cast.bosco).voucher

    result = call(cast.aline, "list_vouchers", "show the vouchers of +250788000002")

    assert own.reference in result.payload["display"]
    assert other.reference not in str(result.payload)


def test_list__nothing__says_so(cast: Cast) -> None:
    result = call(cast.aline, "list_vouchers")

    assert result.payload["display"] == "You have no vouchers."


def test_list__many__shows_the_newest_and_counts_the_rest(cast: Cast) -> None:
    made = [cast.issue(cast.aline, 1_000).voucher.reference for _ in range(12)]

    display = call(cast.aline, "list_vouchers").payload["display"]

    assert "… and 2 more." in display
    assert made[-1] in display
    assert made[0] not in display


def test_redeem__staff_without_a_voucher__own_ones_are_not_shown(
    cast: Cast,
) -> None:
    cast.issue(cast.diane)
    cast.issue(cast.diane)

    for tool, more in (
        ("redeem_voucher", {"station": "KIMIRONKO"}),
        ("void_voucher", {"reason": "A mistake"}),
    ):
        result = call(cast.diane, tool, "do it", **more)

        assert result.code == "which_voucher"
        assert result.payload["display"] == render("ask.voucher", "en")


@pytest.mark.parametrize("who", ["aline", "diane"])
def test_redeem__no_station_named__asks_for_it_and_keeps_the_reference(
    cast: Cast, who: str
) -> None:
    # Given
    person = getattr(cast, who)
    voucher = cast.issue(person).voucher
    before = written()

    # When
    result = call(person, "redeem_voucher", "use it", voucher=voucher.reference)

    # Then
    assert result.code == "station_needed"
    assert result.payload["display"] == render("ask.station", "en")
    assert result.payload["voucher"] == voucher.reference
    assert written() == before
