"""The checks run in a fixed order: the first of two faults is answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agents.api import views
from agents.core import call_rate
from tests.agents.api.conftest import ALINE, UNKNOWN, path, token, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.agents.api.conftest import Api

HUGE = b'{"x": "' + b"x" * 70_000 + b'"}'


def send(api: Api, body: bytes, content_type: str, secret: str | None) -> Any:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return api.client.post(
        path("create-voucher"), body, content_type=content_type, headers=headers
    )


def test_order__two_faults__first_is_answered(
    api: Api, switch: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup_only, able = token("lookup", name="a"), token(name="b")
    good = json.dumps({"customer_msisdn": ALINE, "amount": 5}).encode()
    switch(vouchers=False)
    before = written()

    # 405 before all else
    put = api.client.put(path("create-voucher"), HUGE, content_type="text/plain")
    assert put.status_code == 405
    # 410 before 413
    monkeypatch.setattr(views, "functions_are_removed", lambda: True)
    gone = send(api, HUGE, "text/plain", None)
    assert (gone.status_code, gone.json()["code"]) == (410, "removed")
    monkeypatch.undo()
    # 413 before 415, 415 before 401, 401 before 403, scope before 400
    assert send(api, HUGE, "text/plain", None).status_code == 413
    assert send(api, b"{", "text/plain", None).status_code == 415
    assert send(api, b"{", "application/json", None).status_code == 401
    scope = send(api, b"{", "application/json", lookup_only)
    assert (scope.status_code, scope.json()["code"]) == (403, "forbidden")
    # 400 before the feature
    assert send(api, b"{", "application/json", able).status_code == 400
    disabled = send(api, good, "application/json", able)
    assert (disabled.status_code, disabled.json()["code"]) == (403, "feature_disabled")
    assert written() == before


def test_order__feature_before_key_and_key_before_rate(
    api: Api, switch: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.create(key="k").json()["success"]
    monkeypatch.setattr(call_rate, "take", lambda *_, **__: 7)
    # The key before the rate, the rate before the rule.
    assert api.create(key="k")["Idempotent-Replayed"] == "true"
    assert api.create(6_000, key="k").status_code == 422
    limited = api.create(50_001)
    assert (limited.status_code, limited["Retry-After"]) == (429, "7")
    # The feature before the key.
    switch(vouchers=False)
    assert api.create(6_000, key="k").status_code == 403


def test_disabled__for_one_customer__others_are_served(
    api: Api, switch: Callable[..., None]
) -> None:
    from rollout.core.features import Feature
    from rollout.flags import cohorts, flags

    voucher_id = api.issued()["voucher_id"]
    cohorts.make_cohort(name="beta")
    cohorts.add_member(cohort_name="beta", subject=str(api.bosco.public_id), by="test")
    flags.set_features(
        {Feature.VOUCHERS: True, Feature.CUSTOMER_LOOKUP: True},
        actor="test",
        reason="beta",
        source="command",
        cohorts=["beta"],
    )
    before = written()

    refused = [
        api.create(),
        api.redeem(voucher_id=voucher_id),
        api.void(voucher_id),
        api.lookup(ALINE),
        api.lookup(UNKNOWN),
    ]

    assert [answer.json()["code"] for answer in refused] == ["feature_disabled"] * 5
    assert written() == before
    assert api.create(customer_msisdn="+250788000012").json()["success"]


def test_token_rate__121st_call__429(api: Api) -> None:
    subject = f"token:{_token_id()}"
    for _ in range(120):
        assert call_rate.take(subject, limit=120) is None
    answer = api.create()
    assert answer.status_code == 429
    assert answer.json()["code"] == "rate_limited"
    assert int(answer["Retry-After"]) > 0


def _token_id() -> int:
    from agents.models import ApiToken

    return ApiToken.objects.get(name="caller").pk


@pytest.mark.parametrize("name", ["create-voucher", "realtime-webhook"])
def test_removed__tool_events_too__health_stays(
    api: Api, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(views, "functions_are_removed", lambda: True)
    assert api.call(name, {}).status_code == 410
    assert api.client.get(path(name)).status_code == 200


def test_answer__voucher_code__is_not_stored_by_caches(api: Api) -> None:
    answer = api.create()
    assert answer.json()["code"]
    assert answer["Cache-Control"] == "no-store"


def test_correlation_id__taken_and_answered(api: Api) -> None:
    given = "6f1c1f3e-8f5b-4b0b-9a57-0f7f6b0f6d11"
    answer = api.call("create-voucher", {}, **{"X-Correlation-ID": given})
    assert answer["X-Correlation-ID"] == given
    assert answer.json()["correlation_id"] == given


def test_accept_header__whatever_it_says__json(api: Api) -> None:
    answer = api.call("create-voucher", {}, Accept="text/html")
    assert answer["Content-Type"] == "application/json"
    assert answer.status_code == 400
