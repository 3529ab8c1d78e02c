from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from vouchers.models import Envelope
from vouchers.services import envelopes

if TYPE_CHECKING:
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db


def test_envelope__after_a_day__is_not_read_and_is_purged(issued: Issued) -> None:
    # Given
    assert envelopes.purge() == 0
    envelope = Envelope.objects.get()
    envelope.expires_at -= timedelta(days=1)
    envelope.save(update_fields=["expires_at"])

    # Then
    assert envelopes.read(issued.voucher) is None
    assert envelopes.purge() == 1
    assert not Envelope.objects.exists()
