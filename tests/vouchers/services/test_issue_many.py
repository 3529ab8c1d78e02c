"""Many vouchers by one statement: as one call for each, in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.vouchers import guards
from tests.vouchers.conftest import acting, rwf
from vouchers import errors, sql
from vouchers.actors import Actor
from vouchers.audit.verify import verify_one
from vouchers.batches import checking, issuing, reading
from vouchers.models import (
    Envelope,
    EventSeal,
    LimitCounter,
    Profile,
    Refusal,
    Voucher,
    VoucherEvent,
)
from vouchers.services import envelopes
from vouchers.services.issue import Order, issue_voucher, issue_vouchers
from vouchers.services.transition import pass_fence

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("batch:1", channel="import")


def many(orders: list[Order], actor: Actor = SYSTEM) -> list[str]:
    with transaction.atomic():
        pass_fence(None)
        return [
            str(error or "") for error in issue_vouchers(orders=orders, actor=actor)
        ]


def one_by_one(orders: list[Order], actor: Actor = SYSTEM) -> list[str]:
    found = []
    for order in orders:
        try:
            issue_voucher(
                customer=order.customer,
                amount=order.amount,
                actor=actor,
                key=order.key,
                note=order.note,
            )
        except errors.VoucherError as error:
            found.append(str(error))
        else:
            found.append("")
    return found


def written() -> dict[str, object]:
    """Return what the calls left behind, without what is drawn again each time."""
    events = VoucherEvent.objects.order_by("id").values_list(
        "key", "kind", "amount_minor", "owner_id", "actor_id", "channel", "fingerprint"
    )
    return {
        "vouchers": list(
            Voucher.objects.order_by("id").values_list(
                "amount_minor", "status", "owner"
            )
        ),
        "events": [(*rest, bytes(mark)) for *rest, mark in events],
        "notes": list(VoucherEvent.objects.order_by("id").values_list("note__text")),
        "seals": EventSeal.objects.count(),
        "envelopes": Envelope.objects.count(),
        "counters": sorted(LimitCounter.objects.values_list("subject", "used_minor")),
        "refusals": sorted(Refusal.objects.values_list("reason", flat=True)),
    }


@pytest.mark.parametrize("who", ["system", "staff", "customer"])
def test_issue_many__every_answer__is_that_of_single_calls(
    who: str, aline: Profile, bosco: Profile, diane: Profile, settings: SettingsWrapper
) -> None:
    # Given
    settings.VOUCHER_CUSTOMER_DAILY = 40_000
    settings.VOUCHER_MAX = 35_000
    gone = Profile.objects.create(msisdn="+250788000099", is_active=False)
    actor = {"system": SYSTEM, "staff": acting(diane), "customer": acting(bosco)}[who]
    issue_voucher(customer=bosco, amount=rwf(700), actor=SYSTEM, key="used")
    orders = [
        Order(aline, rwf(500), "a", "For May"),
        Order(bosco, rwf(30_000), "above what one person may issue"),
        Order(gone, rwf(500), "inactive"),
        Order(bosco, rwf(700), "used"),
        Order(bosco, rwf(701), "used"),
        Order(aline, rwf(36_000), "above the largest"),
        Order(aline, rwf(34_000), "b"),
        Order(aline, rwf(34_000), "over the day"),
        Order(bosco, rwf(0), "nothing"),
        Order(aline, rwf(600), "c"),
        Order(aline, rwf(500), "a", "For May"),
    ]

    # When
    with transaction.atomic():
        expected, left = one_by_one(orders, actor), written()
        transaction.set_rollback(True)
    found = many(orders, actor)

    # Then
    assert found == expected
    assert written() == left
    assert len(set(expected)) >= (3 if who == "customer" else 6)
    assert [verify_one(voucher=each) for each in Voucher.objects.all()] == [
        [] for _ in Voucher.objects.all()
    ]
    for envelope in Envelope.objects.select_related("voucher"):
        code = envelopes.read(envelope.voucher)
        assert code is not None
        assert code.hmac == bytes(envelope.voucher.code_hmac or b"")


def test_issue_many__reference_taken__all_are_drawn_again(
    aline: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = issue_voucher(customer=aline, amount=rwf(5), actor=SYSTEM, key="k")
    plain, drawn = envelopes.fresh_reference, iter([taken.voucher.reference])
    monkeypatch.setattr(envelopes, "fresh_reference", lambda: next(drawn, plain()))
    orders = [Order(aline, rwf(5), f"k:{n}") for n in range(3)]
    assert many(orders) == ["", "", ""]
    assert Voucher.objects.count() == 4


def test_issue_many__off_for_one_owner__issues_nothing(
    aline: Profile, bosco: Profile
) -> None:
    guards.open_in_database(f"SELECT p_subject IS DISTINCT FROM '{bosco.public_id}'")
    orders = [Order(aline, rwf(5), "a"), Order(bosco, rwf(5), "b")]
    with pytest.raises(errors.FeatureDisabled):
        many(orders)
    assert not Voucher.objects.exists()


def test_issue_many__nothing_to_issue__asks_nothing() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert issue_vouchers(orders=[], actor=SYSTEM) == []
    assert not [each for each in asked if "SAVEPOINT" not in each["sql"]]


def test_each__names_parameters_of_the_function() -> None:
    known = set(sql.PARAMETER.findall(sql.call("issue", ("id",))))
    assert set(sql.EACH) <= known


def test_batch__any_number_of_lines__the_same_statements_for_each_part() -> None:
    def statements(count: int, first: int) -> int:
        lines = "".join(f"+2507881{first + n:05d},500\n" for n in range(count))
        checked = checking.check(reading.read(f"msisdn,amount\n{lines}".encode()))
        batch = issuing.store(
            checked, file_name="x.csv", reason="May", by_name="o", state="issuing"
        )
        with CaptureQueriesContext(connection) as asked:
            done = issuing.issue_all(batch)
        assert (done.state, done.issued) == ("done", count)
        return len(asked)

    assert statements(2, 0) == statements(issuing.LINES_IN_ONE, 100) < 20
