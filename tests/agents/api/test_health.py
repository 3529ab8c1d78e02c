from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.inbound import endpoint
from rollout.core.features import Feature

if TYPE_CHECKING:
    from django.test import Client

FUNCTIONS = {
    "ai-whatsapp-webhook": Feature.CHAT,
    "ai-realtime-webhook": Feature.VOICE,
    "ai-lookup-customer": Feature.CUSTOMER_LOOKUP,
    "ai-create-voucher": Feature.VOUCHERS,
    "ai-redeem-voucher": Feature.VOUCHERS,
    "ai-void-voucher": Feature.VOUCHERS,
}


@pytest.mark.parametrize(("function", "feature"), FUNCTIONS.items())
@pytest.mark.parametrize("enabled", [True, False])
def test_get__anyone__tells_whether_its_feature_is_on(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    feature: Feature,
    enabled: bool,
) -> None:
    # Given
    monkeypatch.setattr(
        endpoint, "is_on_for_anyone", lambda asked: (asked == feature) is enabled
    )

    # When
    answer = client.get(f"/functions/v1/{function}")

    # Then
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == {"function": function, "enabled": enabled}


@pytest.mark.parametrize(
    "function", [name for name in FUNCTIONS if "whats" not in name]
)
@pytest.mark.parametrize(
    "method", ["put", "patch", "delete", "options", "trace", "head_override"]
)
def test_other_method__refused_as_json(
    client: Client, function: str, method: str
) -> None:
    # When
    url = f"/functions/v1/{function}"
    if method == "head_override":
        given = {"X-HTTP-Method-Override": "POST", "Origin": "https://evil.example"}
        answer = client.put(url, headers=given)
    else:
        answer = getattr(client, method)(
            url, headers={"Origin": "https://evil.example"}
        )

    # Then
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD, POST"
    assert "Access-Control-Allow-Origin" not in answer
    assert answer.json() == {
        "success": False,
        "error": "This function does not take that method.",
        "code": "method_not_allowed",
        "correlation_id": answer["X-Correlation-ID"],
    }
