from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from tests.backoffice import signed_in
from vouchers.models import Station

pytestmark = pytest.mark.django_db


def add(role: str, **given: str) -> Any:
    form = {"key": str(uuid4()), "code": "KIMIRONKO", "name": "Kimironko"}
    form |= {"reason": "a new one"} | given
    return signed_in(role).post(reverse("admin:vouchers_station_add_one"), form)


def test_add_station__superuser__is_saved_and_logged_with_the_reason() -> None:
    # When
    answer = add("superuser")

    # Then
    assert answer.status_code == 302
    station = Station.objects.get()
    assert (station.code, station.name) == ("KIMIRONKO", "Kimironko")
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.get_change_message()) == (
        str(station.pk),
        "Saved: a new one",
    )


def test_add_station__code_that_is_none__asks_again_and_saves_nothing() -> None:
    # When
    answer = add("superuser", code="?")

    # Then
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    assert not Station.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("role", ["support", "viewer"])
def test_add_station__role_without_people__is_refused(role: str) -> None:
    assert add(role).status_code in {302, 403}
    assert not Station.objects.exists()
