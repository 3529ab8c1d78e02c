"""Raw SQL: events are in order, match their voucher and are append-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, connection

from tests.vouchers.conftest import acting
from tests.vouchers.raw_sql import (
    change,
    event,
    execute,
    first_event,
    insert,
    new_voucher,
    refused,
    settle,
)
from vouchers.models import Approval
from vouchers.services.approve import approve_voucher
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from vouchers.models import Profile, Station, Voucher
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

TRIGGERS = [
    "voucher_guard",
    "voucher_no_truncate",
    "voucher_event_chain",
    "voucher_event_matches",
    "voucher_event_append_only",
    "voucher_event_no_truncate",
    "voucher_approval_people",
    "voucher_approval_append_only",
    "voucher_approval_no_truncate",
    "voucher_note_fixed",
    "erasure_append_only",
    "erasure_no_truncate",
    "voucher_event_seal_append_only",
    "voucher_event_seal_no_truncate",
    "voucher_checkpoint_append_only",
    "voucher_checkpoint_no_truncate",
]


@pytest.fixture
def voucher(issued: Issued) -> Voucher:
    return issued.voucher


def test_event__without_change_of_its_voucher__is_refused(voucher: Voucher) -> None:
    refused(
        "voucher_event_matches_row",
        event(voucher, "expired", "issued", "expired", seq="v.seq + 1"),
    )


@pytest.mark.parametrize("seq", ["v.seq + 1", "7"])
def test_event__out_of_order__is_refused(voucher: Voucher, seq: str) -> None:
    refused(
        "voucher_event_follows",
        change(voucher, "status = 'expired'"),
        event(voucher, "expired", "issued", "expired", seq=seq),
    )


@pytest.mark.parametrize(
    ("kind", "old", "new", "constraint"),
    [
        ("redeemed", "issued", "expired", "voucher_event_kind_matches_step"),
        ("voided", "redeemed", "void", "voucher_event_follows"),
        ("gifted", "issued", "issued", "voucher_event_kind_matches_step"),
        ("voided", "issued", "void", "voucher_event_matches_row"),
    ],
)
def test_event__not_matching_its_change__is_refused(
    voucher: Voucher, kind: str, old: str, new: str, constraint: str
) -> None:
    refused(
        constraint,
        change(voucher, "status = 'expired'"),
        event(voucher, kind, old, new),
    )


def test_event__other_station_than_the_row__is_refused(
    voucher: Voucher, kimironko: Station, nyabugogo: Station
) -> None:
    redeemed = f"status = 'redeemed', redeemed_at = now(), station_id = {kimironko.pk}"
    refused(
        "voucher_event_matches_row",
        change(voucher, redeemed),
        event(voucher, "redeemed", "issued", "redeemed", station=str(nyabugogo.pk)),
    )


def test_event__other_time_than_the_row__is_refused(
    voucher: Voucher, kimironko: Station
) -> None:
    redeemed = f"status = 'redeemed', redeemed_at = now(), station_id = {kimironko.pk}"
    refused(
        "voucher_event_matches_row",
        change(voucher, redeemed),
        event(
            voucher,
            "redeemed",
            "issued",
            "redeemed",
            station=str(kimironko.pk),
            at="now() + interval '1 microsecond'",
        ),
    )


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize(
    "column",
    [
        {"amount_minor": "2"},
        {"currency": "'KES'"},
        {"owner_id": "0"},
        {"expires_at": "now() + interval '2 days'"},
        {"code_commit": "sha256('other'::bytea)"},
        {"code_commit": "NULL"},
    ],
    ids=str,
)
def test_first_event__fact_other_than_in_the_row__is_refused(
    aline: Profile, column: dict[str, str], role: str
) -> None:
    refused(
        "voucher_event_matches_row",
        f"SET LOCAL session_replication_role = {role}",
        insert("vouchers", new_voucher(aline.pk)),
        insert("voucher_event", first_event(aline.pk) | column),
    )


def test_first_event__as_the_row__is_accepted(aline: Profile) -> None:
    execute(
        insert("vouchers", new_voucher(aline.pk)),
        insert("voucher_event", first_event(aline.pk)),
    )
    assert aline.vouchers.get().events.count() == 1


def test_triggers__all_of_them__fire_also_as_a_replica() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.tgname, t.tgenabled
              FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
             WHERE NOT t.tgisinternal AND starts_with(p.proname, 'voucher_')
            """
        )
        found = dict(cursor.fetchall())
    assert set(TRIGGERS) <= set(found)
    assert set(found.values()) == {"A"}


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE voucher_approval SET decision = 'declined'",
        "DELETE FROM voucher_approval",
        "TRUNCATE voucher_approval",
    ],
)
def test_approval__changed_by_hand__is_refused_also_as_a_replica(
    requested: Issued, odette: User, statement: str, role: str
) -> None:
    # Given
    approve_voucher(
        voucher=requested.voucher, approver=odette, reason="Fine", key="admin:1"
    )
    settle()

    # Then
    refused("append_only", f"SET LOCAL session_replication_role = {role}", statement)
    assert Approval.objects.get().decision == "approved"


