"""Roles, rights and their records in the back office, as its users see them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import Message, Turn
from tests.backoffice import create_records, signed_in
from vouchers.actors import Actor
from vouchers.models import AuthorityChange, ChangeRecord, Profile, Voucher
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

pytestmark = pytest.mark.django_db


def operator(name: str) -> tuple[User, Client]:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name="operator"))
    browser = Client()
    browser.force_login(user)
    return user, browser


def press(browser: Client, page: str, *keys: object, **given: Any) -> Any:
    url = reverse(f"admin:vouchers_{page}", args=keys)
    return browser.post(
        url, {"key": uuid.uuid4(), "reason": "Checked"} | given, follow=True
    )


def add_staff(browser: Client, number: str = "0788000044") -> Any:
    return press(
        browser,
        "profile_add_one",
        msisdn=number,
        name="Eric",
        role="staff",
        language="",
        is_active="on",
    )


def test_role__one_operator__cannot_give_ask_and_approve() -> None:
    # Given
    records = create_records()
    _, first = operator("odette")
    _, second = operator("pascal")

    # When: Odette makes a second number staff and confirms it without another person
    said = add_staff(first)
    eric = Profile.objects.get(msisdn="+250788000044")
    change = AuthorityChange.objects.get(profile=eric)
    own = press(first, "authoritychange_confirm_one", change.pk)

    # Then
    assert "waits for a second operator" in said.content.decode()
    assert "Another person must do this" in own.content.decode()
    eric.refresh_from_db()
    assert eric.role == "customer"

    # When: another operator confirms it, and the number asks
    waiting = second.get(reverse("admin:vouchers_authoritychange_changelist"))
    press(second, "authoritychange_confirm_one", change.pk)
    eric.refresh_from_db()
    voucher = issue_voucher(
        customer=records.cast.aline.profile,
        amount=Money(45_000, "RWF"),
        actor=Actor.of_profile(eric, channel="whatsapp"),
        key="turn:900:0",
    ).voucher
    refused = press(first, "voucher_approve_one", voucher.pk)
    page = second.get(reverse("admin:vouchers_voucher_approve_one", args=[voucher.pk]))
    press(second, "voucher_approve_one", voucher.pk)

    # Then
    assert "from customer to staff" in waiting.content.decode()
    assert eric.role == "staff"
    assert "you gave the role" in refused.content.decode()
    assert "role given by odette" in page.content.decode()
    assert Voucher.objects.get(pk=voucher.pk).status == "issued"


def test_approve__page__shows_who_asked_how_limits_and_history() -> None:
    # Given
    records = create_records()
    cast = records.cast
    message = cast.diane.writes("please 30000 for <b>0788100001</b>")
    turn = Turn.objects.create(
        conversation=cast.diane.chat,
        status=Turn.Status.DONE,
        lease_token=uuid.uuid4(),
        lease_expires_at=timezone.now(),
        correlation_id=uuid.uuid4(),
        finished_at=timezone.now(),
        outcome="reply",
    )
    Message.objects.filter(pk=message.pk).update(turn=turn, state="done")
    voucher = issue_voucher(
        customer=cast.aline.profile,
        amount=Money(25_000, "RWF"),
        actor=Actor.of_profile(cast.diane.profile, channel="whatsapp"),
        key=f"turn:{turn.pk}:0",
    ).voucher

    # When
    browser = signed_in("operator")
    for action in ("approve", "decline"):
        url = reverse(f"admin:vouchers_voucher_{action}_one", args=[voucher.pk])
        page = browser.get(url).content.decode()

        # Then
        assert "RWF 25,000 for Aline" in page
        assert "Requested by Diane (staff" in page
        assert "over WhatsApp on" in page
        assert "please 30000 for &lt;b&gt;0788100001&lt;/b&gt;" in page
        assert "The requester issued RWF 65,000 of RWF 500,000 today" in page
        assert "The customer received RWF 65,000 of RWF 100,000 today" in page
        assert "1 issued (RWF 10,000), 1 pending approval (RWF 30,000)" in page


def sign_in_status(name: str, password: str) -> int:
    """Return 302 when the sign-in succeeded, 200 when it is asked for again."""
    given = {"username": name, "password": password}
    return Client().post(reverse("admin:login"), given).status_code


def form_of(user: User, **given: Any) -> dict[str, Any]:
    joined = timezone.localtime(user.date_joined)
    fields: dict[str, Any] = {
        "username": user.username,
        "is_active": "on" if user.is_active else "",
        "is_staff": "on",
        "date_joined_0": f"{joined:%Y-%m-%d}",
        "date_joined_1": f"{joined:%H:%M:%S}",
        **given,
    }
    return {name: value for name, value in fields.items() if value != ""}


def test_account__second_one__cannot_sign_in_until_another_operator_confirms() -> None:
    # Given
    boss = signed_in("superuser")
    _, second = operator("pascal")
    boss.post(
        reverse("admin:auth_user_add"),
        {"username": "eric", "password1": "Tricky-93-xyz-44", "password2": "Tricky-93-xyz-44",
         "usable_password": "true"},
    )  # fmt: skip
    eric = User.objects.get(username="eric")
    group = Group.objects.get(name="operator").pk

    # When
    url = reverse("admin:auth_user_change", args=[eric.pk])
    said = boss.post(url, form_of(eric, groups=[group]), follow=True)
    boss.post(url, form_of(eric, groups=[group], is_active="on"))

    # Then
    eric.refresh_from_db()
    assert "waits for a second operator" in said.content.decode()
    assert not eric.is_active
    assert sign_in_status("eric", "Tricky-93-xyz-44") == 200

    # When
    waiting = list(AuthorityChange.objects.filter(account=eric, decision="waiting"))
    press(boss, "authoritychange_confirm_one", waiting[0].pk)
    assert sign_in_status("eric", "Tricky-93-xyz-44") == 200
    for change in waiting:
        press(second, "authoritychange_confirm_one", change.pk)

    # Then
    assert sign_in_status("eric", "Tricky-93-xyz-44") == 302


def test_account__password_set_by_another__waits() -> None:
    # Given
    boss = signed_in("superuser")
    pascal, browser = operator("pascal")

    # When
    boss.post(
        reverse("admin:auth_user_password_change", args=[pascal.pk]),
        {"password1": "Tricky-93-xyz-44", "password2": "Tricky-93-xyz-44",
         "usable_password": "true"},
    )  # fmt: skip

    # Then
    pascal.refresh_from_db()
    assert pascal.check_password("Tricky-93-xyz-44")
    assert pascal.is_active is False
    assert browser.get("/admin/").status_code == 302


@pytest.mark.parametrize("model", ["user", "group"])
def test_delete__account_or_group__is_not_offered(model: str) -> None:
    # Given
    boss = signed_in("superuser")
    row = User.objects.create_user("eric") if model == "user" else Group.objects.first()
    assert row is not None

    # When
    change = boss.get(reverse(f"admin:auth_{model}_change", args=[row.pk]))
    listed = boss.get(reverse(f"admin:auth_{model}_changelist"))
    answer = boss.post(reverse(f"admin:auth_{model}_delete", args=[row.pk]), {"post": "yes"})  # fmt: skip

    # Then
    assert answer.status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()
    assert f"/{row.pk}/delete/" not in change.content.decode()
    assert "delete_selected" not in listed.content.decode()


def test_group__with_members__wider_rights_are_refused_with_a_sentence() -> None:
    # Given
    boss = signed_in("superuser")
    group = Group.objects.get(name="viewer")
    User.objects.create_user("eric").groups.add(group)
    had = set(group.permissions.values_list("pk", flat=True))
    more = Group.objects.get(name="operator").permissions.values_list("pk", flat=True)

    # When
    answer = boss.post(
        reverse("admin:auth_group_change", args=[group.pk]),
        {"name": "viewer", "permissions": [*more]},
    )

    # Then
    assert "This group has members" in answer.content.decode()
    assert set(group.permissions.values_list("pk", flat=True)) == had


def test_person__erased__is_refused_with_a_sentence() -> None:
    # Given
    erased = Profile.objects.create(is_active=False, erased_at=timezone.now())
    browser = signed_in("operator")

    # When
    answer = press(
        browser,
        "profile_change_one",
        erased.pk,
        name="Aline",
        role="customer",
        language="",
        is_active="on",
    )

    # Then
    assert answer.status_code == 403 or "was erased" in answer.content.decode()
    erased.refresh_from_db()
    assert (erased.name, erased.is_active) == ("", False)


def test_history__person_station_and_account__shows_the_recorded_changes() -> None:
    # Given
    _, browser = operator("odette")
    add_staff(browser)
    eric = Profile.objects.get(msisdn="+250788000044")
    press(browser, "profile_change_one", eric.pk, name="Eric B", role="customer", language="fr", is_active="on")  # fmt: skip
    user = User.objects.get(username="odette")

    # When
    boss = signed_in("superuser")
    person = boss.get(reverse("admin:vouchers_profile_history", args=[eric.pk]))
    account = boss.get(reverse("admin:auth_user_history", args=[user.pk]))
    records = boss.get(reverse("admin:vouchers_changerecord_changelist"))

    # Then
    shown = person.content.decode()
    assert "language: — → fr" in shown
    assert "name changed" in shown
    assert "odette" in shown
    assert "Eric B" not in shown.split('id="recorded"')[1].split("</table>")[0]
    assert "group: " in account.content.decode()
    assert records.status_code == 200
    assert ChangeRecord.objects.filter(actor="odette", source="admin").count() >= 2


@pytest.mark.parametrize("role", ["support", "viewer"])
@pytest.mark.parametrize("action", ["confirm", "refuse"])
def test_decide__without_the_permission__is_forbidden(role: str, action: str) -> None:
    _, first = operator("odette")
    add_staff(first)
    change = AuthorityChange.objects.get()

    answer = press(signed_in(role), f"authoritychange_{action}_one", change.pk)

    assert answer.status_code == 403
    change.refresh_from_db()
    assert change.decision == "waiting"
