from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.agents.api.conftest import (
    BOSCO,
    UNKNOWN,
    forget_rates,
    refusals,
    token,
    written,
)
from tests.vouchers.database_clock import before_it_expired
from vouchers.codes import damm_digit
from vouchers.models import Voucher, VoucherEvent

if TYPE_CHECKING:
    from tests.agents.api.conftest import Api


def wrong_code(number: int) -> str:
    """Return a well-formed code that opens nothing."""
    body = f"{700_000_000_000_000 + number:015}"
    return body + damm_digit(body)


@pytest.mark.parametrize("named", ["voucher_id", "code"])
def test_redeem__issued__spent_at_the_station(api: Api, named: str) -> None:
    issued = api.issued()

    answer = api.redeem(**{named: issued[named]})

    assert answer.status_code == 200
    body = answer.json()
    assert body == {
        "success": True,
        "voucher_id": issued["voucher_id"],
        "status": "redeemed",
        "redeemed_at": body["redeemed_at"],
    }
    voucher = Voucher.objects.get()
    assert (voucher.status, voucher.station) == ("redeemed", api.kimironko)


def test_redeem__code_with_spaces_and_dashes__same_code(api: Api) -> None:
    code = api.issued()["code"]
    spaced = f" {code[:4]} {code[4:8]}-{code[8:]} "
    assert api.redeem(code=spaced).json()["success"]


@pytest.mark.parametrize("station", ["KIMIRONKO", "kimironko", "Kimironko"])
def test_redeem__station_by_code_or_name__found(api: Api, station: str) -> None:
    voucher_id = api.issued()["voucher_id"]
    assert api.redeem(voucher_id=voucher_id, station=station).json()["success"]


def test_redeem__no_such_station__400(api: Api) -> None:
    answer = api.redeem(voucher_id=api.issued()["voucher_id"], station="NOWHERE")
    assert answer.status_code == 400
    assert answer.json()["fields"] == {"station": "There is no such station."}


def test_redeem__unbound_token_names_no_station__400(api: Api) -> None:
    body = {"voucher_id": api.issued()["voucher_id"], "customer_msisdn": "0788000011"}
    answer = api.call("redeem-voucher", body)
    assert answer.json()["fields"] == {"station": "This field is required."}


def test_redeem__bound_token__books_on_its_station_only(api: Api) -> None:
    # Given
    voucher_id = api.issued()["voucher_id"]
    api.secret = token(station="NYABUGOGO")
    body = {"voucher_id": voucher_id, "customer_msisdn": "0788000011"}

    # When
    other = api.call("redeem-voucher", {**body, "station": "KIMIRONKO"})
    unknown = api.call("redeem-voucher", {**body, "station": "NOWHERE"})
    own = api.call("redeem-voucher", body)

    # Then
    for refused in (other, unknown):
        assert refused.status_code == 403
        assert refused.json()["code"] == "forbidden"
    assert own.json()["success"]
    assert Voucher.objects.get().station == api.nyabugogo


def test_redeem__closed_station_of_the_token__403(api: Api) -> None:
    voucher_id = api.issued()["voucher_id"]
    api.secret = token(station="NYABUGOGO")
    api.nyabugogo.is_active = False
    api.nyabugogo.save(update_fields=["is_active"])
    body = {"voucher_id": voucher_id, "customer_msisdn": "0788000011"}
    assert api.call("redeem-voucher", body).status_code == 403


@pytest.mark.parametrize(
    "code",
    [
        "",
        "123",
        "1" * 15,
        "1" * 17,
        "１２３４" * 4,
        "٤" * 16,
        "4821\u200b" * 4,
        5,
        None,
    ],
)
def test_redeem__no_code__400_and_no_guess(api: Api, code: Any) -> None:
    answer = api.redeem(code=code)
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"code"}
    assert refusals() == []


def test_redeem__slip_of_the_check_digit__400_and_no_guess(api: Api) -> None:
    code = api.issued()["code"]
    slipped = code[:-1] + str((int(code[-1]) + 1) % 10)
    for _ in range(12):
        assert api.redeem(code=slipped).status_code == 400
    assert api.redeem(code=code).json()["success"]


@pytest.mark.parametrize(
    "voucher_id",
    [
        5,
        "5",
        "{0f2a3c7e-5b0d-4d5e-9a44-2f6f0a1c9be1}",
        "urn:uuid:0f2a3c7e-5b0d-4d5e-9a44-2f6f0a1c9be1",
        "0f2a3c7e5b0d4d5e9a442f6f0a1c9be1",
        "' OR 1=1--",
        None,
        ["0f2a3c7e-5b0d-4d5e-9a44-2f6f0a1c9be1"],
    ],
)
def test_redeem__no_id__400(api: Api, voucher_id: Any) -> None:
    answer = api.redeem(voucher_id=voucher_id)
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"voucher_id"}