def test_approval__people_given_by_the_caller__are_read_from_the_rows(
    requested: Issued, diane: Profile, bosco: Profile, odette: User
) -> None:
    # When
    execute(
        "INSERT INTO voucher_approval (voucher_id, decision, approver_id, created_at,"
        " creator_profile_id, approver_profile_id)"
        f" VALUES ({requested.voucher.pk}, 'declined', {odette.pk}, now(),"
        f" {bosco.pk}, {bosco.pk})"
    )

    # Then
    approval = Approval.objects.get()
    assert (approval.creator_profile, approval.approver_profile) == (diane, None)


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE voucher_event SET actor_id = '0'",
        "DELETE FROM voucher_event",
        "TRUNCATE voucher_event CASCADE",
        "DELETE FROM vouchers",
        "TRUNCATE vouchers CASCADE",
    ],
)
def test_trail__changed_by_hand__is_refused_also_as_a_replica(
    voucher: Voucher, statement: str, role: str
) -> None:
    constraint = (
        "voucher_never_deleted"
        if statement == "DELETE FROM vouchers"
        else "append_only"
    )
    # A TRUNCATE fails while the transaction has deferred checks.
    settle()
    refused(constraint, f"SET LOCAL session_replication_role = {role}", statement)


def test_reversal__without_naming_the_redemption__is_refused(
    issued: Issued, kimironko: Station, diane: Profile, key: Callable[[], str]
) -> None:
    # Given
    voucher = redeem_voucher(
        code=issued.code, station=kimironko, actor=acting(diane), key=key()
    ).voucher
    back = change(voucher, "status = 'issued', redeemed_at = NULL, station_id = NULL")
    first, last = voucher.events.order_by("seq")

    # Then
    refused(
        "voucher_event_reversal_names_event",
        back,
        event(voucher, "reversed", "redeemed", "issued"),
    )
    refused(
        "voucher_event_reverses_redemption",
        back,
        event(voucher, "reversed", "redeemed", "issued", reverses=str(first.pk)),
    )
    execute(
        back, event(voucher, "reversed", "redeemed", "issued", reverses=str(last.pk))
    )


@pytest.mark.parametrize("decision", ["", "declined"])
def test_approval__missing_or_declined__is_refused(
    requested: Issued, odette: User, decision: str
) -> None:
    # Given
    if decision:
        execute(
            "INSERT INTO voucher_approval (voucher_id, decision, approver_id, created_at)"
            f" VALUES ({requested.voucher.pk}, '{decision}', {odette.pk}, now())"
        )
        settle()

    # Then
    refused(
        "voucher_approved_by_person",
        change(
            requested.voucher,
            "status = 'issued', issued_at = now(), code_hmac = sha256('x'::bytea)",
        ),
        event(requested.voucher, "issued", "pending_approval", "issued"),
    )


def test_approval__by_the_creators_own_user__is_refused(
    requested: Issued, diane: Profile, odette: User
) -> None:
    # Given
    diane.user = odette
    diane.save(update_fields=["user"])

    # Then
    refused(
        "approval_by_second_person",
        "INSERT INTO voucher_approval (voucher_id, decision, approver_id, created_at) "
        f"VALUES ({requested.voucher.pk}, 'approved', {odette.pk}, now())",
    )


@pytest.mark.parametrize(
    ("what", "constraint"),
    [
        ("msisdn = '0788123456'", "profile_msisdn_is_e164"),
        ("msisdn = '+٢٥٠٧٨٨١٢٣٤٥٦'", "profile_msisdn_is_e164"),
        ("role = 'station'", "profile_station_staff_has_station"),
        ("role = 'other'", "profile_role_is_known"),
    ],
)
def test_profile__invalid_row__is_refused(
    aline: Profile, what: str, constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        execute(f"UPDATE profiles SET {what} WHERE id = {aline.pk}")
