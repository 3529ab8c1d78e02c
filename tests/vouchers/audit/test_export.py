"""An export is checked outside, with the script that we hand out."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.backoffice import signed_in
from tests.vouchers.audit import owner
from tests.vouchers.conftest import acting
from vouchers.audit import checkpoint, export, signing
from vouchers.models import Checkpoint, Voucher
from vouchers.money import Money
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vouchers.models import Profile, Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

SCRIPT = "scripts/check_export.py"


@pytest.fixture
def spent(
    issued: Issued,
    aline: Profile,
    diane: Profile,
    kimironko: Station,
    key: Callable[[], str],
) -> Voucher:
    """Return a redeemed voucher among others, on several pages."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('vouchers', 'id'), 1000)")
    for _ in range(4):
        issue_voucher(
            customer=aline, amount=Money(100, "RWF"), actor=acting(diane), key=key()
        )
    assert issued.code
    return redeem_voucher(
        code=issued.code, station=kimironko, actor=acting(diane), key=key()
    ).voucher


def exported(voucher: Voucher) -> Any:
    out = StringIO()
    call_command("audit", "export", voucher.reference, stdout=out)
    return json.loads(out.getvalue())


def run_script(tmp_path: Path, found: Any, *options: str) -> tuple[int, str]:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, SCRIPT, str(path), *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def public_key() -> str:
    return next(iter(signing.public_keys().values()))


def test_export__no_checkpoint_before__writes_one_and_is_proven(
    spent: Voucher, tmp_path: Path
) -> None:
    status, said = run_script(tmp_path, exported(spent), "--public-key", public_key())
    assert (status, "2 of 2 steps are proven by checkpoint 1" in said) == (0, True)


def test_export__checkpoint_in_a_copy__is_required_there(
    spent: Voucher, tmp_path: Path
) -> None:
    # Given
    found = exported(spent)
    row = Checkpoint.objects.get()
    kept, other = tmp_path / "kept.jsonl", tmp_path / "other.jsonl"
    kept.write_text(json.dumps({"document": row.document, "signatures": {}}) + "\n")
    other.write_text("")

    # When, then
    assert run_script(tmp_path, found, "--copy", str(kept))[0] == 0
    assert run_script(tmp_path, found, "--copy", str(other))[0] == 1
    assert run_script(tmp_path, found, "--public-key", "ab" * 32)[0] == 1


def _set(path: list[Any], value: Any) -> Callable[[Any], None]:
    def change(found: Any) -> None:
        for part in path[:-1]:
            found = found[part]
        found[path[-1]] = value

    return change


CHANGES: dict[str, Callable[[Any], None]] = {
    "amount": _set(["events", 0, "fields", "amount_minor"], "1"),
    "actor": _set(["events", 1, "fields", "actor_id"], "9"),
    "kind": _set(["events", 1, "kind"], "voided"),
    "hash": _set(["events", 1, "hash"], "00" * 32),
    "last_step": lambda found: found["events"].pop(),
    "first_step": lambda found: found["events"].pop(0),
    "reference": _set(["voucher", "reference"], "VN-MINE-01"),
    "fixed": _set(["voucher", "fixed", "reference"], "VN-MINE-01"),
    "leaf_amount": _set(["leaf", 5], 1),
    "leaf_state": _set(["leaf", 3], "open"),
    "proof": _set(["proof", 0, 1], "00" * 32),
    "no_proof": _set(["proof"], []),
    "no_leaf": _set(["leaf"], None),
    "document": lambda found: found["checkpoint"].update(
        document=found["checkpoint"]["document"].replace('"number":1', '"number":2')
    ),
    "signature": _set(["checkpoint", "signatures"], {"t1": "00" * 64}),
    "no_signature": _set(["checkpoint", "signatures"], {}),
    "checkpoint": _set(["checkpoint"], None),
    "empty": lambda found: found.clear(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_script__anything_changed__is_said(
    spent: Voucher, tmp_path: Path, change: Callable[[Any], None]
) -> None:
    # Given
    found = exported(spent)
    changed = copy.deepcopy(found)
    change(changed)

    # When
    status, said = run_script(tmp_path, changed, "--public-key", public_key())

    # Then
    assert (status, "WRONG: " in said) == (1, True)


def test_export__secrets_and_numbers__are_not_in_it(
    spent: Voucher, aline: Profile, issued: Issued
) -> None:
    found = exported(spent)
    page = StringIO()
    call_command("audit", "export", spent.reference, "--format", "html", stdout=page)
    for text in (json.dumps(found), page.getvalue()):
        assert issued.code is not None
        assert issued.code.digits not in text.replace(" ", "")
        assert bytes(spent.code_hmac or b"").hex() not in text
        assert str(aline.msisdn)[-8:] not in text
        assert aline.name not in text
        words = re.sub(r"[0-9a-f]{32,}", "", text)
        assert not re.search(r"[0-9]{16}", words)
    assert "<script" not in page.getvalue()
    assert "http" not in page.getvalue()


def test_export__key_with_a_number__is_withheld_and_still_proven(
    aline: Profile, diane: Profile, tmp_path: Path
) -> None:
    # Given: callers of the API choose their keys.
    voucher = issue_voucher(
        customer=aline,
        amount=Money(100, "RWF"),
        actor=acting(diane),
        key="order for +250788000001 <b>",
    ).voucher

    # When
    found = exported(voucher)

    # Then
    assert found["events"][0]["fields"] is None
    assert "788000001" not in json.dumps(found)
    assert run_script(tmp_path, found, "--public-key", public_key())[0] == 0


def test_as_html__hostile_key__is_escaped(aline: Profile, diane: Profile) -> None:
    voucher = issue_voucher(
        customer=aline,
        amount=Money(100, "RWF"),
        actor=acting(diane),
        key="<img src=x onerror=alert(1)>",
    ).voucher
    page = export.as_html(export.export(voucher=voucher, is_brought_up_to_date=True))
    assert "<img" not in page
    assert "&lt;img" in page


def test_export__changed_voucher__shows_the_fault_and_writes_no_checkpoint(
    spent: Voucher, issued: Issued, tmp_path: Path
) -> None:
    # Given
    checkpoint.write()
    owner.attack(owner.raise_amount, spent, spent)

    # When
    found = exported(spent)

    # Then
    assert found["faults"] != []
    assert Checkpoint.objects.count() == 1
    assert run_script(tmp_path, found, "--public-key", public_key())[0] == 1


def test_export__unknown_reference__is_refused() -> None:
    with pytest.raises(CommandError, match="no voucher with this reference"):
        call_command("audit", "export", "VN-NONE-00", stdout=StringIO())


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_admin__export_with_proof__is_a_file(spent: Voucher, role: str) -> None:
    # Given
    checkpoint.write()
    address = f"/admin/vouchers/voucher/{spent.pk}/change/"
    browser = signed_in(role)
    assert "Export with proof" in browser.get(address).content.decode()

    # When
    answer = browser.get(f"/admin/vouchers/voucher/{spent.pk}/export/")

    # Then
    assert answer.status_code == 200
    assert (
        answer["Content-Disposition"] == f"attachment; filename={spent.reference}.html"
    )
    assert "Checkpoint 1 of" in answer.content.decode()
