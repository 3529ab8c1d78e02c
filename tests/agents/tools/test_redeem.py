from __future__ import annotations

import pytest

from agents.tools import registry
from tests.agents.tools.conftest import Cast, call, context_of, written
from vouchers.models import Station, Voucher
from vouchers.services.profiles import create_or_change_profile


def test_redeem__code_in_own_words_of_station_staff__redeems_at_their_station(
    cast: Cast,
) -> None:
    code = cast.issue(cast.aline).code
    assert code

    result = call(
        cast.claudine,
        "redeem_voucher",
        f"redeem {code.formatted}",
        voucher="[code 1]",
        station="NYABUGOGO",
    )

    voucher = Voucher.objects.get()
    assert (voucher.status, voucher.station) == ("redeemed", cast.kimironko)
    assert result.effect
    assert result.effect.voucher_id == voucher.public_id
    assert code.digits not in str(result.payload)
    assert "Kimironko" in result.payload["display"]


def test_redeem__large_voucher_at_a_station__asks_for_the_button(cast: Cast) -> None:
    issued = cast.issue(cast.aline, 15_000)
    assert issued.code

    asked = call(
        cast.claudine,
        "redeem_voucher",
        f"redeem {issued.code.formatted}",
        voucher="[code 1]",
    )

    assert asked.pending
    assert asked.pending.arguments == {
        "voucher": issued.voucher.reference,
        "station": "KIMIRONKO",
    }
    assert Voucher.objects.get().status == "issued"
    pressed = registry.execute(
        "redeem_voucher",
        asked.pending.arguments,
        context_of(cast.claudine),
        confirmed=True,
    )
    assert pressed.effect
    assert Voucher.objects.get().status == "redeemed"


def test_redeem__reference_without_the_code_at_a_station__asks_for_the_code(
    cast: Cast,
) -> None:
    voucher = cast.issue(cast.aline).voucher
    before = written()

    result = call(
        cast.claudine,
        "redeem_voucher",
        f"redeem {voucher.reference}",
        voucher=voucher.reference,
    )

    assert result.code == "voucher_needed"
    assert written() == before


def test_redeem__staff_at_a_station_they_named__redeems(cast: Cast) -> None:
    code = cast.issue(cast.aline).code
    assert code

    call(
        cast.diane,
        "redeem_voucher",
        f"redeem {code.digits} at nyabugogo ROAD",
        voucher="[code 1]",
        station="Nyabugogo Road",
    )

    voucher = Voucher.objects.get()
    assert (voucher.status, voucher.station) == ("redeemed", cast.nyabugogo)


def test_redeem__staff_whose_model_names_a_station__asks_for_the_button(
    cast: Cast,
) -> None:
    code = cast.issue(cast.aline).code
    assert code

    result = call(
        cast.diane,
        "redeem_voucher",
        f"redeem {code.digits}",
        voucher="[code 1]",
        station="KIMIRONKO",
    )

    assert result.code == "confirmation_needed"
    assert Voucher.objects.get().status == "issued"


@pytest.mark.parametrize(
    "station", ["Kimironko", "kimironko", "KIMIRONKO", "Kimironko station"]
)
def test_redeem__customers_own_voucher__always_asks_for_the_button(
    cast: Cast, station: str
) -> None:
    issued = cast.issue(cast.aline)
    assert issued.code

    asked = call(
        cast.aline,
        "redeem_voucher",
        f"redeem {issued.code.formatted} at Kimironko",
        voucher="[code 1]",
        station=station,
    )

    assert asked.pending
    assert Voucher.objects.get().status == "issued"
    pressed = registry.execute(
        "redeem_voucher",
        asked.pending.arguments,
        context_of(cast.aline),
        confirmed=True,
    )
    assert pressed.effect
    voucher = Voucher.objects.get()
    assert (voucher.status, voucher.station) == ("redeemed", cast.kimironko)


def test_redeem__customers_only_voucher__needs_no_name(cast: Cast) -> None:
    voucher = cast.issue(cast.aline).voucher

    result = call(cast.aline, "redeem_voucher", "use it", station="KIMIRONKO")

    assert result.pending
    assert result.pending.arguments["voucher"] == voucher.reference


