from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from agents.notifications.voucher_events import announce_issue
from agents.operations import demonstration
from agents.station.sign_in import staff
from easymo.backoffice import demo_logins
from easymo.development import embedded, running
from rollout.core import clock
from rollout.core.features import Feature
from rollout.flags import flags
from rollout.models import AgentFlag, FlagChange, Incident
from tests.rollout.guardrail_cases import FakeClock, tick
from vouchers.actors import Actor
from vouchers.models import Profile, Voucher
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper


@pytest.mark.django_db
def test_seed__again_after_a_switch_off__turns_nothing_on_and_adds_nothing() -> None:
    # Given
    demonstration.seed()
    assert AgentFlag.objects.filter(everyone=True).count() == len(Feature)
    flags.set_features(
        dict.fromkeys(Feature, False),
        actor="odette",
        reason="enough",
        source=FlagChange.Source.CLI,
    )
    vouchers = Voucher.objects.count()

    # When
    demonstration.seed()

    # Then
    assert AgentFlag.objects.filter(everyone=True).count() == 0
    assert Voucher.objects.count() == vouchers == 5
    assert sorted(Voucher.objects.values_list("status", flat=True)) == [
        "issued",
        "issued",
        "pending_approval",
        "redeemed",
        "void",
    ]
    assert Profile.objects.filter(is_sandbox=True).count() == 6


@pytest.mark.django_db
def test_seed__evaluator_looks_for_two_hours__leaves_it_alone() -> None:
    # Given
    demonstration.seed()
    now = FakeClock(timezone.now())

    # When
    with clock.use(now):
        found = []
        for _ in range(8):
            now.advance(minutes=15)
            found.append(tick())

    # Then
    assert {evaluation.action for evaluation in found} == {"none"}
    assert AgentFlag.objects.filter(everyone=True).count() == len(Feature)
    assert Incident.objects.exists() is False


@pytest.mark.django_db
def test_open_login__again__keeps_the_password() -> None:
    _, first = demonstration.open_login()
    user, second = demonstration.open_login()

    assert first is not None
    assert second is None
    assert user.check_password(first)
    assert not user.is_superuser
    assert list(user.groups.values_list("name", flat=True)) == ["operator"]


# Username, and whether it may: see the settlement, approve, answer customers, roll back.
ROLES = {
    "support": (True, False, True, False),
    "approver": (True, True, False, False),
    "accountant": (True, False, False, False),
    "station": (False, False, False, False),
    "viewer": (True, False, False, False),
}
RIGHTS = (
    "vouchers.view_voucher",
    "vouchers.approve_voucher",
    "agents.answer_person",
    "rollout.rollback",
)


@pytest.mark.django_db
def test_role_logins__each_role__has_its_rights_and_a_password_of_its_own() -> None:
    demonstration.seed()

    passwords = demonstration.open_role_logins({"operator": "kept"})
    again = demonstration.open_role_logins(passwords)

    assert again == passwords
    assert passwords.keys() == {*ROLES, "operator"}
    assert len(set(passwords.values())) == len(passwords)
    for name, rights in ROLES.items():
        user = User.objects.get(username=name)
        assert user.check_password(passwords[name])
        assert tuple(user.has_perm(right) for right in RIGHTS) == rights, name
        assert (user.is_staff, user.is_superuser) == (name != "station", False)
    station = User.objects.get(username="station")
    assert staff().get(user=station).station.code == "KIMIRONKO"


@pytest.mark.django_db
def test_first_receipt__of_the_demonstration__warns_of_nothing() -> None:
    demonstration.seed()
    demonstration.open_chats()
    grace = Profile.objects.get(msisdn=demonstration.GRACE.msisdn)
    issued = issue_voucher(
        customer=grace,
        amount=Money(10_000, "RWF"),
        actor=Actor.of_profile(
            Profile.objects.get(msisdn=demonstration.DIANE.msisdn), channel="whatsapp"
        ),
        key="first",
    )

    assert announce_issue(issued.voucher) == "told"


@pytest.mark.django_db
@pytest.mark.parametrize("is_demonstration", [True, False])
@pytest.mark.parametrize(
    ("address", "is_local"),
    [("127.0.0.1", True), ("::1", True), ("10.0.0.7", False), ("", False)],
)
def test_sign_in_page__shows_passwords__on_this_machine_only(
    settings: SettingsWrapper,
    tmp_path: Path,
    client: Client,
    address: str,
    *,
    is_demonstration: bool,
    is_local: bool,
) -> None:
    settings.VAR, settings.DEMONSTRATION = tmp_path, is_demonstration
    demo_logins.keep({"operator": "secret-of-operator", "viewer": "secret-of-viewer"})

    page = client.get("/admin/login/", REMOTE_ADDR=address).content.decode()

    shown = is_demonstration and is_local
    assert ("secret-of-operator" in page) is ("secret-of-viewer" in page) is shown
    assert (tmp_path / demo_logins.FILE).stat().st_mode & 0o777 == 0o600


def test_reset__not_a_demonstration_or_running__refuses_and_changes_nothing(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptied: list[bool] = []
    monkeypatch.setattr(embedded, "empty", lambda: emptied.append(True))
    settings.DEMONSTRATION = False
    with pytest.raises(CommandError, match=r"DATABASE_URL is set.*Nothing was changed"):
        call_command("demo_reset")

    settings.DEMONSTRATION = True
    monkeypatch.setattr(running, "port", lambda: 8000)
    with pytest.raises(CommandError, match="Stop it with Ctrl-C"):
        call_command("demo_reset")

    assert emptied == []
