"""Raw SQL against the last guard: each wrong state is refused by the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from tests.vouchers.conftest import acting
from vouchers.models import Voucher, VoucherEvent
from vouchers.models.voucher import ALLOWED
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from vouchers.models import Profile, Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

NEXT_EVENT = """
INSERT INTO voucher_event (voucher_id, seq, kind, old_status, new_status,
    amount_minor, currency, owner_id, expires_at, code_commit, actor_kind, actor_id,
    channel, station_id, key, fingerprint, created_at, reverses_id)
SELECT v.id, {seq}, {kind}, {old}, {new}, v.amount_minor, v.currency, {owner},
       v.expires_at, sha256(v.code_hmac), 'system', 'psql', 'system', {station},
       'raw:' || gen_random_uuid(), sha256(''::bytea), {at}, {reverses}
  FROM vouchers v WHERE v.id = {id}
"""


def execute(*statements: str) -> None:
    """Run by hand, then commit's checks."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refused(constraint: str, *statements: str) -> None:
    events = VoucherEvent.objects.count()
    rows = list(Voucher.objects.values())
    with pytest.raises(DatabaseError) as caught:
        execute(*statements)
    assert caught.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]
    assert VoucherEvent.objects.count() == events
    assert list(Voucher.objects.values()) == rows


def settle() -> None:
    """Run the checks that wait for the commit, so that nothing is pending."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def event(
    voucher: Voucher,
    kind: str,
    old: str,
    new: str,
    *,
    seq: str = "v.seq",
    station: str = "NULL",
    at: str = "now()",
    owner: str = "v.owner_id",
    reverses: str = "NULL",
) -> str:
    return NEXT_EVENT.format(
        id=voucher.pk,
        seq=seq,
        kind=f"'{kind}'",
        old=f"'{old}'",
        new=f"'{new}'",
        station=station,
        at=at,
        owner=owner,
        reverses=reverses,
    )


def change(voucher: Voucher, what: str) -> str:
    return f"UPDATE vouchers SET seq = seq + 1, {what} WHERE id = {voucher.pk}"


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
        "issued_at = now()",
        "created_at = now() - interval '1 day'",
    ],
)
def test_update__fact__is_refused(voucher: Voucher, what: str) -> None:
    refused("voucher_facts_are_fixed", change(voucher, what))


def switch(what: str) -> None:
    settle()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE vouchers {what} TRIGGER voucher_guard")


def test_update__every_step_that_is_not_allowed__is_refused(
    voucher: Voucher, kimironko: Station
) -> None:
    redeemed = f", redeemed_at = now(), station_id = {kimironko.pk}"
    extra = {"redeemed": redeemed, "void": ", voided_at = now()"}
    for old in Voucher.Status:
        # Given
        switch("DISABLE")
        facts = {
            "issued_at": "NULL" if old == "pending_approval" else "created_at",
            "code_hmac": "NULL" if old == "pending_approval" else "sha256('x'::bytea)",
            "voided_at": "now()" if old == "void" else "NULL",
            "redeemed_at": "now()" if old == "redeemed" else "NULL",
            "station_id": str(kimironko.pk) if old == "redeemed" else "NULL",
        }
        values = ", ".join(f"{name} = {value}" for name, value in facts.items())
        execute(f"UPDATE vouchers SET status = '{old}', {values}")
        switch("ENABLE ALWAYS")

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


def test_update__owner_with_its_event__is_taken(
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
        ("expires_at = now() + interval '1 year'", "voucher_expiry_is_fixed"),
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
def test_update__half_a_change__is_refused(
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
def test_insert__wrong_beginning__is_refused(
    voucher: Voucher, columns: dict[str, str], constraint: str
) -> None:
    values = {
        "public_id": "gen_random_uuid()",
        "reference": "'V9-ZZZZ-99'",
        "code_hmac": "sha256('another'::bytea)",
        "code_key_id": "'d1'",
        "code_last4": "'1234'",
        "owner_id": str(voucher.owner_id),
        "amount_minor": "1",
        "currency": "'RWF'",
        "created_by_kind": "'system'",
        "created_by_id": "'psql'",
        "status": "'issued'",
        "seq": "1",
        "created_at": "now()",
        "issued_at": "now()",
        "expires_at": "now() + interval '1 day'",
    } | columns
    refused(
        constraint,
        f"INSERT INTO vouchers ({', '.join(values)}) "
        f"VALUES ({', '.join(values.values())})",
    )


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
def test_event__that_does_not_tell_its_change__is_refused(
    voucher: Voucher, kind: str, old: str, new: str, constraint: str
) -> None:
    refused(
        constraint,
        change(voucher, "status = 'expired'"),
        event(voucher, kind, old, new),
    )


def test_event__naming_another_station_than_the_row__is_refused(
    voucher: Voucher, kimironko: Station, nyabugogo: Station
) -> None:
    redeemed = f"status = 'redeemed', redeemed_at = now(), station_id = {kimironko.pk}"
    refused(
        "voucher_event_matches_row",
        change(voucher, redeemed),
        event(voucher, "redeemed", "issued", "redeemed", station=str(nyabugogo.pk)),
    )


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE voucher_event SET actor_id = 'nobody'",
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
    # The test's own transaction has checks waiting, which a TRUNCATE must not meet.
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


def test_approval__missing__issues_nothing(requested: Issued) -> None:
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
        ("role = 'king'", "profile_role_is_known"),
    ],
)
def test_profile__strange__is_refused(
    aline: Profile, what: str, constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        execute(f"UPDATE profiles SET {what} WHERE id = {aline.pk}")
