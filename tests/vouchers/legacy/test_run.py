from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from agents.models import OutboundMessage
from agents.notifications import voucher_events
from tests.vouchers.legacy.conftest import said
from tests.vouchers.legacy.earlier import SCHEMAS, STATION, Earlier
from vouchers.audit import checkpoint, verify
from vouchers.codes import new_code
from vouchers.legacy import source
from vouchers.legacy.storing import Storing
from vouchers.models import LegacyRecord, Profile, Station, Voucher, VoucherEvent

if TYPE_CHECKING:
    from tests.vouchers.legacy.conftest import Run

ROWS = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"


def row_counts() -> dict[str, int]:
    """Return the number of rows of each table, and the value of each sequence."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        cursor.execute(ROWS, [cursor.fetchone()[0]])
        for (name,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{name}"')
            found[name] = cursor.fetchone()[0]
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences")
        return found | dict(cursor.fetchall())


def fill(earlier: Earlier) -> dict[str, str]:
    """Add a person with one voucher of each status, and rows that are refused."""
    owner = earlier.person()
    ids = {"owner": owner}
    for status in ("issued", "sent", "redeemed", "cancelled", "expired"):
        ended = {"redeemed_at": "2025-10-11 08:00"} if status == "redeemed" else {}
        expires = "2025-12-01 10:00" if status == "expired" else "2099-01-31 10:00"
        ids[status] = earlier.voucher(
            status=status, user_id=owner, expires_at=expires, **ended
        )
    ids["refused"] = earlier.voucher(user_id=owner, status="lost")
    ids["invalid number"] = earlier.person(number="12345")
    return ids


@pytest.mark.parametrize("schema", SCHEMAS)
def test_import__each_schema__keeps_value_and_the_audit_holds(
    earlier: Earlier, run: Run
) -> None:
    # Given
    ids = fill(earlier)
    checkpoint.write()

    # When
    report = run()

    # Then
    stored = {
        record.legacy_id: record.voucher
        for record in LegacyRecord.objects.filter(kind="voucher").select_related(
            "voucher"
        )
    }
    assert {name: stored[ids[name]].status for name in ids if ids[name] in stored} == {
        "issued": "issued",
        "sent": "issued",
        "redeemed": "redeemed",
        "cancelled": "void",
        "expired": "expired",
    }
    assert {voucher.amount_minor for voucher in stored.values()} == {2000}
    assert said(report, ids["refused"]) == ("refused", ["status_unknown"])
    assert said(report, ids["invalid number"]) == ("refused", ["number_invalid"])
    assert report["totals"]["vouchers"]["refused"] == 1
    assert sum(each["amount_minor"] for each in report["value"]) == 10_000
    assert set(VoucherEvent.objects.values_list("channel", flat=True)) == {"import"}
    assert verify.verify().broken == []
    assert checkpoint.write().broken == []
    assert verify.verify().broken == []


def test_import__times__are_those_of_the_earlier_system(
    earlier: Earlier, run: Run
) -> None:
    ids = fill(earlier)
    run()
    voucher = Voucher.objects.get(public_id=ids["redeemed"])
    assert [each.created_at.isoformat() for each in voucher.events.order_by("seq")] == [
        "2025-10-10T09:00:00+00:00",
        "2025-10-11T08:00:00+00:00",
    ]
    local = timezone.localtime(voucher.expires_at)
    assert local.isoformat() == "2099-01-31T23:59:59.999999+02:00"


def test_import__notifies_no_person(earlier: Earlier, run: Run) -> None:
    earlier.person()
    earlier.voucher(whatsapp_e164="+250788111001", issued_at=timezone.now().isoformat())
    run()
    assert VoucherEvent.objects.count() == 1
    voucher_events.announce_left_behind()
    assert not OutboundMessage.objects.exists()


@pytest.mark.parametrize("schema", SCHEMAS)
def test_dry_run__writes_nothing_and_says_what_a_run_does(
    earlier: Earlier, run: Run
) -> None:
    # Given
    fill(earlier)
    earlier.person()
    if earlier.schema != "voice":
        earlier.voucher(whatsapp_e164="+250788111009")
        earlier.voucher(whatsapp_e164="+250788111009")
    before = row_counts()

    # When
    planned = run("--dry-run")

    # Then
    assert row_counts() == before
    done = run()
    assert planned["dry_run"] is True
    for row in [*planned["rows"], *done["rows"]]:
        row.pop("target")
    assert (planned["rows"], planned["value"]) == (done["rows"], done["value"])


@pytest.mark.parametrize("schema", SCHEMAS)
def test_second_run__takes_nothing_and_reports_changed_rows(
    earlier: Earlier, run: Run
) -> None:
    # Given
    ids = fill(earlier)
    run()
    stored = row_counts()
    earlier.run(f"UPDATE vouchers SET status = 'cancelled' WHERE id = '{ids['sent']}'")

    # When
    report = run()

    # Then
    assert row_counts() == stored
    assert said(report, ids["sent"]) == ("changed", ["changed_there"])
    assert said(report, ids["issued"]) == ("already", [])
    assert report["totals"]["vouchers"]["already"] == 4
    assert report["totals"]["profiles"]["already"] == 1
    assert report["value"] == []


def test_refused_row__corrected_there__is_taken_by_the_next_run(
    earlier: Earlier, run: Run
) -> None:
    ids = fill(earlier)
    run()
    earlier.run(f"UPDATE vouchers SET status = 'sent' WHERE id = '{ids['refused']}'")
    assert said(run(), ids["refused"])[0] == "mended"
    assert Voucher.objects.filter(public_id=ids["refused"]).count() == 1


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_interrupted_run__is_continued(
    earlier: Earlier, run: Run, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    # Given: a run that ends inside of a batch
    monkeypatch.setattr(source, "BATCH", 4)
    numbers = [f"+2507881120{place:02}" for place in range(10)]
    for number in numbers:
        earlier.voucher(user_id=None, whatsapp_e164=number, status="sent")
    written = Storing.write_vouchers
    calls: list[int] = []

    def interrupted(self: Storing) -> None:
        written(self)
        calls.append(1)
        if len(calls) == fails_at:
            raise KeyboardInterrupt

    monkeypatch.setattr(Storing, "write_vouchers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert Voucher.objects.count() == 4 * (fails_at - 1)

    # When
    report = run()

    # Then
    assert Voucher.objects.count() == LegacyRecord.objects.count() == 10
    assert Profile.objects.count() == 10
    assert report["totals"]["vouchers"]["already"] == 4 * (fails_at - 1)
    assert verify.verify().broken == []


def test_row_that_the_database_refuses__leaves_the_others(
    earlier: Earlier, run: Run
) -> None:
    # Given: a rule of the database that the import does not know
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE vouchers ADD CHECK (amount_minor <> 1234)")
    owner = earlier.person()
    good = [earlier.voucher(user_id=owner, issued_at=f"2025-10-0{n}") for n in (1, 3)]
    bad = earlier.voucher(user_id=owner, amount_minor=1234, issued_at="2025-10-02")

    # When
    report = run()

    # Then
    assert said(report, bad) == ("refused", ["database_refused"])
    assert {said(report, each)[0] for each in good} == {"mended"}
    assert report["value"] == [
        {"status": "issued", "currency": "RWF", "amount_minor": 4000}
    ]
    assert verify.verify().broken == []


def test_row_with_a_repeated_id__is_refused(earlier: Earlier, run: Run) -> None:
    first = earlier.person(user_id=STATION, created_at="2025-01-01")
    earlier.person(number="+250788111002", user_id=first)
    earlier.person(number="+250788111003", user_id=STATION)
    voucher = earlier.voucher(user_id=first)
    earlier.voucher(id=voucher, user_id=first)
    outcomes = [(row["outcome"], row["notes"]) for row in run()["rows"]]
    assert [outcome for outcome, _ in outcomes] == [
        "taken",
        "refused",
        "refused",
        "mended",
        "refused",
    ]
    assert Profile.objects.count() == Voucher.objects.count() == 1


def test_role__is_never_taken(earlier: Earlier, run: Run) -> None:
    admin = earlier.person(role="admin", full_name="Aline  Uwase", language="kin-RW")
    assert said(run(), admin) == ("mended", ["name_cleaned", "role_not_taken"])
    profile = Profile.objects.get()
    assert (profile.role, profile.name, profile.language) == (
        "customer",
        "Aline Uwase",
        "rw",
    )


def test_person_known_here__is_not_changed(earlier: Earlier, run: Run) -> None:
    known = Profile.objects.create(msisdn="+250788111001", name="Claire", role="staff")
    there = earlier.person(full_name="Other", role="customer")
    earlier.voucher(user_id=there)
    assert said(run(), there) == ("mended", ["known_number"])
    known.refresh_from_db()
    assert (known.name, known.role) == ("Claire", "staff")
    assert Voucher.objects.get().owner == known


def test_code_of_16_digits__redeems_here(earlier: Earlier, run: Run) -> None:
    code, owner = new_code(), earlier.person()
    first = earlier.voucher(user_id=owner, code5=code.formatted)
    second = earlier.voucher(
        user_id=owner,
        code5=code.digits,
        created_at="2026-01-01",
        issued_at="2026-01-01",
    )
    report = run()
    assert said(report, first) == ("mended", ["expiry_end_of_day"])
    assert "code_repeated" in said(report, second)[1]
    assert Voucher.objects.get(code_hmac=code.hmac).public_id.hex == first.replace(
        "-", ""
    )


def test_station__is_one_that_is_known_here(earlier: Earlier, run: Run) -> None:
    Station.objects.create(code="KIMIRONKO", name="Kimironko")
    ids = fill(earlier)
    report = run()
    assert "station_unknown" in said(report, ids["redeemed"])[1]
    station = Voucher.objects.get(public_id=ids["redeemed"]).station
    assert station is not None
    assert (station.code, station.is_active) == ("LEGACY-UNKNOWN", False)


@pytest.mark.parametrize("schema", ["first"])
def test_station__with_its_code__is_used(earlier: Earlier, run: Run) -> None:
    station = Station.objects.create(code="KIMIRONKO", name="Kimironko")
    there = earlier.add("petrol_stations", name="Other", engencode=" kimironko")
    voucher = earlier.voucher(
        whatsapp_e164="+250788111001",
        status="redeemed",
        redeemed_at="2025-10-11 08:00",
        redeemed_by_station_id=there,
    )
    assert "station_unknown" not in said(run(), voucher)[1]
    assert Voucher.objects.get().station == station


def test_report__holds_nothing_personal(
    earlier: Earlier, caplog: pytest.LogCaptureFixture
) -> None:
    earlier.person(full_name="Mugisha Canary")
    earlier.voucher(id="+250788111001", whatsapp_e164="+250788111001", code5="AB1C2")
    out = io.StringIO()
    call_command("import_legacy", "--source", earlier.dsn, stdout=out)
    for text in (out.getvalue(), caplog.text):
        assert "788111001" not in text
        assert "Mugisha" not in text
        assert "AB1C2" not in text
    assert "vouchers: 0 taken, 1 mended, 0 refused, 0 already, 0 changed." in (
        out.getvalue()
    )


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("postgresql://x:secret1234@127.0.0.1:1/none", "does not answer"),
        ("no dsn at all", "does not answer"),
    ],
)
@pytest.mark.django_db
def test_source__not_reached__is_said_without_its_password(
    dsn: str, words: str
) -> None:
    with pytest.raises(CommandError, match=words) as caught:
        call_command("import_legacy", "--source", dsn)
    assert "secret" not in str(caught.value)


def test_source__other_tables__is_refused(earlier: Earlier, run: Run) -> None:
    with pytest.raises(CommandError, match="no table profiles"):
        run("--schema", "elsewhere")
    earlier.run("ALTER TABLE vouchers ADD COLUMN code_hmac bytea")
    with pytest.raises(CommandError, match="table of this product"):
        run()


def test_source__is_read_only(earlier: Earlier) -> None:
    with (
        pytest.raises(source.SourceError, match="ReadOnlySqlTransaction"),
        source.opened(earlier.dsn, schema="public") as opened,
    ):
        opened.connection.execute("DELETE FROM vouchers")


def test_source__row_security__never_hides_rows_silently(
    earlier: Earlier, run: Run
) -> None:
    earlier.voucher(whatsapp_e164="+250788111001")
    reader = f"reader_{earlier.connection.info.dbname[-8:]}"
    earlier.run(f"CREATE ROLE {reader} LOGIN")
    earlier.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")
    earlier.run("ALTER TABLE vouchers ENABLE ROW LEVEL SECURITY")
    try:
        dsn = earlier.dsn + f" options='-c role={reader}'"
        with pytest.raises(CommandError, match="InsufficientPrivilege"):
            call_command("import_legacy", "--source", dsn, stdout=io.StringIO())
    finally:
        earlier.run(f"DROP OWNED BY {reader}; DROP ROLE {reader}")


@pytest.mark.parametrize("missing", ["profiles", "voucher_redemptions", "stations"])
def test_source__missing_table__is_tolerated(
    earlier: Earlier, run: Run, missing: str
) -> None:
    earlier.run(f"DROP TABLE {missing}")
    earlier.voucher(whatsapp_e164="+250788111001", status="redeemed")
    assert run()["totals"]["vouchers"]["mended"] == 1


def test_erased_person__gets_no_voucher_back(earlier: Earlier, run: Run) -> None:
    owner: Any = earlier.person()
    run()
    Profile.objects.update(
        erased_at=timezone.now(), msisdn=None, name="", is_active=False
    )
    voucher = earlier.voucher(user_id=owner)
    assert said(run(), voucher) == ("refused", ["owner_erased"])
    assert not Voucher.objects.exists()
