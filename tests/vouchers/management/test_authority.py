from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from vouchers.models import AuthorityChange, Profile
from vouchers.services.profiles import create_or_change_profile
from vouchers.services.roles import Giver

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db


def test_authority__role_waits__is_listed_and_decided_on_the_command_line(
    odette: User, aline: Profile, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given
    giver = Giver.of_user(odette, reason="New")
    create_or_change_profile(profile=aline, role="staff", giver=giver)
    number = str(AuthorityChange.objects.get().pk)

    # When
    call_command("authority")
    with pytest.raises(CommandError, match="you gave the role"):
        call_command("authority", "confirm", number, "--reason", "x", "--by", "odette")
    call_command("authority", "confirm", number, "--reason", "No second operator")
    with pytest.raises(CommandError, match="already confirmed"):
        call_command("authority", "refuse", number, "--reason", "x")
    call_command("authority")

    # Then
    said = capsys.readouterr().out
    assert f"{number}: Aline: from customer to staff. By odette." in said
    assert "Nothing waits." in said
    aline.refresh_from_db()
    assert aline.role == "staff"
