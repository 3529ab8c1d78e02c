from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connection

from tests.vouchers.conftest import acting
from tests.vouchers.tampering import cheat
from vouchers.audit import rows
from vouchers.audit import verify as audit
from vouchers.audit.verify import verify
from vouchers.models import Voucher, VoucherEvent, VoucherNote
from vouchers.services.redeem import redeem_voucher
from vouchers.services.rotate import rotate_code
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchers.models import Profile, Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db


@pytest.fixture
def redeemed(
    issued: Issued,
    requested: Issued,
    diane: Profile,
    kimironko: Station,
    key: Callable[[], str],
) -> Voucher:
    """Return a voucher with three events; a requested voucher exists besides."""
    rotated = rotate_code(
        voucher=issued.voucher,
        actor=acting(diane),
        reason='Lost: "é ☹ \\ \u2002',
        key='odd "key" \\ é☹',
    )
    return redeem_voucher(
        code=rotated.code, station=kimironko, actor=acting(diane), key=key()
    ).voucher


def test_verify__unchanged_trails__reports_nothing(redeemed: Voucher) -> None:
    report = verify()
    assert (report.checked, report.broken) == (2, [])


def test_verify__several_batches__checks_all(
    redeemed: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH", 1)
    assert verify().checked == 2


@pytest.mark.parametrize("place", [0, 1, 2])
def test_verify_one__among_others__checks_this_voucher_only(
    redeemed: Voucher, expired: Issued, place: int
) -> None:
    # Given
    vouchers = list(Voucher.objects.order_by("id"))
    cheat(
        "UPDATE vouchers SET expires_at = expires_at + interval '1 day'"
        f" WHERE id = {vouchers[place].pk}"
    )

    # When
    broken = [audit.verify_one(voucher=each) for each in vouchers]

    # Then
    assert [bool(each) for each in broken] == [at == place for at in range(3)]
    assert broken[place][0].voucher == str(vouchers[place].public_id)


def test_verify__note_deleted__reports_nothing(redeemed: Voucher) -> None:
    VoucherNote.objects.all().delete()
    assert verify().broken == []


@pytest.mark.parametrize(
    ("seq", "edits"),
    [
        (2, ["UPDATE voucher_event SET actor_id = '999' WHERE seq = 2"]),
        (2, ["UPDATE voucher_event SET key = 'other' WHERE seq = 2"]),
        (
            3,
            [
                "UPDATE voucher_event SET created_at = created_at "
                "+ interval '1 microsecond' WHERE seq = 3"
            ],
        ),
        (1, ["UPDATE voucher_event SET amount_minor = 20000 WHERE voucher_id = {id}"]),
        (3, ["DELETE FROM voucher_event WHERE seq = 2"]),
        (2, ["DELETE FROM voucher_event WHERE seq = 3"]),
        (2, ["DELETE FROM voucher_event WHERE seq = 1 AND voucher_id = {id}"]),
        (
            3,
            [
                "UPDATE voucher_event SET seq = seq + 10 WHERE seq IN (2, 3)",
                "UPDATE voucher_event SET seq = 15 - seq WHERE seq > 10",
            ],
        ),
        (3, ["UPDATE vouchers SET amount_minor = 20000 WHERE id = {id}"]),
        (3, ["UPDATE vouchers SET owner_id = {other} WHERE id = {id}"]),
        (3, ["UPDATE vouchers SET code_hmac = sha256('other') WHERE id = {id}"]),
        (
            3,
            [
                "UPDATE vouchers SET expires_at = expires_at + interval '1 day' WHERE id = {id}"
            ],
        ),
        (3, ["UPDATE vouchers SET seq = 2 WHERE id = {id}"]),
        (3, ["UPDATE vouchers SET redeemed_at = now() WHERE id = {id}"]),
        (
            3,
            [
                "UPDATE vouchers SET status = 'issued', redeemed_at = NULL, "
                "station_id = NULL WHERE id = {id}"
            ],
        ),
        (1, ["UPDATE vouchers SET public_id = gen_random_uuid() WHERE id = {id}"]),
        (2, ["UPDATE voucher_note SET text = 'Found'"]),
        (3, ["DELETE FROM vouchers WHERE id = {id}"]),
        (None, ["DELETE FROM voucher_event WHERE voucher_id = {id}"]),
    ],
)
def test_verify__superuser_edit__is_named_with_voucher_and_step(
    redeemed: Voucher, bosco: Profile, seq: int | None, edits: list[str]
) -> None:
    # When
    cheat(*(edit.format(id=redeemed.pk, other=bosco.pk) for edit in edits))

    # Then
    report = verify()
    public_id = Voucher.objects.filter(pk=redeemed.pk).values_list(
        "public_id", flat=True
    )
    name = str(public_id.first() or f"#{redeemed.pk}")
    assert (name, seq) in {(each.voucher, each.seq) for each in report.broken}
    assert {each.voucher for each in report.broken} == {name}


def test_verify__inserted_event__is_reported(redeemed: Voucher) -> None:
    columns = [
        field.column
        for field in VoucherEvent._meta.concrete_fields
        if field.column not in {"id", "seq", "key"}
    ]
    cheat(
        f"INSERT INTO voucher_event (seq, key, {', '.join(columns)}) "
        f"SELECT 4, 'inserted', {', '.join(columns)} FROM voucher_event WHERE seq = 3",
        f"UPDATE vouchers SET seq = 4 WHERE id = {redeemed.pk}",
    )
    assert {each.seq for each in verify().broken} == {4}


def test_command__changed_voucher__reports_it_and_exits(redeemed: Voucher) -> None:
    # Given
    out = StringIO()
    call_command("audit", "verify", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"checked": 2, "broken": []}

    # When
    cheat(f"UPDATE vouchers SET amount_minor = 20000 WHERE id = {redeemed.pk}")

    # Then
    out = StringIO()
    with pytest.raises(SystemExit) as caught:
        call_command("audit", "verify", "--json", stdout=out)
    assert caught.value.code == 1
    assert json.loads(out.getvalue()) == {
        "checked": 2,
        "broken": [
            {
                "voucher": str(redeemed.public_id),
                "seq": 3,
                "why": "The row's amount_minor differs from the trail.",
            }
        ],
    }
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("audit", "verify", stdout=out)
    assert "2 vouchers checked, 1 faults." in out.getvalue()


def test_trail__personal_data__is_only_a_salted_hash(
    redeemed: Voucher, requested: Issued, diane: Profile, key: Callable[[], str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT e::text FROM voucher_event e")
        text = " ".join(row[0] for row in cursor.fetchall())
    for personal in ("Lost", "Aline", "788000001", "Diane"):
        assert personal not in text


def test_void__same_reason_twice__has_two_hashes(
    issued: Issued, expired: Issued, diane: Profile, key: Callable[[], str]
) -> None:
    for each in (issued, expired):
        void_voucher(
            voucher_id=each.voucher.public_id,
            reason="Same",
            actor=acting(diane),
            key=key(),
        )
    commits = VoucherEvent.objects.filter(kind="voided").values_list("note_commit")
    assert len({bytes(commit) for (commit,) in commits}) == 2
