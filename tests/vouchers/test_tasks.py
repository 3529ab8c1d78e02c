from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync

from vouchers import tasks
from vouchers.models import Envelope
from vouchers.services import periodic

if TYPE_CHECKING:
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.mark.parametrize("task", [tasks.expire, tasks.expire_all])
def test_expire__due__expires_in_batches(
    issued: Issued, expired: Issued, task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(periodic, "PAGE", 1)
    async_to_sync(task.func)(timestamp=0)
    expired.voucher.refresh_from_db()
    issued.voucher.refresh_from_db()
    assert (expired.voucher.status, issued.voucher.status) == ("expired", "issued")


def test_purge__nothing_old__keeps_envelopes(issued: Issued) -> None:
    async_to_sync(tasks.purge_envelopes.func)(timestamp=0)
    assert Envelope.objects.count() == 1
