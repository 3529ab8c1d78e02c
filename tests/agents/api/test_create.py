from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agents.models import IdempotentCall
from tests.agents.api.conftest import UNKNOWN, forget_rates, refusals, written
from vouchers.actors import Actor
from vouchers.models import Envelope, Voucher, VoucherEvent
from vouchers.services import rotate

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.agents.api.conftest import Api


def test_create__valid__one_issued_voucher(api: Api) -> None:
    # When
    answer = api.create(10_000, currency="RWF")

    # Then
    assert answer.status_code == 200
    body = answer.json()
    voucher = Voucher.objects.get()
    assert body == {
        "success": True,
        "voucher_id": str(voucher.public_id),
        "reference": voucher.reference,
        "code": body["code"],
        "status": "issued",
        "amount": 10_000,
        "currency": "RWF",
        "expires_at": body["expires_at"],
    }
    assert len(body["code"]) == 16
    assert body["code"].endswith(voucher.code_last4)
    assert body["expires_at"].endswith("Z")
    event = VoucherEvent.objects.get()
    assert (event.actor_kind, event.channel) == ("token", "api")
    assert event.actor_id.endswith(":caller")
    assert str(event.correlation_id) == answer["X-Correlation-ID"]


def test_create__text_of_digits__is_an_amount(api: Api) -> None:
    assert api.create("10000").json()["amount"] == 10_000


def test_create__above_approval__pending_without_code(api: Api) -> None:
    body = api.create(30_000).json()
    assert (body["status"], body["code"]) == ("pending_approval", None)


BAD_AMOUNTS: list[Any] = [
    0,
    -1,
    0.5,
    1000.0,
    1e9,
    10**20,
    1_000_001,
    "",
    "0",
    "-1",
    "1e4",
    "1e3",
    "10000.0",
    "1000.0",
    "10,5",
    "10,000",
    "10.000",
    "1.000",
    "1_000",
    " 1000 ",
    "10k",
    "0x10",
    "²",
    "Ⅷ",
    "١٠٠٠",
    "１０００",
    "1" * 1_200,
    True,
    None,
    [],
    {},
]


@pytest.mark.parametrize("amount", BAD_AMOUNTS, ids=lambda value: repr(value)[:20])
def test_create__bad_amount__400_and_nothing_written(api: Api, amount: Any) -> None:
    before = written()

    answer = api.create(amount)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"
    assert set(answer.json()["fields"]) == {"amount"}
    assert written() == before


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e308", "1e999"])
def test_create__number_json_cannot_hold__400(api: Api, number: str) -> None:
    body = f'{{"customer_msisdn": "+250788000011", "amount": {number}}}'

    answer = api.call("create-voucher", body.encode())

    assert answer.status_code == 400
    assert answer.json()["fields"]
    assert not Voucher.objects.exists()


@pytest.mark.parametrize(
    "currency", ["rwf", "RWFX", "XXX", "", "KES", None, 5, ["RWF"]]
)
def test_create__other_currency__400(api: Api, currency: Any) -> None:
    answer = api.create(currency=currency)
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"currency"}


def test_create__currency_with_decimals__kept_exactly(
    api: Api, settings: SettingsWrapper
) -> None:
    settings.VOUCHER_CURRENCIES = ["RWF", "USD"]

    answer = api.create("10.50", currency="USD").json()

    assert (answer["amount"], answer["currency"]) == ("10.50", "USD")
    assert Voucher.objects.get().amount_minor == 1_050


@pytest.mark.parametrize(
    "field",
    ["status", "amount_minor", "owner", "approved_by", "expires_at", "code_hmac", "x"],
)
def test_create__field_nobody_asked_for__400(api: Api, field: str) -> None:
    answer = api.create(**{field: "issued"})
    assert answer.status_code == 400
    assert answer.json()["fields"] == {field: "There is no such field."}
    assert not Voucher.objects.exists()


def test_create__nothing_given__each_field_named(api: Api) -> None:
    answer = api.call("create-voucher", {})
    assert answer.json()["fields"] == {
        "customer_msisdn": "This field is required.",
        "amount": "This field is required.",
    }


