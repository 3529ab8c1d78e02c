"""Voucher operations in the inbox: with the user's own rights, and shown in the thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from tests import payloads
from tests.agents.admin.test_inbox import chosen, press, text_of, waiting_records
from tests.backoffice import signed_in
from vouchers.actors import Actor
from vouchers.models import Voucher, VoucherEvent
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from tests.backoffice import Records

pytestmark = pytest.mark.django_db
RIGHTS = {
    "viewer": set(),
    "support": {"void", "rotate"},
    "operator": {"void", "rotate", "issue"},
}


@pytest.fixture
def records(db: None, settings: Any) -> Records:
    settings.WA_PHONE_ID = payloads.PHONE_NUMBER_ID
    return waiting_records()


def order(records: Records, action: str, **given: Any) -> dict[str, Any]:
    facts = {"voucher": records.issued.voucher.pk, "reason": "Asked by phone."}
    if action == "issue":
        facts = {"amount": "15000", "reason": "Compensation."}
    return facts | given


def state() -> list[Any]:
    return [
        list(Voucher.objects.order_by("pk").values_list("pk", "status", "seq")),
        VoucherEvent.objects.count(),
    ]


@pytest.mark.parametrize("action", ["void", "rotate", "issue"])
@pytest.mark.parametrize("role", RIGHTS)
def test_operation__each_role__as_its_rights_say(
    records: Records, role: str, action: str
) -> None:
    # Given
    browser, before = signed_in(role), state()
    shown = text_of(browser.get(chosen(records)))

    # When
    answer = press(browser, records, action, **order(records, action))

    # Then
    may = action in RIGHTS[role]
    assert (f'value="{action}"' in shown) == may
    assert answer.status_code == (302 if may else 403)
    assert (state() != before) == may
    if may:
        word = {"void": "Voided", "rotate": "Given a new code", "issue": "Issued"}
        found = text_of(browser.get(chosen(records)))
        assert f"{word[action]} by the-{role} over the back office" in found
        event = VoucherEvent.objects.order_by("id").last()
        assert event is not None
        assert (event.actor_kind, event.note.text) == (
            "user",
            order(records, action)["reason"],
        )


@pytest.mark.parametrize(
    ("action", "given", "sentence"),
    [
        ("issue", {"amount": "10k"}, "amount"),
        ("issue", {"amount": "0"}, "amount"),
        ("issue", {"amount": "50001"}, "single voucher"),
        ("issue", {"reason": " "}, "reason"),
        ("void", {"reason": ""}, "reason"),
        ("void", {"voucher": 2**40}, "no such voucher"),
        ("void", {"voucher": "other"}, "no such voucher"),
        ("void", {"voucher": "requested"}, "waits for approval"),
        ("rotate", {"voucher": "other"}, "no such voucher"),
    ],
)
def test_operation__not_possible__says_why_and_changes_nothing(
    records: Records, action: str, given: dict[str, Any], sentence: str
) -> None:
    # Given: a voucher of another customer
    other = issue_voucher(
        customer=records.cast.bosco.profile,
        amount=Money(5_000, "RWF"),
        actor=Actor.system("t"),
        key="other",
    ).voucher
    named = {"other": other.pk, "requested": records.requested.pk}
    facts = order(records, action, **given)
    facts["voucher"] = named.get(facts.get("voucher"), facts.get("voucher", ""))
    browser, before = signed_in("operator"), state()

    # When
    answer = press(browser, records, action, **facts)

    # Then
    assert answer.status_code == 200
    assert sentence in text_of(answer).split('class="inbox-refused"')[1][:300].lower()
    assert state() == before


def test_issue__above_the_limit__waits_for_a_second_person(records: Records) -> None:
    # Given
    browser = signed_in("operator")

    # When
    press(browser, records, "issue", amount="25000", reason="Compensation.")

    # Then
    voucher = Voucher.objects.order_by("pk").last()
    assert voucher is not None
    assert voucher.status == "pending_approval"
    found = text_of(browser.get(chosen(records)))
    assert reverse("approval", args=[voucher.pk]) in found
    own = text_of(browser.get(reverse("approval", args=[voucher.pk])))
    assert "a second person must approve this voucher: you requested it" in own.lower()


def test_issue__same_press_twice__one_voucher(records: Records) -> None:
    browser, key = signed_in("operator"), "6f2f7d9e-13cd-4b53-9d8e-3c34f3a1b7aa"
    for _ in range(2):
        press(browser, records, "issue", key=key, **order(records, "issue"))
    assert Voucher.objects.filter(amount_minor=15_000).count() == 1


def test_operation__right_to_vouchers_only__refused(records: Records) -> None:
    """Answering customers is a right of its own; without it the page only shows."""
    browser = signed_in("viewer")
    user = User.objects.get(username="the-viewer")
    user.user_permissions.add(Permission.objects.get(codename="void_voucher"))
    before = state()
    assert press(browser, records, "void", **order(records, "void")).status_code == 403
    assert state() == before
