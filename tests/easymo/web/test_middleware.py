from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

POLICY = "Content-Security-Policy"


@pytest.mark.django_db
def test_policy__admin__may_evaluate_and_nothing_else_may(client: Client) -> None:
    landing, admin = client.get("/"), client.get("/admin/login/")

    assert "unsafe" not in landing.headers[POLICY]
    assert "default-src 'none'" in landing.headers[POLICY]
    assert "'unsafe-eval'" in admin.headers[POLICY]
    assert "frame-ancestors 'none'" in admin.headers[POLICY]


@pytest.mark.django_db
def test_headers__every_page__keep_others_out(client: Client) -> None:
    answer = client.get("/")

    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