def test_redeem__customer_with_two_vouchers__is_asked_which(cast: Cast) -> None:
    references = [cast.issue(cast.aline).voucher.reference for _ in range(2)]

    result = call(cast.aline, "redeem_voucher", "use it", station="KIMIRONKO")

    assert result.code == "which_voucher"
    assert all(reference in result.payload["display"] for reference in references)


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("by_code", [False, True])
def test_redeem__somebody_elses_voucher__is_not_found(
    cast: Cast, confirmed: bool, by_code: bool
) -> None:
    # Given
    issued = cast.issue(cast.bosco)
    assert issued.code

    # When
    taken = call(
        cast.aline,
        "redeem_voucher",
        f"redeem {issued.code.formatted} at Kimironko",
        confirmed=confirmed,
        voucher="[code 1]" if by_code else issued.voucher.reference,
        station="KIMIRONKO",
    )
    unknown = call(
        cast.aline,
        "redeem_voucher",
        confirmed=confirmed,
        voucher="V2-2222-22",
        station="KIMIRONKO",
    )

    # Then
    assert taken.code == "voucher_not_found"
    assert taken.payload == unknown.payload
    assert Voucher.objects.get().status == "issued"


def test_redeem__many_wrong_codes__locks_also_for_the_right_one(cast: Cast) -> None:
    # Given
    own = cast.issue(cast.aline).code
    other = cast.issue(cast.bosco).code
    assert own
    assert other

    # When
    codes = []
    for _ in range(30):
        result = call(
            cast.aline,
            "redeem_voucher",
            f"redeem {other.digits} at Kimironko",
            voucher="[code 1]",
            station="KIMIRONKO",
            confirmed=True,
        )
        codes.append(result.code)
        if result.code == "locked":
            break
    right = call(
        cast.aline,
        "redeem_voucher",
        f"redeem {own.digits} at Kimironko",
        voucher="[code 1]",
        station="KIMIRONKO",
    )

    # Then
    assert codes[0] == "voucher_not_found"
    assert codes[-1] == "locked"
    assert right.code == "locked"
    assert right.pending is None


@pytest.mark.parametrize("station", [None, "", "Nowhere", "'; --", "\x00", 5])
def test_redeem__no_such_station__asks_for_it(cast: Cast, station: object) -> None:
    issued = cast.issue(cast.aline)
    assert issued.code

    result = call(
        cast.diane,
        "redeem_voucher",
        f"redeem {issued.code.digits}",
        confirmed=True,
        voucher="[code 1]",
        station=station,
    )

    assert result.code in {"station_needed", "station_not_found"}
    assert result.payload["voucher"] == issued.voucher.reference
    assert Voucher.objects.get().status == "issued"


def test_redeem__closed_station__is_refused(cast: Cast) -> None:
    code = cast.issue(cast.aline).code
    assert code
    Station.objects.filter(pk=cast.kimironko.pk).update(is_active=False)

    result = call(
        cast.claudine, "redeem_voucher", f"redeem {code.digits}", voucher="[code 1]"
    )

    assert result.code == "station_not_found"
    assert Voucher.objects.get().status == "issued"


@pytest.mark.parametrize(
    "voucher",
    ["[code 2]", "[code 99]", "1234123412341234", "all", "{code:1}", 7, "\x00"],
)
def test_redeem__what_is_no_voucher__is_refused(cast: Cast, voucher: object) -> None:
    code = cast.issue(cast.aline).code
    assert code

    for person in (cast.claudine, cast.diane, cast.aline):
        result = call(
            person,
            "redeem_voucher",
            f"redeem {code.digits} at Kimironko",
            voucher=voucher,
            station="KIMIRONKO",
        )
        assert result.effect is None

    assert Voucher.objects.get().status == "issued"


def test_redeem__sandbox_voucher_at_a_real_station_counter__is_not_found(
    cast: Cast,
) -> None:
    code = cast.issue(cast.aline).code
    assert code
    create_or_change_profile(profile=cast.aline, is_sandbox=True)

    result = call(
        cast.claudine, "redeem_voucher", f"redeem {code.digits}", voucher="[code 1]"
    )

    assert result.code == "voucher_not_found"
    assert Voucher.objects.get().status == "issued"
