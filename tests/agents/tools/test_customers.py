from __future__ import annotations

import pytest

from tests.agents.tools.conftest import Cast, call
from vouchers.services.profiles import create_or_change_profile


@pytest.mark.parametrize("person", ["diane", "emile"])
def test_lookup__number__tells_name_and_masked_number(cast: Cast, person: str) -> None:
    result = call(getattr(cast, person), "lookup_customer", msisdn="0788 000 001")

    assert result.payload["exists"] is True
    assert result.payload["display"] == '"Aline"\nNumber: +2507***001'
    assert "+250788000001" not in str(result.payload)


def test_lookup__unknown_number__says_so_masked(cast: Cast) -> None:
    result = call(cast.diane, "lookup_customer", msisdn="+250788999999")

    assert (result.succeeded, result.payload["exists"]) == (True, False)
    assert "+2507***999" in result.payload["display"]


@pytest.mark.parametrize("msisdn", ["12", "", None, 7, "٠٧٨٨٠٠٠٠٠١"])
def test_lookup__no_number__asks_for_one(cast: Cast, msisdn: object) -> None:
    result = call(cast.diane, "lookup_customer", msisdn=msisdn)

    assert result.code in {"invalid_number", "number_needed"}


@pytest.mark.parametrize("msisdn", [None, "0788000001", "+250788000001"])
def test_lookup__customer_about_herself__is_answered(
    cast: Cast, msisdn: str | None
) -> None:
    result = call(cast.aline, "lookup_customer", msisdn=msisdn)

    assert result.payload["display"] == 'You are "Aline".\nNumber: +2507***001'


@pytest.mark.parametrize("msisdn", ["+250788000002", "+250788999999", "junk"])
def test_lookup__customer_about_others__is_one_refusal(cast: Cast, msisdn: str) -> None:
    known = call(cast.aline, "lookup_customer", msisdn="+250788000002")
    result = call(cast.aline, "lookup_customer", msisdn=msisdn)

    assert result.code == "forbidden"
    assert result.payload == known.payload
    assert "Bosco" not in str(result.payload)


def test_lookup__customer_with_somebodys_voucher__is_refused(cast: Cast) -> None:
    issued = cast.issue(cast.bosco)
    assert issued.code

    for voucher in ("[code 1]", issued.voucher.reference):
        result = call(
            cast.aline,
            "lookup_customer",
            f"whose is {issued.code.digits}",
            voucher=voucher,
        )
        assert result.code == "forbidden"


def test_lookup__station_staff_with_a_code_in_hand__tells_its_customer(
    cast: Cast,
) -> None:
    issued = cast.issue(cast.aline)
    assert issued.code

    result = call(
        cast.claudine,
        "lookup_customer",
        f"whose is {issued.code.formatted}",
        voucher="[code 1]",
    )

    assert result.payload["name"] == "Aline"
    assert result.payload["msisdn"] == "+2507***001"


def test_lookup__station_staff_without_a_code__learns_nothing(cast: Cast) -> None:
    issued = cast.issue(cast.aline)

    answers = [
        call(cast.claudine, "lookup_customer", msisdn="+250788000001"),
        call(cast.claudine, "lookup_customer", msisdn="+250788999999"),
        call(cast.claudine, "lookup_customer", voucher=issued.voucher.reference),
        call(cast.claudine, "lookup_customer", voucher="[code 1]"),
    ]

    assert {answer.code for answer in answers} == {"voucher_needed"}
    assert len({answer.payload["display"] for answer in answers}) == 1


def test_lookup__sandbox_staff__do_not_see_real_people(cast: Cast) -> None:
    create_or_change_profile(profile=cast.diane, is_sandbox=True)
    cast.diane.refresh_from_db()

    result = call(cast.diane, "lookup_customer", msisdn="+250788000001")

    assert result.payload["exists"] is False
    assert "Aline" not in str(result.payload)
