from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from agents.api.tokens import create_token
from agents.models import IdempotentCall, ToolRate
from vouchers.models import Profile, Refusal, Station, Voucher, VoucherEvent
from vouchers.services.profiles import add_station, create_or_change_profile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


ALL = ("lookup", "create", "redeem", "void")
ALINE = "+250788000011"
BOSCO = "+250788000012"
UNKNOWN = "+250788000099"


def path(function: str) -> str:
    return f"/functions/v1/ai-{function}"


@dataclass
class Api:
    """A caller with a token, and the people it names."""

    aline: Profile
    bosco: Profile
    kimironko: Station
    nyabugogo: Station
    secret: str
    client: Client = field(default_factory=Client)

    def call(
        self,
        function: str,
        body: Any,
        *,
        key: str | None = None,
        secret: str | None = None,
        **headers: str,
    ) -> Any:
        """POST a body, JSON unless it is bytes."""
        sent = {"Authorization": f"Bearer {secret or self.secret}", **headers}
        if key is not None:
            sent["Idempotency-Key"] = key
        return self.client.post(
            path(function),
            body if isinstance(body, bytes) else json.dumps(body),
            content_type="application/json",
            headers=sent,
        )

    def create(
        self, amount: Any = 5_000, *, key: str | None = None, **more: Any
    ) -> Any:
        body = {"customer_msisdn": ALINE, "amount": amount, **more}
        return self.call("create-voucher", body, key=key)

    def issued(self, amount: int = 5_000) -> dict[str, Any]:
        answer = self.create(amount).json()
        assert answer["success"], answer
        return answer

    def redeem(self, *, key: str | None = None, **body: Any) -> Any:
        given = {"customer_msisdn": ALINE, "station": "KIMIRONKO", **body}
        return self.call("redeem-voucher", given, key=key)

    def void(self, voucher_id: str, **more: Any) -> Any:
        return self.call("void-voucher", {"voucher_id": voucher_id, **more})

    def lookup(self, msisdn: Any) -> Any:
        return self.call("lookup-customer", {"msisdn": msisdn})


def token(*scopes: str, name: str = "other", station: str | None = None) -> str:
    """Return the secret of a token."""
    return create_token(name=name, scopes=scopes or ALL, station=station, actor="test")[
        1
    ]


def forget_rates(prefix: str = "") -> None:
    """Let a minute pass."""
    ToolRate.objects.filter(subject__startswith=prefix).delete()


def written() -> tuple[object, ...]:
    """Return all that a refused call may not change, but its audit row."""
    return (
        list(Voucher.objects.order_by("id").values_list("id", "status", "seq")),
        VoucherEvent.objects.count(),
        IdempotentCall.objects.count(),
    )


def refusals() -> Sequence[tuple[str, str]]:
    return list(Refusal.objects.order_by("id").values_list("operation", "reason"))


def people() -> dict[str, Any]:
    add_station(code="KIMIRONKO", name="Kimironko")
    add_station(code="NYABUGOGO", name="Nyabugogo Road")
    return {
        "aline": create_or_change_profile(msisdn=ALINE, name="Aline"),
        "bosco": create_or_change_profile(msisdn=BOSCO, name="Bosco"),
        "kimironko": Station.objects.get(code="KIMIRONKO"),
        "nyabugogo": Station.objects.get(code="NYABUGOGO"),
    }


@pytest.fixture
def api(db: None, switch: Callable[..., None]) -> Api:
    switch(vouchers=True, customer_lookup=True)
    return Api(**people(), secret=token(name="caller"))


@pytest.fixture
def committed_api(committed_db: str, switch: Callable[..., None]) -> Api:
    """Return the same where every thread sees what is committed."""
    switch(vouchers=True, customer_lookup=True)
    return Api(**people(), secret=token(name="caller"))
