from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from easymo.backoffice import groups
from tests.backoffice import signed_in
from tests.vouchers import guards
from vouchers import tasks
from vouchers.models import Batch, Voucher

GOOD = b"msisdn,amount\n0788123456,5000\n0788123457,700\n"
LARGE = b"msisdn,amount\n0788123456,30000\n"
UPLOAD = "admin:vouchers_batch_upload"


def operator(name: str) -> Client:
    groups.sync()
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name="operator"))
    client = Client()
    client.force_login(user)
    return client


def upload(client: Client, content: bytes) -> Any:
    file = SimpleUploadedFile("may.csv", content)
    return client.post(reverse(UPLOAD), {"file": file, "reason": "May"})


def press(client: Client, button: str) -> Any:
    address = reverse(
        f"admin:vouchers_batch_{button}_one", args=[Batch.objects.get().pk]
    )
    return client.post(address, {"reason": "Right", "key": uuid4()})


def shown(client: Client, answer: Any) -> str:
    return client.get(answer.headers["Location"]).content.decode()


class _Context:
    @staticmethod
    def should_abort() -> bool:
        return False


def run_job() -> None:
    async_to_sync(tasks.issue_batches.func)(_Context())


@pytest.mark.django_db
def test_upload__wrong_line__names_it_and_keeps_nothing() -> None:
    answer = upload(operator("odette"), GOOD + b"0788,5\n")
    assert "Line 4, msisdn" in answer.content.decode()
    assert not Batch.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("group", ["viewer", "support"])
def test_upload__person_without_the_permission__is_refused(group: str) -> None:
    groups.sync()
    user = User.objects.create_user("new", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    assert upload(client, GOOD).status_code == 403


def test_batch__confirmed__is_issued_by_the_job(committed_db: str) -> None:
    client = operator("odette")
    answer = upload(client, GOOD)
    assert Batch.objects.get().state == "checked"
    assert "+250788123456" in shown(client, answer)
    assert "788123456" not in shown(signed_in("viewer"), answer)
    press(client, "confirm")
    guards.open_in_database("SELECT false")
    run_job()
    assert not Voucher.objects.exists()
    guards.open_in_database("SELECT true")
    run_job()
    assert Voucher.objects.count() == 2
    assert Batch.objects.get().state == "done"


def test_batch__above_the_limit__is_approved_by_another(committed_db: str) -> None:
    first = operator("odette")
    upload(first, LARGE)
    press(first, "confirm")
    assert "uploaded it" in press(first, "approve").content.decode()
    run_job()
    assert not Voucher.objects.exists()
    second = operator("pascal")
    press(second, "approve")
    run_job()
    assert Voucher.objects.get().status == "issued"
    assert press(second, "cancel").status_code == 200
    assert Batch.objects.get().state == "done"
