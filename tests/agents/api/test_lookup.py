from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.models import IdempotentCall
from tests.agents.api.conftest import ALINE, UNKNOWN, forget_rates
from tests.roles import confirm_role

if TYPE_CHECKING:
    from tests.agents.api.conftest import Api


def test_lookup__known__tells_who(api: Api) -> None:
    answer = api.lookup(ALINE)

    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "exists": True,
        "name": "Aline",
        "msisdn": ALINE,
        "customer_id": str(api.aline.public_id),
    }
    assert not IdempotentCall.objects.exists()


def test_lookup__unknown__says_so(api: Api) -> None:
    assert api.lookup(UNKNOWN).json() == {"success": True, "exists": False}


@pytest.mark.parametrize(
    "written",
    ["0788000011", "250788000011", "+250 788 000 011", "+250788000011"],
)
def test_lookup__other_spellings__same_person(api: Api, written: str) -> None:
    assert api.lookup(written).json()["msisdn"] == ALINE


@pytest.mark.parametrize(
    "msisdn",
    [
        "",
        "078812",
        "+2507880000111",
        "٠٧٨٨٠٠٠٠١١",
        "０７８８００００１１",
        "＋250788000011",
        "O788000011",
        "0788000011\n",
        "0788\u200b000011",
        250788000011,
        None,
        True,
        ["0788000011"],
        {"msisdn": "0788000011"},
    ],
)
def test_lookup__no_valid_number__400_names_the_field(api: Api, msisdn: object) -> None:
    answer = api.lookup(msisdn)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"
    assert set(answer.json()["fields"]) == {"msisdn"}


def test_lookup__twenty_unknown_numbers__locks_known_ones_too(api: Api) -> None:
    # Given
    for last in range(20):
        assert api.lookup(f"+2507881000{last:02}").json()["exists"] is False

    # When
    unknown, known = api.lookup(UNKNOWN), api.lookup(ALINE)

    # Then
    for answer in (unknown, known):
        assert answer.status_code == 200
        assert answer.json()["code"] == "locked"
        assert 3_500 < answer.json()["retry_after"] <= 3_600
    # And another function of the same token is no way around it.
    assert api.create().json()["code"] == "locked"


def test_lookup__eleventh_call_for_a_customer__429(api: Api) -> None:
    for _ in range(10):
        assert api.lookup(ALINE).status_code == 200

    answer = api.lookup(ALINE)

    assert answer.status_code == 429
    assert answer.json()["code"] == "rate_limited"
    assert 0 < int(answer["Retry-After"]) <= 60
    forget_rates("api:")
    assert api.lookup(ALINE).status_code == 200


def test_lookup__staff_named__sixty_calls(api: Api) -> None:
    api.aline.role = "staff"
    api.aline.save(update_fields=["role"])
    confirm_role(api.aline)

    statuses = [api.lookup(ALINE).status_code for _ in range(61)]

    assert statuses == [200] * 60 + [429]
