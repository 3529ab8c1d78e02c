"""The page of campaigns: begin, see what is left, stop."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.backoffice import signed_in
from tests.vouchers.admin.test_batch import press, run_job, shown
from vouchers.models import Batch, Campaign

if TYPE_CHECKING:
    from django.test import Client

LIST = "/admin/vouchers/campaign/"


def begin(client: Client, **given: Any) -> Any:
    today = timezone.localdate()
    data = {
        "key": uuid4(),
        "reason": "Christmas",
        "name": "December",
        "budget": 6_000,
        "currency": "RWF",
        "first_day": today,
        "last_day": today + timedelta(days=5),
    }
    return client.post(reverse("admin:vouchers_campaign_add_one"), data | given)


def test_campaign__operator__begins_issues_sees_what_is_left_and_stops(
    committed_db: str,
) -> None:
    # Given
    client = signed_in("operator")
    assert "A campaign is a budget" in client.get(LIST).content.decode()
    assert begin(client).status_code == 302
    campaign = Campaign.objects.get()

    # When: a spreadsheet of this campaign
    file = SimpleUploadedFile("may.csv", b"msisdn,amount\n0788123456,5000\n")
    sent = {"file": file, "reason": "May", "campaign": campaign.pk}
    client.post(reverse("admin:vouchers_batch_upload"), sent)
    press(client, "confirm")
    run_job()

    # Then
    assert Batch.objects.get().campaign == campaign
    listed = client.get(LIST).content.decode()
    for text in ("RWF 6,000", "RWF 5,000", "RWF 1,000", "Running"):
        assert text in listed
    own = reverse("admin:vouchers_campaign_change", args=[campaign.pk])
    assert "1 · RWF 5,000" in client.get(own).content.decode()

    # When
    stop = reverse("admin:vouchers_campaign_stop_one", args=[campaign.pk])
    answer = client.post(stop, {"key": uuid4(), "reason": "Fraud"})

    # Then
    assert "Stopped" in shown(client, answer)
    refused = client.post(stop, {"key": uuid4(), "reason": "Fraud"})
    assert "stopped already" in refused.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given",
    [
        {"budget": 0},
        {"budget": "1e4"},
        {"budget": 10**20},
        {"name": ""},
        {"last_day": "2020-01-01"},
        {"currency": "USD"},
        {"reason": " "},
    ],
    ids=str,
)
def test_campaign__wrong_form__is_asked_again(given: dict[str, Any]) -> None:
    assert begin(signed_in("operator"), **given).status_code == 200
    assert not Campaign.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["viewer", "support"])
def test_campaign__without_the_permission__is_read_only(role: str) -> None:
    client = signed_in(role)
    assert begin(client).status_code == 403
    assert client.get(LIST).status_code == 200
    assert not Campaign.objects.exists()


@pytest.mark.django_db
def test_campaigns__many__the_same_queries() -> None:
    client = signed_in("operator")
    begin(client)
    client.get(LIST)
    with CaptureQueriesContext(connection) as few:
        client.get(LIST)
    for number in range(5):
        begin(client, name=f"Campaign {chr(97 + number)}")
    with CaptureQueriesContext(connection) as many:
        client.get(LIST)
    assert len(many) <= len(few)
