"""Vouchers from a file: all lines are valid or nothing is issued, and once only."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from openpyxl import Workbook

from tests.vouchers import guards
from tests.vouchers.conftest import acting, rwf
from vouchers import errors
from vouchers.actors import Actor
from vouchers.batches import checking, issuing, reading
from vouchers.models import Batch, Profile, Voucher, VoucherEvent, VoucherNote
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
GOOD = "msisdn,amount,name,note\n0788123456,5000,Aline,For May\n+250788123457,700,,\n"

type Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that imports this content and returns the JSON answer."""

    def call(content: str | bytes, *options: str, code: int = 0) -> dict[str, Any]:
        path = tmp_path / "may.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        arguments = ["vouchers", "import", str(path), "--reason", "May", "--json"]
        if code:
            with pytest.raises(SystemExit) as stopped:
                call_command(*arguments, *options)
            assert stopped.value.code == code
        else:
            call_command(*arguments, *options)
        return json.loads(capsys.readouterr().out)

    return call


def workbook(*rows: tuple[Any, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_import__valid_file__issues_each_line_once(run: Run) -> None:
    # When
    first, again = run(GOOD), run(GOOD)

    # Then
    assert (first["lines"], first["issued"], first["already"]) == (2, 2, 0)
    assert (again["lines"], again["issued"], again["already"]) == (2, 0, 2)
    assert first["errors"] == again["errors"] == []
    amounts = Voucher.objects.values_list("owner__msisdn", "amount_minor", "status")
    assert set(amounts) == {
        ("+250788123456", 5_000, "issued"),
        ("+250788123457", 700, "issued"),
    }
    assert Profile.objects.get(msisdn="+250788123456").name == "Aline"
    assert set(VoucherNote.objects.values_list("text", flat=True)) == {"For May", "May"}
    batch = Batch.objects.get()
    assert (batch.state, batch.issued, batch.lines) == ("done", 2, None)


WRONG = {
    "no number": ("msisdn,amount\n,5000\n", 2, "msisdn"),
    "wrong number": ("msisdn,amount\n12345,5000\n", 2, "msisdn"),
    "no amount": ("msisdn,amount\n0788123456,\n", 2, "amount"),
    "grouped amount": ('msisdn,amount\n0788123456,"5,000"\n', 2, "amount"),
    "decimals": ("msisdn,amount\n0788123456,5000.5\n", 2, "amount"),
    "negative": ("msisdn,amount\n0788123456,-5\n", 2, "amount"),
    "nothing": ("msisdn,amount\n0788123456,0\n", 2, "amount"),
    "above the largest": ("msisdn,amount\n0788123456,50001\n", 2, "amount"),
    "exponent": ("msisdn,amount\n0788123456,1e3\n", 2, "amount"),
    "other digits": ("msisdn,amount\n0788123456,\u0665\u0660\u0660\n", 2, "amount"),
    "long note": (f"msisdn,amount,note\n0788123456,5,{'x' * 501}\n", 2, "note"),
    "note of two lines": ('msisdn,amount,note\n0788123456,5,"a\nb"\n', 2, "note"),
    "too many cells": ("msisdn,amount\n0788123456,5000,7\n", 2, ""),
    "day's limit": (
        "msisdn,amount\n" + "0788123456,20000\n" * 6,
        7,
        "amount",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_import__one_wrong_line__issues_nothing_and_names_it(
    run: Run, case: str
) -> None:
    content, line, name = WRONG[case]
    made = run(content + "0788123457,700\n", code=1)
    assert [(each["line"], each["field"]) for each in made["errors"]] == [(line, name)]
    assert made["issued"] == 0
    assert not Voucher.objects.exists()
    assert not Batch.objects.exists()
    assert not Profile.objects.exists()


def test_import__several_wrong_lines__names_each(run: Run) -> None:
    made = run("msisdn,amount\nx,y\n0788123456,5\n,7\n", code=1)
    found = [(each["line"], each["field"]) for each in made["errors"]]
    assert found == [(2, "msisdn"), (2, "amount"), (4, "msisdn")]


REFUSED = {
    "empty": "",
    "binary": b"\x00\x01\x02\x03",
    "damaged spreadsheet": b"PK\x03\x04damaged",
    "large file": "msisdn,amount\n0788123456," + " " * 5_000_000,
}


@pytest.mark.parametrize("case", REFUSED)
def test_import__unusable_file__is_refused_in_a_sentence(
    tmp_path: Path, run: Run, case: str
) -> None:
    [error] = run(REFUSED[case], code=1)["errors"]
    assert (error["line"], error["field"]) == (1, "file")
    path = tmp_path / "may.csv"
    with pytest.raises(CommandError, match=r"\.$"):
        call_command("vouchers", "import", str(path), "--reason", "May")


@pytest.mark.parametrize(
    "content",
    [
        "MSISDN ; Amount ; Note\n0788123456;5000;é\n".encode("cp1252"),
        "\ufeffmsisdn\tamount\n0788 123 456\t5000\n".encode(),
        b"amount,msisdn\r\n5000,(+250) 788 123 456\r\n\r\n,\r\n",
        workbook(("msisdn", "amount"), (788123456, 5000.0), (None, None)),
        workbook(("msisdn", "amount", None), ("+250788123456", "5000", None)),
        # A stray cell far to the right is not read.
        workbook(("msisdn", "amount", *[None] * 40, "x"), ("0788123456", 5000)),
    ],
)
def test_import__as_programs_write_it__is_understood(run: Run, content: bytes) -> None:
    assert run(content)["issued"] == 1
    voucher = Voucher.objects.get()
    assert (voucher.owner.msisdn, voucher.amount_minor) == ("+250788123456", 5_000)


def test_import__dry_run__issues_nothing(run: Run) -> None:
    made = run(GOOD, "--dry-run")
    assert (made["lines"], made["issued"], made["errors"]) == (2, 0, [])
    assert not Voucher.objects.exists()
    assert not Batch.objects.exists()


def test_import__amount_above_approval__waits_for_it(run: Run) -> None:
    run("msisdn,amount\n0788123456,30000\n")
    assert Voucher.objects.get().status == "pending_approval"


def test_import__inactive_customer__is_an_error(run: Run) -> None:
    Profile.objects.create(msisdn="+250788123456", is_active=False)
    made = run(GOOD, code=1)
    assert [(each["line"], each["field"]) for each in made["errors"]] == [(2, "msisdn")]


def test_import__used_up_today__counts_what_was_issued_before(
    run: Run, diane: Profile
) -> None:
    customer = Profile.objects.create(msisdn="+250788123456")
    for number in range(5):
        issue_voucher(
            customer=customer,
            amount=rwf(20_000),
            actor=acting(diane),
            key=f"before:{number}",
        )
    made = run(GOOD, code=1)
    assert [each["line"] for each in made["errors"]] == [2]
    assert Voucher.objects.count() == 5


def test_store__file_with_errors__is_refused_and_nothing_kept() -> None:
    checked = checking.check(reading.read(b"msisdn,amount\n0788123456,none\n"))

    with pytest.raises(errors.InvalidRequest, match="has errors"):
        issuing.store(checked, file_name="may.csv", reason="May", by_name="odette")

    assert not Batch.objects.exists()


def test_issue_next__batch_not_confirmed__issues_nothing() -> None:
    checked = checking.check(reading.read(GOOD.encode()))
    batch = issuing.store(checked, file_name="may.csv", reason="May", by_name="odette")

    row = issuing.issue_next(batch, issuing.lines_of(batch))

    assert (row.state, row.issued) == ("checked", 0)
    assert not Voucher.objects.exists()


@pytest.mark.parametrize(("amount", "is_needed"), [(500, False), (501, True)])
def test_check__sum_above_the_day_of_one_person__needs_approval(
    settings: SettingsWrapper, amount: int, is_needed: bool
) -> None:
    settings.VOUCHER_ISSUER_DAILY = 1_000
    rows = f"msisdn,amount\n0788123456,500\n0788123457,{amount}\n"

    assert checking.check(reading.read(rows.encode())).needs_approval is is_needed


def test_import__killed_between_two_parts__is_continued(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: vouchers are switched off after the first part of a whole day's limit
    most = "msisdn,amount\n" + "0788123456,20000\n" * 5
    monkeypatch.setattr(issuing, "LINES_IN_ONE", 1)
    stopped = issuing.issue_next

    def off_after_one(batch: Batch, lines: list[Any]) -> Batch:
        row = stopped(batch, lines)
        guards.open_in_database("SELECT false")
        return row

    monkeypatch.setattr(issuing, "issue_next", off_after_one)
    path = tmp_path / "may.csv"
    path.write_text(most)
    with pytest.raises(CommandError, match="1 of 5 vouchers are issued"):
        call_command("vouchers", "import", str(path), "--reason", "May")

    # When
    monkeypatch.setattr(issuing, "issue_next", stopped)
    guards.open_in_database("SELECT true")
    made = run(most)

    # Then
    assert (made["issued"], made["already"]) == (4, 1)
    assert Voucher.objects.count() == 5


def test_batch__command_and_worker_issue_it_at_once__no_line_is_refused(
    odette: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: two issue the same batch in turns, each with what it saw last
    monkeypatch.setattr(issuing, "LINES_IN_ONE", 1)
    rows = "".join(f"+25078812340{n},{n + 1}\n" for n in range(6))
    file = checking.check(reading.read(f"msisdn,amount\n{rows}".encode()))
    by = {"reason": "May", "by_name": "odette", "by": odette}
    batch = issuing.store(file, file_name="x.csv", **by)  # type: ignore[arg-type]
    seen = [issuing.confirm(batch=batch, user=odette)] * 2
    lines = issuing.lines_of(batch)

    for _ in range(20):
        seen = [issuing.issue_next(row, lines) for row in seen]

    # Then
    assert [(row.state, row.issued, row.refused) for row in seen] == [
        ("done", 6, [])
    ] * 2
    assert Voucher.objects.filter(status="issued").count() == 6


def test_import__limit_reached_meanwhile__names_the_line(
    run: Run, diane: Profile, settings: SettingsWrapper, monkeypatch: Any
) -> None:
    checked = checking.check

    def then_used_up(sheet: reading.Sheet) -> checking.Checked:
        made = checked(sheet)
        settings.VOUCHER_CUSTOMER_DAILY = 1_000
        return made

    monkeypatch.setattr(checking, "check", then_used_up)
    made = run(GOOD, code=1)
    assert made["issued"] == 1
    assert [each["line"] for each in made["errors"]] == [2]
    batch = Batch.objects.get()
    assert (batch.state, batch.issued, len(batch.refused)) == ("done", 1, 1)


@pytest.fixture
def checked() -> checking.Checked:
    large = "msisdn,amount\n0788123456,30000\n0788123457,10\n"
    return checking.check(reading.read(large.encode()))


def test_batch__above_the_limits__is_issued_after_a_second_person(
    checked: checking.Checked, odette: User, pascal: User
) -> None:
    batch = issuing.store(
        checked, file_name="x.csv", reason="May", by_name="odette", by=odette
    )
    with pytest.raises(errors.NotAllowed):
        issuing.confirm(batch=batch, user=pascal)
    waiting = issuing.confirm(batch=batch, user=odette)
    assert waiting.state == "waiting"
    assert issuing.issue_all(waiting).issued == 0
    with pytest.raises(errors.SecondPersonNeeded):
        issuing.approve(batch=batch, user=odette, reason="Yes")
    approved = issuing.approve(batch=batch, user=pascal, reason="Yes")
    done = issuing.issue_all(approved)
    assert (done.state, done.issued) == ("done", 2)
    assert set(Voucher.objects.values_list("status", flat=True)) == {"issued"}


def batch_of(user: User, amount: int, *, number: int = 0) -> Batch:
    """Store a batch of one line, with another content for each number."""
    lines = f"msisdn,amount,note\n0788123456,{amount},{number}\n"
    return issuing.store(
        checking.check(reading.read(lines.encode())),
        file_name="x.csv",
        reason="May",
        by_name=user.username,
        by=user,
    )


def test_batch__split_into_several__waits_above_the_day_of_the_person(
    odette: User, pascal: User, settings: SettingsWrapper
) -> None:
    # Given: a limit for a day that two batches are within, and what was issued singly
    settings.VOUCHER_ISSUER_DAILY = 25_000
    customer = Profile.objects.create(name="C", msisdn="+250788000123")
    issue_voucher(
        customer=customer, amount=rwf(5_000), actor=Actor.of_user(odette), key="k"
    )

    # When
    states = [
        issuing.confirm(batch=batch_of(odette, 10_000, number=n), user=odette).state
        for n in range(4)
    ]

    # Then
    assert states == ["issuing", "issuing", "waiting", "waiting"]
    small = issuing.confirm(batch=batch_of(pascal, 10_000, number=9), user=pascal)
    assert small.state == "issuing"
    with pytest.raises(errors.LimitExceeded):
        issue_voucher(
            customer=customer, amount=rwf(100), actor=Actor.of_user(odette), key="k2"
        )


@pytest.mark.parametrize("is_still", [True, False])
def test_batch__with_a_voucher_for_the_approver__is_refused(
    odette: User, pascal: User, is_still: bool
) -> None:
    # Given: Pascal's own number is in the batch, or it was his until today
    batch = issuing.confirm(batch=batch_of(odette, 30_000), user=odette)
    person = Profile.objects.create(name="P", msisdn="+250788123456", user=pascal)
    if not is_still:
        Profile.objects.filter(pk=person.pk).update(user=None)

    # When
    with pytest.raises(errors.SecondPersonNeeded, match="it is for you"):
        issuing.approve(batch=batch, user=pascal, reason="Yes")

    # Then
    batch.refresh_from_db()
    assert (batch.state, batch.decided_by) == ("waiting", None)


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_batch__cancelled__issues_nothing_and_can_be_uploaded_again(
    checked: checking.Checked, odette: User, is_confirmed: bool
) -> None:
    given = {"file_name": "x.csv", "reason": "May", "by_name": "odette", "by": odette}
    batch = issuing.store(checked, **given)
    if is_confirmed:
        issuing.confirm(batch=batch, user=odette)
    cancelled = issuing.cancel(batch=batch, user=odette, reason="Wrong file")
    assert (cancelled.state, cancelled.lines) == ("cancelled", None)
    assert issuing.store(checked, **given).pk != batch.pk
    assert not VoucherEvent.objects.exists()
