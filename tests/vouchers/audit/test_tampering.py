"""Everything that the database's owner can do to vouchers is found and named."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import connection

from tests.vouchers.audit import owner
from tests.vouchers.conftest import acting
from vouchers.audit import baseline, checkpoint, judge, leaves, signing
from vouchers.audit.verify import verify, verify_one
from vouchers.models import Checkpoint, CheckpointPage, EventSeal, Voucher
from vouchers.money import Money
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.rotate import rotate_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

    from tests.vouchers.audit.owner import Attack
    from vouchers.models import Profile, Station

pytestmark = pytest.mark.django_db


@pytest.fixture
def issue(
    aline: Profile, diane: Profile, key: Callable[[], str]
) -> Callable[[], Voucher]:
    def make() -> Voucher:
        return issue_voucher(
            customer=aline, amount=Money(5000, "RWF"), actor=acting(diane), key=key()
        ).voucher

    return make


@pytest.fixture
def spend(
    diane: Profile, kimironko: Station, key: Callable[[], str]
) -> Callable[[Voucher], Voucher]:
    def make(voucher: Voucher) -> Voucher:
        rotated = rotate_code(
            voucher=voucher, actor=acting(diane), reason="Lost", key=key()
        )
        return redeem_voucher(
            code=rotated.code, station=kimironko, actor=acting(diane), key=key()
        ).voucher

    return make


def named() -> set[str]:
    return {fault.voucher for fault in verify().broken}


@pytest.mark.parametrize("is_checkpointed_again", [False, True])
@pytest.mark.parametrize("do", owner.ATTACKS, ids=lambda do: do.__name__)
def test_verify__changed_after_a_checkpoint__names_the_voucher(
    issue: Callable[[], Voucher],
    spend: Callable[[Voucher], Voucher],
    do: Attack,
    is_checkpointed_again: bool,
) -> None:
    # Given
    other, victim = issue(), spend(issue())
    checkpoint.write()
    assert verify().broken == []

    # When
    wanted = owner.attack(do, victim, other)
    if is_checkpointed_again:
        # The worker writes its next checkpoint before anyone looks.
        issue()
        checkpoint.write()

    # Then
    expected = {wanted, str(other.public_id)} if do is owner.swap_events else {wanted}
    assert named() == expected
    if found := Voucher.objects.filter(public_id=wanted).first():
        assert verify_one(voucher=found) != []


@pytest.mark.parametrize("do", owner.SEALED, ids=lambda do: do.__name__)
def test_verify__changed_before_a_checkpoint_covers_it__names_the_voucher(
    issue: Callable[[], Voucher], spend: Callable[[Voucher], Voucher], do: Attack
) -> None:
    # Given
    issue()
    checkpoint.write()
    other, victim = issue(), spend(issue())
    assert verify().broken == []

    # When
    wanted = owner.attack(do, victim, other)

    # Then
    assert wanted in named()
    checkpoint.write()
    assert wanted in named()


@pytest.mark.parametrize(
    "do",
    [owner.unredeem, owner.raise_amount, owner.remove, owner.forge, owner.append],
    ids=lambda do: do.__name__,
)
def test_verify__chain_and_row_alone__control_finds_nothing(
    issue: Callable[[], Voucher],
    spend: Callable[[Voucher], Voucher],
    do: Attack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    other, victim = issue(), spend(issue())
    checkpoint.write()
    owner.attack(do, victim, other)

    # When
    monkeypatch.setattr(judge, "_seal_fault", lambda *_: None)
    monkeypatch.setattr("vouchers.audit.verify.rows.pages", lambda *_: iter(()))

    # Then
    assert named() == set()


@pytest.mark.parametrize("is_covered", [False, True])
def test_verify__step_after_the_checkpoint__is_no_fault(
    issue: Callable[[], Voucher], spend: Callable[[Voucher], Voucher], is_covered: bool
) -> None:
    voucher = issue()
    checkpoint.write()
    spend(voucher)
    if is_covered:
        checkpoint.write()
    issue()
    assert verify().broken == []


@pytest.mark.parametrize("is_covered", [False, True])
@pytest.mark.parametrize("is_voucher_removed", [False, True])
def test_verify__event_removed_without_its_seal__names_the_voucher(
    issue: Callable[[], Voucher],
    spend: Callable[[Voucher], Voucher],
    is_voucher_removed: bool,
    is_covered: bool,
) -> None:
    """Found even where no checkpoint recorded the voucher."""
    # Given
    voucher = spend(issue())
    if is_covered:
        checkpoint.write()

    # When
    if is_voucher_removed:
        _edit(f"DELETE FROM voucher_event WHERE voucher_id = {voucher.pk}")
        _edit(f"DELETE FROM voucher_envelope WHERE voucher_id = {voucher.pk}")
        _edit(f"DELETE FROM vouchers WHERE id = {voucher.pk}")
    else:
        _edit(f"DELETE FROM voucher_event WHERE voucher_id = {voucher.pk} AND seq = 3")
        _edit(
            "UPDATE vouchers SET status = 'issued', redeemed_at = NULL,"
            f" station_id = NULL, seq = 2 WHERE id = {voucher.pk}"
        )

    # Then
    is_named = is_covered or not is_voucher_removed
    assert named() == {str(voucher.public_id) if is_named else f"#{voucher.pk}"}


def _edit(statement: str, *values: Any) -> None:
    with owner.unguarded(*owner.TABLES):
        owner.sql(statement, *values)
    owner.sql("SET CONSTRAINTS ALL DEFERRED")


def test_verify__record_changed_with_the_voucher__names_it(
    issue: Callable[[], Voucher], spend: Callable[[Voucher], Voucher]
) -> None:
    """The owner writes the record of the checkpoint again too, without the key."""
    # Given
    other, victim = issue(), spend(issue())
    checkpoint.write()

    # When
    owner.attack(owner.unredeem, victim, other)
    page = CheckpointPage.objects.get()
    found, _ = leaves.unpack(bytes(page.leaves), None)
    packed = bytes(page.leaves)
    new = [
        leaves.leaf_of(*next(iter(owner.rows.trails_of([leaf.voucher_id]))))
        for leaf in found
    ]
    forged = leaves.pack(new, page.key_id)
    at = leaves.SIZE * [leaf.voucher_id for leaf in found].index(victim.pk)
    mac = packed[at + leaves.SIZE - 16 : at + leaves.SIZE]
    body = forged[at : at + leaves.SIZE - 16] + mac
    _edit(
        "UPDATE voucher_checkpoint_page SET leaves = %s, root = %s",
        packed[:at] + body + packed[at + leaves.SIZE :],
        leaves.page_root(new),
    )

    # Then
    assert {str(victim.public_id), "checkpoint 1"} <= named()
    with pytest.raises(checkpoint.CheckpointRefused):
        checkpoint.write()


CHECKPOINTS = {
    "last_deleted": "DELETE FROM voucher_checkpoint WHERE number = 3",
    "first_deleted": "DELETE FROM voucher_checkpoint WHERE number = 1",
    "middle_deleted": "DELETE FROM voucher_checkpoint WHERE number = 2",
    "all_deleted": "DELETE FROM voucher_checkpoint",
    "document_changed": "UPDATE voucher_checkpoint SET document ="
    " replace(document, '\"vouchers\":', '\"vouchers\":1') WHERE number = {n}",
    "document_and_hash_changed": "UPDATE voucher_checkpoint SET document = replace("
    "document, '\"conserved\":true', '\"conserved\":false'), hash = sha256(convert_to("
    "replace(document, '\"conserved\":true', '\"conserved\":false'), 'UTF8'))"
    " WHERE number = {n}",
    "hash_changed": "UPDATE voucher_checkpoint SET hash = sha256('') WHERE number = {n}",
    "time_changed": "UPDATE voucher_checkpoint SET created_at = created_at"
    " - interval '1 day' WHERE number = {n}",
    "signature_changed": "UPDATE voucher_checkpoint SET signatures = jsonb_set("
    "signatures, '{{t1}}', to_jsonb(repeat('00', 64))) WHERE number = {n}",
    "signature_of_another_key": "UPDATE voucher_checkpoint SET signatures ="
    " jsonb_build_object('mine', repeat('00', 64)) WHERE number = {n}",
    "numbers_swapped": "UPDATE voucher_checkpoint SET number = 3 - number"
    " WHERE number IN (1, 2)",
    "page_deleted": "DELETE FROM voucher_checkpoint_page",
    "page_sums_changed": "UPDATE voucher_checkpoint_page SET totals = '{{}}'",
    "page_root_changed": "UPDATE voucher_checkpoint_page SET root = sha256('')",
    "vouchers_numbers_set_back": "SELECT setval(pg_get_serial_sequence('vouchers',"
    " 'id'), 1)",
    "events_numbers_set_back": "SELECT setval(pg_get_serial_sequence('voucher_event',"
    " 'id'), 1)",
}


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("statement", CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_verify__checkpoint_changed__is_found(
    issue: Callable[[], Voucher], statement: str, number: int
) -> None:
    # Given
    for _ in range(3):
        issue()
        checkpoint.write()
    if "{n}" not in statement and number > 1:
        # Once with a later event besides.
        issue()
    assert verify().broken == []

    # When
    if "3 - number" in statement:
        _edit("UPDATE voucher_checkpoint SET number = -number WHERE number < 3")
        _edit("UPDATE voucher_checkpoint SET number = 3 + number WHERE number < 0")
    else:
        _edit(statement.format(n=number))

    # Then
    assert named() != set()


def test_verify__everything_set_back__is_found_by_the_copies(
    issue: Callable[[], Voucher],
    spend: Callable[[Voucher], Voucher],
    settings: SettingsWrapper,
    tmp_path: Path,
) -> None:
    """An old dump is consistent; only what is kept elsewhere shows that it is old."""
    # Given
    settings.AUDIT_CHECKPOINT_DIR = str(tmp_path)
    voucher = issue()
    checkpoint.write()
    with connection.cursor() as cursor:
        for table in owner.TABLES:
            cursor.execute(f"CREATE TEMP TABLE old_{table} AS TABLE {table}")
    spend(voucher)
    checkpoint.write()
    assert verify().broken == []

    # When
    with owner.unguarded(*owner.TABLES):
        for table in owner.TABLES:
            owner.sql(f"DELETE FROM {table}")
            owner.sql(f"INSERT INTO {table} SELECT * FROM old_{table}")
    owner.sql("SET CONSTRAINTS ALL DEFERRED")

    # Then
    assert named() == {"checkpoint 2"}
    # Also when the next checkpoint has the number of the lost one.
    issue()
    checkpoint.write()
    assert named() == {"checkpoint 2"}
    (copy,) = tmp_path.iterdir()
    settings.AUDIT_CHECKPOINT_DIR = ""
    assert named() == set()
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("audit", "verify", "--json", "--copy", str(copy), stdout=out)
    assert json.loads(out.getvalue())["broken"][0]["voucher"] == "checkpoint 2"


def test_write__all_checkpoints_deleted__begins_no_new_series(
    issue: Callable[[], Voucher],
) -> None:
    # Given
    issue()
    checkpoint.write()
    issue()
    _edit("DELETE FROM voucher_checkpoint")
    _edit("DELETE FROM voucher_checkpoint_page")

    # When, then
    with pytest.raises(checkpoint.CheckpointRefused):
        checkpoint.write()
    assert named() == {"checkpoint 1"}


def test_write__accepted_with_a_reason__takes_the_present_state(
    issue: Callable[[], Voucher],
) -> None:
    # Given
    voucher, other = issue(), issue()
    checkpoint.write()
    owner.attack(owner.remove, voucher, other)
    assert named() == {str(voucher.public_id)}

    # When
    out = StringIO()
    call_command("audit", "checkpoint", "--accept", "Restored a backup", stdout=out)

    # Then
    assert named() == set()
    document = json.loads(Checkpoint.objects.get(number=2).document)
    assert (document["accepted"], document["vouchers"]) == ("Restored a backup", 1)


def test_seals__every_service__leaves_no_event_without_one(
    issue: Callable[[], Voucher], spend: Callable[[Voucher], Voucher]
) -> None:
    spend(issue())
    issue()
    count = owner.sql("SELECT count(*) FROM voucher_event")[0][0]
    assert EventSeal.objects.count() == count == 4


def test_trusted_keys__key_replaced__old_checkpoints_are_checked(
    issue: Callable[[], Voucher], settings: SettingsWrapper
) -> None:
    # Given
    issue()
    checkpoint.write()
    old = dict(settings.EASYMO_KEYS)

    # When: a new key writes, the old one is kept.
    settings.EASYMO_KEYS = {"k9": b"9" * 32, **old}
    issue()
    checkpoint.write()

    # Then
    assert (verify().broken, verify().notes) == ([], [])

    # When: the old key is gone, its public key is in the checkpoint.
    settings.EASYMO_KEYS = {"k9": b"9" * 32}
    issue()
    checkpoint.write()

    # Then
    assert (verify().broken, verify().notes) == ([], [])


def test_verify__key_missing__is_said_and_not_called_broken(
    issue: Callable[[], Voucher], settings: SettingsWrapper
) -> None:
    # Given
    issue()
    checkpoint.write()
    issue()

    # When
    settings.EASYMO_KEYS = {"k9": b"9" * 32}
    report = verify()

    # Then
    assert report.broken == []
    assert any("not in EASYMO_KEYS" in note for note in report.notes)
    out = StringIO()
    call_command("audit", "verify", stdout=out)
    assert "Not checked: Checkpoint 1 cannot be checked: t1" in out.getvalue()


def test_document__sums__count_every_state(
    issue: Callable[[], Voucher], spend: Callable[[Voucher], Voucher]
) -> None:
    # Given
    spend(issue())
    issue()

    # When
    document = json.loads(checkpoint.write().checkpoint.document)

    # Then
    assert document["totals"] == {
        "RWF issued amount": 10_000,
        "RWF open amount": 5_000,
        "RWF open count": 1,
        "RWF redeemed amount": 5_000,
        "RWF redeemed count": 1,
    }
    assert (document["conserved"], document["vouchers"]) == (True, 2)
    assert document["keys"] == signing.public_keys()
    assert baseline.newest() is not None
