"""Raw SQL: the database refuses each invalid state of a voucher."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.vouchers.raw_sql import (
    change,
    event,
    execute,
    insert,
    new_voucher,
    refused,
    set_guard,
)
from vouchers.models import Voucher
from vouchers.models.voucher import ALLOWED

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from vouchers.models import Profile, Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db


@pytest.fixture
def voucher(issued: Issued) -> Voucher:
    return issued.voucher


def test_update__status_without_event__is_refused_at_commit(voucher: Voucher) -> None:
    refused(
        "voucher_has_event_of_its_step",
        change(voucher, "status = 'void', voided_at = now()"),
    )


@pytest.mark.parametrize("seq", ["seq", "seq + 2", "seq - 1"])
def test_update__seq_not_next__is_refused(voucher: Voucher, seq: str) -> None:
    refused(
        "voucher_seq_is_next",
        f"UPDATE vouchers SET seq = {seq}, status = 'void', voided_at = now()",
    )


@pytest.mark.parametrize(
    "what",
    [
        "amount_minor = 20000",
        "currency = 'KES'",
        "public_id = gen_random_uuid()",
        "reference = 'V1-AAAA-11'",
        "created_by_id = '0'",
        "created_by_profile_id = NULL",
        "created_by_user_id = (SELECT id FROM auth_user)",
        "issued_at = now()",
        "created_at = now() - interval '1 day'",
    ],
)
def test_update__fixed_column__is_refused(
    voucher: Voucher, odette: User, what: str
) -> None:
    refused("voucher_facts_are_fixed", change(voucher, what))


def test_update__status_change_not_allowed__is_refused(
    voucher: Voucher, kimironko: Station
) -> None:
    redeemed = f", redeemed_at = now(), station_id = {kimironko.pk}"
    extra = {"redeemed": redeemed, "void": ", voided_at = now()"}
    for old in Voucher.Status:
        # Given
        set_guard("DISABLE")
        facts = {
            "issued_at": "NULL" if old == "pending_approval" else "created_at",
            "code_hmac": "NULL" if old == "pending_approval" else "sha256('x'::bytea)",
            "voided_at": "now()" if old == "void" else "NULL",
            "redeemed_at": "now()" if old == "redeemed" else "NULL",
            "station_id": str(kimironko.pk) if old == "redeemed" else "NULL",
        }
        values = ", ".join(f"{name} = {value}" for name, value in facts.items())
        execute(f"UPDATE vouchers SET status = '{old}', {values}")
        set_guard("ENABLE ALWAYS")

        # Then
        for new in set(Voucher.Status) - ALLOWED[old]:
            refused(
                "voucher_step_is_allowed",
                change(voucher, f"status = '{new}'{extra.get(new, '')}"),
            )


def test_update__owner_while_voiding__is_refused(
    voucher: Voucher, bosco: Profile
) -> None:
    refused(
        "voucher_owner_is_fixed",
        change(voucher, f"status = 'void', voided_at = now(), owner_id = {bosco.pk}"),
    )


def test_update__owner_under_another_kind_of_event__is_refused(
    voucher: Voucher, bosco: Profile
) -> None:
    refused(
        "voucher_event_facts",
        change(voucher, f"owner_id = {bosco.pk}"),
        event(voucher, "code_rotated", "issued", "issued"),
    )


def test_update__owner_with_its_event__is_accepted(
    voucher: Voucher, bosco: Profile
) -> None:
    execute(
        change(voucher, f"owner_id = {bosco.pk}"),
        event(voucher, "owner_moved", "issued", "issued"),
    )
    voucher.refresh_from_db()
    assert voucher.owner == bosco


def test_update__code_under_another_kind_of_event__is_refused(
    voucher: Voucher,
) -> None:
    refused(
        "voucher_event_facts",
        change(voucher, "code_hmac = sha256('new'::bytea)"),
        event(voucher, "owner_moved", "issued", "issued"),
    )


@pytest.mark.parametrize(
    ("what", "constraint"),
    [
        ("expires_at = expires_at - interval '1 day'", "voucher_expiry_is_fixed"),
        (
            "status = 'expired', code_hmac = sha256('x'::bytea)",
            "voucher_code_is_fixed",
        ),
        ("status = 'expired', code_last4 = '0000'", "voucher_code_is_fixed"),
        ("status = 'redeemed'", "voucher_redeemed_at_matches_status"),
        (
            "status = 'redeemed', redeemed_at = now()",
            "voucher_redeemed_at_matches_status",
        ),
        ("redeemed_at = now()", "voucher_redeemed_at_matches_status"),
        ("status = 'void'", "voucher_voided_at_matches_status"),
        ("code_hmac = NULL", "voucher_code_matches_status"),
    ],
)
def test_update__incomplete_change__is_refused(
    voucher: Voucher, what: str, constraint: str
) -> None:
    refused(constraint, change(voucher, what))


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"amount_minor": "0"}, "voucher_amount_within_cap"),
        ({"amount_minor": "-1"}, "voucher_amount_within_cap"),
        ({"amount_minor": "1000001"}, "voucher_amount_within_cap"),
        (
            {"amount_minor": "100000001", "currency": "'KES'"},
            "voucher_amount_within_cap",
        ),
        ({"currency": "'rwf'"}, "voucher_currency_is_iso"),
        ({"status": "'redeemed'"}, "voucher_beginning"),
        ({"seq": "2"}, "voucher_beginning"),
        ({"status": "'sent'"}, "voucher_beginning"),
        ({"expires_at": "now() - interval '1 day'"}, "voucher_expires_after_creation"),
        ({}, "voucher_has_event_of_its_step"),
    ],
)
def test_insert__invalid_new_voucher__is_refused(
    voucher: Voucher, columns: dict[str, str], constraint: str
) -> None:
    refused(constraint, insert("vouchers", new_voucher(voucher.owner_id) | columns))
