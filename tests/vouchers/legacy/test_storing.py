from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from vouchers.models import Profile, Voucher


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "lost"},
        {"status": "redeemed"},
        {"issued_at": "2098-01-01"},
        {"expires_at": "2025-10-11"},
        {"status": "void", "ended_at": "2098-01-01"},
        {"owner": 0},
    ],
)
@pytest.mark.django_db
def test_function__writes_no_other_voucher(facts: dict[str, Any]) -> None:
    owner = Profile.objects.create(msisdn="+250788111001")
    row = {
        "place": 0,
        "legacy_id": "1",
        "fingerprint": "00",
        "public_id": "00000000-0000-4000-8000-000000000001",
        "reference": "VX-1",
        "hmac": "00",
        "key_id": "k",
        "last4": "0000",
        "owner": owner.pk,
        "amount": 2000,
        "currency": "RWF",
        "status": "issued",
        "issued_at": "2025-10-10",
        "expires_at": "2099-01-01",
    }
    with (
        pytest.raises(IntegrityError, match="an imported voucher"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT * FROM voucher_import(%s::jsonb, %s)",
            [json.dumps([row | facts]), uuid.uuid4()],
        )
    assert not Voucher.objects.exists()
