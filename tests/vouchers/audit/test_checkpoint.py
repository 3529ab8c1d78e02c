"""Changed, removed and old checkpoints are found; keys can be changed."""

from __future__ import annotations

import json
from contextlib import suppress
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connection

from tests.undone import undone
from tests.vouchers.audit import owner
from tests.vouchers.audit.owner import edit, named
from vouchers.audit import checkpoint, checkpoint_checks, signing
from vouchers.audit.verify import verify
from vouchers.models import Checkpoint, EventSeal, Voucher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper


pytestmark = pytest.mark.django_db


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
    "document_unreadable": "UPDATE voucher_checkpoint SET document = '{{'"
    " WHERE number = {n}",
    "document_without_sums": "UPDATE voucher_checkpoint SET document ="
    " (document::jsonb || jsonb_build_object('totals', NULL))::text WHERE number = {n}",
    "signatures_empty": "UPDATE voucher_checkpoint SET signatures = 'null'"
    " WHERE number = {n}",
    "signatures_of_numbers": "UPDATE voucher_checkpoint SET signatures ="
    " jsonb_build_object('t1', 5) WHERE number = {n}",
    "seal_number_negative": "UPDATE voucher_event_seal SET checkpoint = -1",
    "seal_mac_short": "UPDATE voucher_event_seal SET mac = ''",
    "page_leaves_cut": "UPDATE voucher_checkpoint_page SET leaves = substr(leaves, 5)",
    "page_sums_no_numbers": 'UPDATE voucher_checkpoint_page SET totals = \'{{"x":"y"}}\'',
    "page_sums_no_object": "UPDATE voucher_checkpoint_page SET totals = '[1]'",
    "page_deleted": "DELETE FROM voucher_checkpoint_page",
    "page_sums_changed": "UPDATE voucher_checkpoint_page SET totals = '{{}}'",
    "page_root_changed": "UPDATE voucher_checkpoint_page SET root = sha256('')",
    "vouchers_numbers_set_back": "SELECT setval(pg_get_serial_sequence('vouchers',"
    " 'id'), 1)",
    "events_numbers_set_back": "SELECT setval(pg_get_serial_sequence('voucher_event',"
    " 'id'), 1)",
}


CHANGES = [
    (statement, number)
    for statement in CHECKPOINTS.values()
    # Where the statement names no checkpoint, once with a later event besides.
    for number in ((1, 2, 3) if "{n}" in statement else (1, 2))
]
# The numbers that a sequence gives are not rolled back.
LASTING = [change for change in CHANGES if "setval" in change[0]]


@pytest.fixture
def three(issue: Callable[[], Voucher]) -> None:
    """Make three vouchers, with a checkpoint after each."""
    for _ in range(3):
        issue()
        checkpoint.write()


def is_found(statement: str, number: int, issue: Callable[[], Voucher]) -> bool:
    """Change the checkpoints; tell whether the audit says so."""
    if "{n}" not in statement and number > 1:
        issue()
    assert verify().broken == [], (statement, number)
    if "3 - number" in statement:
        edit("UPDATE voucher_checkpoint SET number = -number WHERE number < 3")
        edit("UPDATE voucher_checkpoint SET number = 3 + number WHERE number < 0")
    else:
        edit(statement.format(n=number))
    return named() != set()


@pytest.mark.usefixtures("three")
def test_verify__checkpoint_changed__is_found(issue: Callable[[], Voucher]) -> None:
    missed = []
    for statement, number in CHANGES:
        if (statement, number) not in LASTING:
            with undone():
                if not is_found(statement, number, issue):
                    missed.append((statement, number))

    assert missed == []
    assert len(CHANGES) - len(LASTING) > 50


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(("statement", "number"), LASTING)
def test_verify__sequence_set_back__is_found(
    issue: Callable[[], Voucher], statement: str, number: int
) -> None:
    assert is_found(statement, number, issue)


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
    edit("DELETE FROM voucher_checkpoint")
    edit("DELETE FROM voucher_checkpoint_page")

    # When, then
    with pytest.raises(checkpoint.CheckpointRefused):
        checkpoint.write()
    assert named() == {"checkpoint 1"}


@pytest.mark.parametrize("is_checkpointed_again", [False, True])
@pytest.mark.parametrize("has_pages", [False, True])
def test_verify__seals_removed_with_the_checkpoints__names_the_voucher(
    issue: Callable[[], Voucher],
    spend: Callable[[Voucher], Voucher],
    has_pages: bool,
    is_checkpointed_again: bool,
) -> None:
    # Given
    other, victim = issue(), spend(issue())
    checkpoint.write()
    owner.attack(owner.unredeem, victim, other)

    # When: no record is left that the change does not fit.
    edit("DELETE FROM voucher_event_seal")
    edit("DELETE FROM voucher_checkpoint")
    if not has_pages:
        edit("DELETE FROM voucher_checkpoint_page")
    if is_checkpointed_again:
        with suppress(checkpoint.CheckpointRefused):
            checkpoint.write()

    # Then
    assert str(victim.public_id) in named()
    assert (str(other.public_id) in named()) is not has_pages


@pytest.mark.parametrize("is_checkpointed_again", [False, True])
@pytest.mark.parametrize("signed_by", ["both", "new"])
@pytest.mark.parametrize("key_id", ["t1", "unknown"])
def test_verify__forged_with_the_id_of_a_key_not_set__names_the_voucher(
    issue: Callable[[], Voucher],
    settings: SettingsWrapper,
    key_id: str,
    signed_by: str,
    is_checkpointed_again: bool,
) -> None:
    # Given: the key of the first seals was replaced and removed.
    voucher, other = issue(), issue()
    settings.EASYMO_KEYS = {"k9": b"9" * 32, **settings.EASYMO_KEYS}
    checkpoint.write()
    settings.EASYMO_KEYS = {"k9": b"9" * 32}
    if signed_by == "new":
        checkpoint.write()
    assert (verify().broken, verify().notes) == ([], [])

    # When
    forged = owner.attack(owner.forge, voucher, other)
    edit(
        "INSERT INTO voucher_event_seal (event_id, voucher_id, key_id, mac, checkpoint)"
        " SELECT id, voucher_id, %s, sha256(hash), 0 FROM voucher_event"
        " WHERE key = 'forged'",
        key_id,
    )
    if is_checkpointed_again:
        checkpoint.write()

    # Then
    assert named() == {forged}


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
    assert checkpoint_checks.newest() is not None
