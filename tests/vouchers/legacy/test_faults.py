"""Each fault of the earlier system, in a row of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from tests.vouchers.legacy.conftest import said
from vouchers.audit import verify
from vouchers.legacy.report import MENDED, REFUSED
from vouchers.models import Profile, Voucher, VoucherEvent

if TYPE_CHECKING:
    from tests.vouchers.legacy.conftest import Run
    from tests.vouchers.legacy.earlier import Earlier

OWNER = "+250788111001"
AGENT = "EASYMO-VOUCHER:x"
# Mended in every usual voucher of these tests: its short code, and its last day.
USUAL = {"code_replaced", "expiry_end_of_day"}
REFUSALS: list[tuple[str, dict[str, Any]]] = [
    # Amounts: two programs stored two units in one column.
    ("amount_indivisible", {"qr_payload": AGENT, "amount_minor": 2001}),
    ("amount_indivisible", {"policy_number": "AI-1234567890123", "amount_minor": 50}),
    ("amount_unclear", {"qr_payload": None, "amount_minor": 2000, "amount": 20}),
    ("amount_unclear", {"qr_payload": "?", "amount_minor": 2000, "amount": 2001}),
    ("amount_missing", {"amount_minor": None}),
    ("amount_not_positive", {"amount_minor": 0}),
    ("amount_not_positive", {"amount_minor": -2000}),
    ("amount_not_positive", {"amount_minor": None, "amount": 0}),
    ("amount_inexact", {"amount_minor": "2000.5"}),
    ("amount_inexact", {"amount_minor": None, "amount": "20.5"}),
    ("amount_inexact", {"amount_minor": "NaN"}),
    ("amount_inexact", {"amount_minor": "9" * 20}),
    ("amount_above_limit", {"amount_minor": 50_001}),
    ("amount_needs_approval", {"amount_minor": 20_001}),
    # Currencies.
    ("currency_unknown", {"currency": None}),
    ("currency_unknown", {"currency": "USD"}),
    ("currency_unknown", {"currency": "FRw"}),
    ("currency_unknown", {"currency": "XXX"}),
    # Statuses.
    ("status_unknown", {"status": None}),
    ("status_unknown", {"status": "pending"}),
    ("status_contradicts", {"redeemed_at": "2025-10-11"}),
    ("status_contradicts", {"status": "sent", "redeemed_at": "2025-10-11"}),
    ("status_contradicts", {"status": "cancelled", "redeemed_at": "2025-10-11"}),
    ("status_contradicts", {"status": "expired"}),
    # Times.
    ("time_missing", {"issued_at": None}),
    ("time_in_future", {"issued_at": "2098-01-01"}),
    ("time_in_future", {"status": "redeemed", "redeemed_at": "2098-01-01"}),
    ("time_unreadable", {"issued_at": "infinity"}),
    ("time_unreadable", {"expires_at": "infinity"}),
    ("time_unreadable", {"issued_at": "0044-03-15 BC"}),
    ("times_contradict", {"expires_at": "2025-10-01"}),
    ("times_contradict", {"status": "redeemed", "redeemed_at": "2025-10-01"}),
    # Owners.
    ("owner_missing", {"whatsapp_e164": None}),
    ("number_invalid", {"whatsapp_e164": "12345"}),
    ("number_invalid", {"whatsapp_e164": "٠٧٨٨١١١٠٠١"}),
    (
        "owner_unknown",
        {"whatsapp_e164": None, "user_id": "00000000-0000-4000-8000-000000000001"},
    ),
]
MENDINGS: list[tuple[set[str], dict[str, Any], dict[str, Any]]] = [
    ({"amount_divided"}, {"qr_payload": AGENT, "amount_minor": 200_000}, {}),
    (
        {"amount_divided"},
        {"qr_payload": None, "policy_number": "AI-1234567890123"}
        | {"amount_minor": 200_000},
        {},
    ),
    (set(), {"amount": 20}, {}),
    (set(), {"qr_payload": None, "amount": "2000.00"}, {}),
    (
        set(),
        {"qr_payload": None, "amount_minor": 20, "amount": 2000, "code5": "KAB1C2"},
        {},
    ),
    (set(), {"amount_minor": None, "amount": 2000}, {}),
    ({"currency_spelled"}, {"currency": " rwf "}, {}),
    ({"status_spelled"}, {"status": "sent"}, {}),
    ({"status_spelled"}, {"status": "ISSUED"}, {}),
    ({"expiry_set"}, {"expires_at": None, "issued_at": "now"}, {}),
    ({"expired_by_date"}, {"expires_at": "2025-11-01 10:00"}, {"status": "expired"}),
    (
        {"status_spelled", "time_assumed"},
        {"status": "cancelled", "updated_at": "2025-10-12"},
        {"status": "void"},
    ),
    (
        {"time_assumed", "redemption_missing", "station_unknown"},
        {"status": "redeemed"},
        {"status": "redeemed"},
    ),
    (
        {"time_moved", "redemption_missing", "station_unknown"},
        {"status": "redeemed", "redeemed_at": "2025-10-10 08:00+00"},
        {"status": "redeemed"},
    ),
    # The number is written in another way, or only in the metadata.
    (set(), {"whatsapp_e164": "0788 111 001"}, {}),
    (set(), {"whatsapp_e164": "250788111001"}, {}),
    (set(), {"whatsapp_e164": None, "metadata": {"msisdn": OWNER}}, {}),
]


@pytest.mark.parametrize(("code", "values"), REFUSALS)
def test_voucher__refused__leaves_nothing(
    earlier: Earlier, run: Run, code: str, values: dict[str, Any]
) -> None:
    voucher = earlier.voucher(**{"whatsapp_e164": OWNER, "code5": "AB1C2"} | values)
    assert said(run(), voucher) == ("refused", [code])
    assert not Voucher.objects.exists()
    assert not Profile.objects.exists()


@pytest.mark.parametrize(("codes", "values", "facts"), MENDINGS)
def test_voucher__mended__has_its_value_and_says_why(
    earlier: Earlier,
    run: Run,
    codes: set[str],
    values: dict[str, Any],
    facts: dict[str, Any],
) -> None:
    earlier.person()
    usual = {"whatsapp_e164": OWNER, "code5": "AB1C2"}
    voucher = earlier.voucher(**usual | values)
    outcome, found = said(run(), voucher)
    assert outcome == "mended"
    assert set(found) - USUAL == codes
    stored = Voucher.objects.get()
    wanted = {"amount_minor": 2000, "currency": "RWF", "status": "issued"} | facts
    assert {name: getattr(stored, name) for name in wanted} == wanted
    assert stored.owner.msisdn == OWNER
    assert verify.verify().broken == []


def test_voucher__redeemed_sixteen_times__is_redeemed_once(
    earlier: Earlier, run: Run
) -> None:
    earlier.person()
    voucher = earlier.voucher(whatsapp_e164=OWNER, status="redeemed")
    for hour in range(16):
        earlier.add(
            "voucher_redemptions",
            voucher_id=voucher,
            redeemed_at=f"2025-10-12 {23 - hour}:00+00",
        )
    assert "redeemed_repeatedly" in said(run(), voucher)[1]
    (event,) = VoucherEvent.objects.filter(kind="redeemed")
    assert event.created_at.isoformat() == "2025-10-12T08:00:00+00:00"


def test_voucher__issued_with_a_redemption__is_refused(
    earlier: Earlier, run: Run
) -> None:
    voucher = earlier.voucher(whatsapp_e164=OWNER)
    earlier.add("voucher_redemptions", voucher_id=voucher)
    assert said(run(), voucher) == ("refused", ["status_contradicts"])


def test_voucher__valid_until_today__stays_issued_to_the_end_of_the_day(
    earlier: Earlier, run: Run
) -> None:
    earlier.person()
    start = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=1)
    earlier.voucher(whatsapp_e164=OWNER, expires_at=start.isoformat())
    run()
    assert Voucher.objects.get().status == "issued"


def test_voucher__short_code__redeems_nothing(earlier: Earlier, run: Run) -> None:
    earlier.person()
    voucher = earlier.voucher(whatsapp_e164=OWNER, code5="AB1C2")
    assert "code_replaced" in said(run(), voucher)[1]
    stored = Voucher.objects.get()
    assert len(bytes(stored.code_hmac or b"")) == 32
    assert not hasattr(stored, "envelope")


def test_voucher__owner_and_number_of_two_people__is_refused(
    earlier: Earlier, run: Run
) -> None:
    first, _ = earlier.person(), earlier.person(number="+250788111002")
    voucher = earlier.voucher(user_id=first, whatsapp_e164="+250788111002")
    assert said(run("--dry-run"), voucher) == ("refused", ["owner_contradicts"])
    assert said(run(), voucher) == ("refused", ["owner_contradicts"])


def test_voucher__of_a_person_of_the_simulator__is_refused(
    earlier: Earlier, run: Run
) -> None:
    Profile.objects.create(msisdn=OWNER, is_sandbox=True)
    person, voucher = earlier.person(), earlier.voucher(whatsapp_e164=OWNER)
    report = run()
    assert said(report, person) == ("refused", ["number_of_sandbox"])
    assert said(report, voucher) == ("refused", ["number_of_sandbox"])


@pytest.mark.parametrize(
    ("outcome", "codes", "values"),
    [
        ("refused", ["number_missing"], {"number": None}),
        ("refused", ["number_invalid"], {"number": "1234"}),
        ("refused", ["numbers_differ"], {"wa_id": "250788111002"}),
        ("taken", [], {"number": "0788111001", "wa_id": "250788111001"}),
        ("taken", [], {"number": None, "phone_number": OWNER}),
        ("mended", ["other_number_left_out"], {"phone_number": "+250788111002"}),
        ("mended", ["number_column_invalid"], {"number": "x", "phone_number": OWNER}),
        ("mended", ["name_cleaned"], {"full_name": "Aline\nUwase"}),
        ("mended", ["name_cleaned"], {"full_name": "A" * 400}),
        ("mended", ["language_unknown"], {"language": "de"}),
        ("mended", ["role_not_taken"], {"role": "station_manager"}),
        ("taken", [], {"role": "customer", "language": "fr-RW", "full_name": "Aline"}),
    ],
)
def test_person(
    earlier: Earlier,
    run: Run,
    outcome: str,
    codes: list[str],
    values: dict[str, Any],
) -> None:
    person = earlier.person(**values)
    assert said(run(), person) == (outcome, codes)
    stored = list(Profile.objects.values_list("msisdn", "role"))
    assert stored == ([] if outcome == "refused" else [(OWNER, "customer")])


def test_people__one_number__become_one_person(earlier: Earlier, run: Run) -> None:
    newer = earlier.person(created_at="2025-02-01", full_name="Newer")
    older = earlier.person(created_at="2025-01-01", full_name="Older")
    vouchers = [earlier.voucher(user_id=each) for each in (older, newer)]
    report = run()
    assert said(report, older) == ("taken", [])
    assert said(report, newer) == ("mended", ["known_number"])
    assert Profile.objects.get().name == "Older"
    assert Profile.objects.get().vouchers.count() == len(vouchers)


def test_report__has_a_sentence_for_each_code() -> None:
    assert all(text.endswith(".") for text in (MENDED | REFUSED).values())
    assert not MENDED.keys() & REFUSED.keys()