def test_create__unknown_customer__refused_and_audited(api: Api) -> None:
    answer = api.create(customer_msisdn=UNKNOWN)

    assert answer.status_code == 200
    assert answer.json() == {
        "success": False,
        "error": "There is no such customer.",
        "code": "customer_not_found",
        "correlation_id": answer["X-Correlation-ID"],
    }
    assert refusals() == [("issue", "customer_not_found")]
    assert not Voucher.objects.exists()


def test_create__over_a_limit__names_it(api: Api) -> None:
    single = api.create(50_001).json()
    assert (single["code"], single["limit"]) == ("limit_exceeded", "voucher")
    for _ in range(5):
        api.issued(20_000)
    daily = api.create(1).json()
    assert (daily["code"], daily["limit"]) == ("limit_exceeded", "customer_daily")
    assert Voucher.objects.count() == 5


def test_create__own_daily_limit_of_each_token__named(
    api: Api, settings: SettingsWrapper
) -> None:
    settings.VOUCHER_ISSUER_DAILY = 10_000
    api.issued(10_000)
    assert api.create(1).json()["limit"] == "issuer_daily"


def test_replay__same_key_and_body__first_answer_with_its_code(api: Api) -> None:
    first = api.create(key="order-1")
    # Another order of the fields is the same body.
    again = api.call(
        "create-voucher",
        json.dumps({"amount": 5_000, "customer_msisdn": "+250788000011"}).encode(),
        key="order-1",
    )

    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Voucher.objects.count() == 1
    assert again.content == first.content
    assert first.json()["code"] not in IdempotentCall.objects.get().answer


def test_replay__envelope_gone__code_is_null(api: Api) -> None:
    first = api.create(key="order-1").json()
    Envelope.objects.all().delete()
    assert api.create(key="order-1").json() == {**first, "code": None}


def test_replay__code_rotated_since__new_code_is_not_told(
    api: Api, django_user_model: Any
) -> None:
    api.create(key="order-1")
    odette = django_user_model.objects.create_user("odette")
    rotate.rotate_code(
        voucher=Voucher.objects.get(),
        actor=Actor.of_user(odette),
        reason="lost",
        key="rotate:1",
    )
    assert api.create(key="order-1").json()["code"] is None


def test_replay__rule_refusal__told_again(api: Api) -> None:
    first = api.create(customer_msisdn=UNKNOWN, key="order-2")
    again = api.create(customer_msisdn=UNKNOWN, key="order-2")
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    assert refusals() == [("issue", "customer_not_found")]


def test_key__other_body__422(api: Api) -> None:
    api.create(5_000, key="order-1")
    answer = api.create(6_000, key="order-1")
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_mismatch"
    assert Voucher.objects.count() == 1


def test_key__of_another_token__is_another_key(api: Api) -> None:
    from tests.agents.api.conftest import token

    api.create(key="order-1")
    api.secret = token()
    assert "Idempotent-Replayed" not in api.create(key="order-1")
    assert Voucher.objects.count() == 2


@pytest.mark.parametrize("key", ["", "a b", "a\tb", "é", "x" * 256])
def test_key__not_visible_ascii__400(api: Api, key: str) -> None:
    answer = api.create(key=key)
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"Idempotency-Key"}
    assert not Voucher.objects.exists()


def test_key__longest__taken(api: Api) -> None:
    assert api.create(key="x" * 255).json()["success"]


def test_key__refused_by_rate_or_shape__free_afterwards(api: Api) -> None:
    assert api.create("no", key="order-3").status_code == 400
    for _ in range(10):
        api.create(1)
    assert api.create(5_000, key="order-3").status_code == 429
    forget_rates()
    answer = api.create(5_000, key="order-3")
    assert answer.json()["success"]
    assert "Idempotent-Replayed" not in answer


def test_key__after_its_row_is_purged__still_one_voucher(api: Api) -> None:
    first = api.create(key="order-1").json()
    IdempotentCall.objects.all().delete()
    assert api.create(key="order-1").json()["voucher_id"] == first["voucher_id"]
    assert Voucher.objects.count() == 1
