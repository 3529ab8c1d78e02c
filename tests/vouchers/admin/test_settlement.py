from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.backoffice import ROLES, signed_in
from vouchers.actors import Actor
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from vouchers.models import Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db
DAYS = {"first": "2026-01-01", "last": "2026-12-31"}


@pytest.fixture
def redeemed(issued: Issued, kimironko: Station, key: Callable[[], str]) -> Issued:
    redeem_voucher(
        code=issued.code, station=kimironko, actor=Actor.system("tests"), key=key()
    )
    return issued


@pytest.mark.parametrize("role", ROLES)
def test_page__each_role__shows_what_is_owed(redeemed: Issued, role: str) -> None:
    at = redeemed.voucher.created_at
    days = {"first": f"{at.year}-01-01", "last": f"{at.year}-12-31"}
    answer = signed_in(role).get(reverse("settlement"), days)
    assert answer.status_code == 200
    assert "<b>RWF 10,000</b>" in answer.content.decode()


def test_page__person_without_the_permission__is_refused(client: Client) -> None:
    client.force_login(User.objects.create_user("new", is_staff=True))
    assert client.get(reverse("settlement")).status_code == 403
    client.logout()
    assert client.get(reverse("settlement")).status_code == 302


@pytest.mark.parametrize(
    ("kind", "station", "content_type"),
    [
        ("csv", "", "text/csv; charset=utf-8"),
        ("pdf", "KIMIRONKO", "application/pdf"),
        ("pdf", "", None),
        ("exe", "", None),
    ],
)
def test_page__asked_for_a_file__answers_with_it_or_refuses(
    redeemed: Issued, kind: str, station: str, content_type: str | None
) -> None:
    asked = {**DAYS, "station": station, "format": kind}
    answer = signed_in("viewer").get(reverse("settlement"), asked)
    if content_type is None:
        assert answer.status_code == 400
    else:
        assert answer.headers["Content-Type"] == content_type
        assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "asked",
    [
        {"first": "x", "last": "2026-01-01"},
        {"first": "2026-02-01", "last": "2026-01-01"},
        {"first": "1900-01-01", "last": "2026-01-01"},
        {**DAYS, "station": "NONE"},
    ],
)
def test_page__wrong_days_or_station__says_so(db: None, asked: dict[str, str]) -> None:
    answer = signed_in("viewer").get(reverse("settlement"), asked | {"format": "csv"})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
