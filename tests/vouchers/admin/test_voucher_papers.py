"""The check of a voucher on the spot, its trail on paper, and its card."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from tests.backoffice import Records, create_records, signed_in
from vouchers import qr
from vouchers.admin import voucher_papers
from vouchers.admin.telling import what_to_tell
from vouchers.audit import checkpoint
from vouchers.models import Profile, Voucher, VoucherEvent
from vouchers.services import envelopes

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
PAPERS = ("check", "print", "pdf", "export")


@pytest.fixture
def records(db: None) -> Records:
    return create_records()


def url_of(voucher: Voucher, name: str) -> str:
    return reverse(f"admin:vouchers_voucher_{name}_one", args=[voucher.pk])


@pytest.fixture
def browser(records: Records) -> Client:
    return signed_in("operator")


def make_card(browser: Client, voucher: Voucher, **given: Any) -> Any:
    data = {"key": uuid.uuid4(), "reason": "No telephone", "kind": "page"} | given
    return browser.post(url_of(voucher, "card"), data)


def content(answer: Any) -> str:
    return answer.content.decode("latin-1")


def test_card__operator__shows_a_new_code_once_with_its_event(
    records: Records, browser: Client
) -> None:
    # Given
    voucher, old = records.issued.voucher, records.issued.code
    assert old is not None

    # When
    answer = make_card(browser, voucher)

    # Then
    code = envelopes.read(voucher)
    assert code is not None
    page = answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert code.formatted in page
    assert old.formatted not in page
    assert qr.svg(code) in page
    assert voucher.reference in page
    assert "RWF 10,000" in page
    event = VoucherEvent.objects.latest("id")
    assert (event.kind, event.channel, event.note.text) == (
        "code_rotated",
        "admin",
        "No telephone",
    )
    logged = LogEntry.objects.get()
    assert logged.change_message == "Card: No telephone"
    assert code.digits not in str(logged)


@pytest.mark.parametrize("kind", ["page", "pdf"])
def test_card__sent_twice__one_new_code(
    records: Records, browser: Client, kind: str
) -> None:
    key, voucher = uuid.uuid4(), records.issued.voucher
    pages = [make_card(browser, voucher, key=key, kind=kind) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert VoucherEvent.objects.filter(kind="code_rotated").count() == 1
    assert LogEntry.objects.count() == 1
    if kind == "page":
        assert pages[0].content == pages[1].content


def test_card__as_pdf__has_amount_code_and_image(
    records: Records, browser: Client
) -> None:
    voucher = records.issued.voucher
    answer = make_card(browser, voucher, kind="pdf")
    code = envelopes.read(voucher)
    assert code is not None
    made = content(answer)
    assert made.startswith("%PDF-")
    assert "no-store" in answer["Cache-Control"]
    assert code.formatted in made
    assert "RWF 10,000" in made
    dark = sum(sum(row) for row in qr.modules(code))
    assert made.count(" re\n") == dark
    assert voucher.reference not in answer["Content-Disposition"]


@pytest.mark.parametrize("language", ["en", "fr", "rw", "sw"])
def test_card__each_language__is_the_owners(
    records: Records, browser: Client, language: str
) -> None:
    voucher = records.issued.voucher
    Profile.objects.filter(pk=voucher.owner_id).update(language=language)
    page = make_card(browser, voucher).content.decode()
    words = voucher_papers._card_facts(
        Voucher.objects.get(pk=voucher.pk), records.issued.code
    )["words"]
    assert f'lang="{language}"' in page
    assert words["valid"].split()[0] in page


@pytest.mark.parametrize("role", ["viewer", "support"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_card__without_the_permission__is_forbidden_and_changes_nothing(
    records: Records, role: str, method: str
) -> None:
    voucher = records.issued.voucher
    ask = getattr(signed_in(role), method)
    answer = ask(url_of(voucher, "card"), {"reason": "x", "key": uuid.uuid4()})
    assert answer.status_code == 403
    assert not VoucherEvent.objects.filter(kind="code_rotated").exists()


def test_card__not_issued_or_off__is_refused_without_a_form(
    records: Records, browser: Client, settings: SettingsWrapper
) -> None:
    waiting = make_card(browser, records.requested)
    assert "Only an issued voucher has a card." in waiting.content.decode()
    settings.VOUCHER_GUARD = "tests.vouchers.guards.closed"
    off = make_card(browser, records.issued.voucher)
    assert "switched off" in off.content.decode()
    assert not VoucherEvent.objects.filter(kind="code_rotated").exists()


@pytest.mark.parametrize("paper", PAPERS)
def test_paper__each_role_and_person__is_read_without_a_code(
    records: Records, paper: str
) -> None:
    voucher, code = records.issued.voucher, records.issued.code
    assert code is not None
    for role in ("viewer", "support", "operator"):
        answer = signed_in(role).get(url_of(voucher, paper), follow=True)
        assert answer.status_code == 200
        shown = content(answer)
        assert voucher.reference in shown
        assert code.digits not in shown.replace(" ", "")
        assert str(voucher.owner.msisdn) not in shown
    assert VoucherEvent.objects.filter(voucher=voucher).count() == voucher.seq


def test_check__sound_and_recorded__says_so_with_its_time(records: Records) -> None:
    voucher, browser = records.issued.voucher, signed_in("support")
    said = browser.get(url_of(voucher, "check"), follow=True).content.decode()
    assert "all 1 steps are sound; no checkpoint has recorded them yet" in said
    checkpoint.write()
    said = browser.get(url_of(voucher, "check"), follow=True).content.decode()
    assert "the first 1 are in the signed checkpoint 1" in said
    assert f"Checked on {timezone.localtime():%d %B %Y}" in said


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE voucher_event SET amount_minor = 9 WHERE voucher_id = %s",
            "The event was changed after it was written.",
        ),
        (
            "UPDATE vouchers SET amount_minor = 9 WHERE id = %s",
            "amount_minor differs from the trail",
        ),
        (
            'UPDATE voucher_checkpoint SET signatures = \'{"x": "00"}\' WHERE %s > 0',
            "The signature of checkpoint 1 cannot be checked.",
        ),
    ],
    ids=["event", "row", "signature"],
)
def test_check__changed_by_hand__names_the_fault_on_each_paper(
    records: Records, statement: str, said: str
) -> None:
    voucher, browser = records.issued.voucher, signed_in("support")
    checkpoint.write()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("vouchers", "voucher_event", "voucher_checkpoint"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, [voucher.pk])
    for paper in ("check", "print"):
        answer = browser.get(url_of(voucher, paper), follow=True)
        assert said in answer.content.decode()
        assert "the trail does not hold" in answer.content.decode()


@pytest.mark.parametrize("status", Voucher.Status)
def test_what_to_tell__each_status__one_sentence_without_reason_or_code(
    records: Records, status: Voucher.Status
) -> None:
    voucher = records.issued.voucher
    voucher.status = status
    if status == "redeemed":
        voucher.station = records.cast.kimironko
        voucher.redeemed_at = timezone.now()
    told = what_to_tell(voucher, timezone.now())
    assert told.startswith("Your voucher of RWF 10,000")
    assert told.count(". ") == 0
    assert (voucher.code_last4 not in told) or voucher.code_last4 in "2026 2027"
    page = signed_in("viewer").get(
        reverse("admin:vouchers_voucher_change", args=[voucher.pk])
    )
    assert "To tell the owner" in page.content.decode()
