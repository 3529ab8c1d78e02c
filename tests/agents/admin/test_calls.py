from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from agents.models import CallEvent
from tests.agents.calls.callers import ended
from tests.agents.cast import make_cast
from tests.backoffice import ROLES, signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ROLES)
def test_call__each_role__reads_timeline_and_transcript(role: str) -> None:
    # Given
    caller = make_cast().aline.profile.msisdn
    call = ended(str(caller))
    for kind, text, detail in (
        ("heard", "Show my vouchers <b>", {}),
        ("tool", "", {"tool": "list_vouchers", "code": "pin_needed"}),
        ("said", "Please enter your PIN", {}),
    ):
        CallEvent.objects.create(
            call=call, kind=kind, text=text, detail=detail, at=timezone.now()
        )
    browser = signed_in(role)

    # When
    listed = browser.get(reverse("admin:agents_call_changelist")).content.decode()
    page = browser.get(reverse("admin:agents_call_change", args=[call.pk]))

    # Then
    shown = page.content.decode()
    assert str(call.reason) in listed
    assert "Show my vouchers &lt;b&gt;" in shown
    assert "Tool: list vouchers · pin needed" in shown
    assert str(caller)[4:] not in shown + listed
