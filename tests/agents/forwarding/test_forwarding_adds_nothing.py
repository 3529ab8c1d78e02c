"""The webhook's answer does not depend on a previous workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.models import ForwardedItem
from tests import payloads

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db


def statements(client: Client) -> list[str]:
    body = payloads.webhook(payloads.text("hello", sender="+250788111222"))
    headers = payloads.signed(body)
    with CaptureQueriesContext(connection) as captured:
        answer = client.post(
            payloads.URL, body, content_type="application/json", headers=headers
        )
    assert answer.status_code == 200
    return [query["sql"].split("VALUES")[0][:60] for query in captured]


def test_post__previous_workflow_set_up__same_statements(
    whatsapp: SettingsWrapper,
) -> None:
    # Given
    client = Client()
    statements(client)
    without = statements(client)

    # When: no server listens there
    whatsapp.LEGACY_WEBHOOK_URL = "http://127.0.0.1:9/hook"
    with_it = statements(client)

    # Then
    assert with_it == without
    assert ForwardedItem.objects.count() == 0