def test_redeem__named_twice_or_not_at_all__400(api: Api) -> None:
    issued = api.issued()
    both = api.redeem(voucher_id=issued["voucher_id"], code=issued["code"])
    for answer in (both, api.redeem()):
        assert answer.status_code == 400
        assert set(answer.json()["fields"]) == {"voucher_id"}


def test_redeem__unknown_and_not_hers__one_answer(api: Api) -> None:
    """Only a token that may void is told apart whose it is not."""
    # Given
    issued = api.issued()
    api.secret = token("create", "redeem")
    before = written()

    # When
    unknown = api.redeem(voucher_id=str(uuid4())).json()
    not_hers = api.redeem(voucher_id=issued["voucher_id"], customer_msisdn=BOSCO).json()

    # Then
    for body in (unknown, not_hers):
        body.pop("correlation_id")
    assert unknown == not_hers
    assert unknown["code"] == "voucher_not_found"
    assert written() == before


def test_redeem__not_hers__told_to_the_scope_void(api: Api) -> None:
    issued = api.issued()
    answer = api.redeem(voucher_id=issued["voucher_id"], customer_msisdn=BOSCO)
    assert answer.json()["code"] == "not_owner"


def test_redeem__twice__says_it_is_redeemed(api: Api) -> None:
    voucher_id = api.issued()["voucher_id"]
    api.redeem(voucher_id=voucher_id)
    again = api.redeem(voucher_id=voucher_id)
    assert again.status_code == 200
    assert (again.json()["code"], again.json()["status"]) == ("not_issued", "redeemed")
    assert VoucherEvent.objects.filter(kind="redeemed").count() == 1


def test_redeem__time_over__expired(api: Api) -> None:
    with before_it_expired():
        voucher_id = api.issued()["voucher_id"]
    assert api.redeem(voucher_id=voucher_id).json()["code"] == "expired"


def test_redeem__unknown_customer__refused(api: Api) -> None:
    voucher_id = api.issued()["voucher_id"]
    answer = api.redeem(voucher_id=voucher_id, customer_msisdn=UNKNOWN)
    assert answer.json()["code"] == "customer_not_found"
    assert Voucher.objects.get().status == "issued"


def test_redeem__same_key__replayed(api: Api) -> None:
    voucher_id = api.issued()["voucher_id"]
    first = api.redeem(voucher_id=voucher_id, key="r-1")
    again = api.redeem(voucher_id=voucher_id, key="r-1")
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"


def test_redeem__sandbox_voucher_outside_of_the_demonstration__no_fuel(
    api: Api,
) -> None:
    voucher_id = api.issued()["voucher_id"]
    api.aline.is_sandbox = True
    api.aline.save(update_fields=["is_sandbox"])
    answer = api.redeem(voucher_id=voucher_id)
    assert answer.json()["code"] == "voucher_not_found"
    assert Voucher.objects.get().status == "issued"


def test_redeem__ten_wrong_codes__locks_the_token(api: Api) -> None:
    # Given
    code = api.issued()["code"]
    api.secret = token("redeem", name="pump")
    for number in range(10):
        answer = api.redeem(code=wrong_code(number))
        assert answer.json()["code"] == "voucher_not_found"
        forget_rates()

    # When: also the right one
    answer = api.redeem(code=code)

    # Then
    assert answer.status_code == 200
    assert answer.json()["code"] == "locked"
    api.secret = token("redeem", name="another pump")
    assert api.redeem(code=code).json()["success"]


def test_void__issued__void_with_its_reason(api: Api) -> None:
    voucher_id = api.issued()["voucher_id"]

    body = api.void(voucher_id, reason=" Issued twice. ").json()

    assert body == {
        "success": True,
        "voucher_id": voucher_id,
        "status": "void",
        "voided_at": body["voided_at"],
    }
    event = VoucherEvent.objects.get(kind="voided")
    assert event.note.text == "Issued twice."


def test_void__no_reason__taken(api: Api) -> None:
    assert api.void(api.issued()["voucher_id"]).json()["success"]


@pytest.mark.parametrize(
    "reason", ["", "  ", "x" * 501, "a\x00b", "a\r\nb", "a\u202eb", None, 5, ["x"]]
)
def test_void__bad_reason__400(api: Api, reason: Any) -> None:
    answer = api.void(api.issued()["voucher_id"], reason=reason)
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"reason"}
    assert Voucher.objects.get().status == "issued"


def test_void__unknown_or_used__refused(api: Api) -> None:
    unknown = api.void(str(uuid4()))
    assert unknown.json()["code"] == "voucher_not_found"
    voucher_id = api.issued()["voucher_id"]
    api.redeem(voucher_id=voucher_id)
    used = api.void(voucher_id).json()
    assert (used["code"], used["status"]) == ("not_issued", "redeemed")
    assert re.fullmatch(
        r"This voucher was redeemed already, on \d+ \w+ \d{4} at \d\d:\d\d\.",
        used["error"],
    )
    assert refusals()[-2:] == [("void", "voucher_not_found"), ("void", "not_issued")]
