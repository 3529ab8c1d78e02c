"""Forged requests, open redirects, other hosts, and what every page says of itself."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.backoffice import create_records, signed_in
from vouchers.models import VoucherEvent

pytestmark = pytest.mark.django_db


def test_action__without_the_csrf_token__403_and_nothing_done() -> None:
    # Given
    records = create_records()
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(User.objects.create_superuser("the-boss", password=None))
    before = VoucherEvent.objects.count()

    # When
    answers = [
        forged.post(
            reverse(
                "admin:vouchers_voucher_void_one", args=[records.issued.voucher.pk]
            ),
            {"key": uuid.uuid4(), "reason": "forged"},
        ),
        forged.post(
            reverse("admin:agents_handoff_answer_one", args=[records.hand_off.pk]),
            {"key": uuid.uuid4(), "reason": "forged", "text": "forged"},
        ),
        forged.post(reverse("admin:rollout_agentflag_kill_all"), {"reason": "forged"}),
    ]

    # Then
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert VoucherEvent.objects.count() == before


@pytest.mark.parametrize("onward", ["//evil.example", "https:evil", "/\\evil.example"])
def test_login__next_to_another_house__is_not_followed(onward: str) -> None:
    # Given
    User.objects.create_user("odette", password="a long enough one", is_staff=True)

    # When
    answer = Client().post(
        f"/admin/login/?next={onward}",
        {"username": "odette", "password": "a long enough one", "next": onward},
        REMOTE_ADDR="127.0.0.1",
    )

    # Then
    assert answer.status_code == 302
    assert answer["Location"].startswith("/")
    assert "evil" not in answer["Location"]


def test_host__another_or_forwarded__refused_or_ignored() -> None:
    # When
    other = Client(raise_request_exception=False).get(
        "/admin/login/", headers={"host": "evil.example"}
    )
    forwarded = Client().get(
        "/admin/login/", headers={"x-forwarded-host": "evil.example"}
    )

    # Then
    assert other.status_code == 400
    assert forwarded.status_code == 200
    assert "evil.example" not in forwarded.content.decode()


def test_pages__headers__no_frame_no_sniffing_no_cache() -> None:
    # When
    page = signed_in("viewer").get("/admin/vouchers/voucher/")

    # Then
    # Unfold asks for SAMEORIGIN; the policy below is stricter, and comes first.
    assert page["X-Frame-Options"] in {"DENY", "SAMEORIGIN"}
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Referrer-Policy"] == "same-origin"
    assert "no-store" in page["Cache-Control"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
