from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from asgiref.sync import async_to_sync

from agents import tasks
from tests.agents.cast import make_cast
from vouchers.actors import Actor
from vouchers.models import Checkpoint, Verification
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper


@pytest.mark.usefixtures("committed_db")
def test_task__each_run__writes_the_copy_and_checks_everything(
    settings: SettingsWrapper, tmp_path: Path
) -> None:
    settings.AUDIT_CHECKPOINT_DIR = str(tmp_path / "new")
    settings.VOUCHER_GUARD = "tests.vouchers.guards.open_to_all"
    cast = make_cast()
    issue_voucher(
        customer=cast.aline.profile,
        amount=Money(100, "RWF"),
        actor=Actor.of_profile(cast.diane.profile, channel="whatsapp"),
        key="test:1",
    )

    async_to_sync(tasks.audit.func)(timestamp=0)

    (path,) = (tmp_path / "new").iterdir()
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["document"] == Checkpoint.objects.get().document
    assert Verification.objects.get().finished_at is not None
