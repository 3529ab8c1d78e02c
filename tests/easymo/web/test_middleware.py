from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from easymo.web.middleware import NoStoreMiddleware

if TYPE_CHECKING:
    from django.http import HttpRequest
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


@pytest.mark.parametrize(
    "own", [None, "private, max-age=86400", "public", "no-cache", "max-age=0, private"]
)
def test_no_store__whatever_a_page_says__holds(own: str | None) -> None:
    def page(_: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": own} if own else {})

    answer = NoStoreMiddleware(page)(RequestFactory().get("/"))

    assert answer.headers["Cache-Control"] == "no-store"
