from __future__ import annotations

import pytest

from tests.agents.inbound.wsgi_client import WsgiClient


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "host", "status", "code"),
    [
        ("/functions/v1/ai-lookup-customer/", "localhost", 404, "not_found"),
        ("/functions/v1/ai-lookup-customer", "elsewhere", 400, "invalid_request"),
    ],
)
def test_functions__address_or_host_not_ours__refused_as_json(
    address: str, host: str, status: int, code: str
) -> None:
    answer = WsgiClient(HTTP_HOST=host).post(address, b"{}")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["correlation_id"] == answer["X-Correlation-ID"]
    page = WsgiClient(HTTP_HOST=host).request("GET", "/nothing")
    assert page["Content-Type"].startswith("text/html")
