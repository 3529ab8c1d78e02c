"""A token learns of twenty unknown numbers or codes an hour, by whatever function."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from rollout.core.features import Feature
from rollout.flags import cohorts, flags
from rollout.models import Cohort
from tests.agents.api.conftest import ALINE, UNKNOWN, Api, forget_rates, token
from vouchers.codes import new_code

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 20
_numbers = count()


def unknown() -> str:
    return f"+2507881{next(_numbers):05}"


def tool_event(api: Api, name: str, arguments: dict[str, Any]) -> Any:
    event = {
        "type": "call_tool",
        "event_id": "e",
        "call_id": f"call-{next(_numbers)}",
        "name": name,
        "arguments": json.dumps(arguments),
    }
    body = api.call("realtime-webhook", event).json()
    return json.loads(body["output"])


# Every way in which a token can name a number.
NAMING: dict[str, Callable[[Api, str], Any]] = {
    "lookup": lambda api, number: api.lookup(number).json(),
    "create": lambda api, number: api.create(customer_msisdn=number).json(),
    "redeem by code": lambda api, number: api.redeem(
        customer_msisdn=number, code=new_code().digits
    ).json(),
    "redeem by id": lambda api, number: api.redeem(
        customer_msisdn=number, voucher_id="7d444840-9dc0-11d1-b245-5ffdce74fad2"
    ).json(),
    "tool event lookup": lambda api, number: tool_event(
        api, "lookup_customer", {"msisdn": number}
    ),
    "tool event create": lambda api, number: tool_event(
        api, "create_voucher", {"customer_msisdn": number, "amount": 5_000}
    ),
}


def on_for_everyone() -> None:
    _switch()


def on_for_half() -> None:
    _switch(percent=50)


def on_for_a_cohort() -> None:
    if not Cohort.objects.filter(name="beta").exists():
        cohorts.make_cohort(name="beta")
    _switch(cohorts=["beta"])


def _switch(**how: Any) -> None:
    flags.set_features(
        {Feature.VOUCHERS: True, Feature.CUSTOMER_LOOKUP: True},
        actor="test",
        reason="for some",
        source="command",
        **how,
    )


EXPOSURES = (on_for_everyone, on_for_half, on_for_a_cohort)


@pytest.mark.parametrize("way", NAMING)
def test_unknown_numbers__any_function_and_exposure__locked_after_twenty(
    api: Api, way: str
) -> None:
    """The exposures take turns: one that did not count would leave the way open.

    Each of them is the last one of two ways.
    """
    # Given
    first = list(NAMING).index(way) % len(EXPOSURES)
    exposures = [*EXPOSURES[first:], *EXPOSURES[:first]]
    answers = []
    for exposure, times in zip(exposures, (7, 7, LIMIT - 14), strict=True):
        exposure()
        for _ in range(times):
            answers.append(NAMING[way](api, unknown()).get("code"))
            forget_rates()

    # When
    after = NAMING[way](api, unknown())

    # Then
    assert "locked" not in answers
    assert after["code"] == "locked"
    assert 3_500 < after["retry_after"] <= 3_600

    # Then: the lock does not tell known numbers from unknown ones, nor by another function
    for other in NAMING.values():
        assert {other(api, number)["code"] for number in (ALINE, UNKNOWN)} == {"locked"}


def test_unknown_numbers__feature_off_for_all__refused_and_not_counted(
    api: Api, switch: Callable[..., None]
) -> None:
    switch(customer_lookup=False)
    for _ in range(LIMIT + 1):
        assert api.lookup(unknown()).json()["code"] == "feature_disabled"
    switch(customer_lookup=True)

    assert api.lookup(ALINE).json()["exists"]


def test_known_numbers__out_of_the_cohort__are_not_counted(api: Api) -> None:
    on_for_a_cohort()
    for _ in range(LIMIT + 5):
        assert api.lookup(ALINE).json()["code"] == "feature_disabled"


def test_wrong_codes_and_unknown_numbers__one_limit(api: Api) -> None:
    # Given: nine codes, one less than lock codes by themselves
    for _ in range(9):
        answer = api.redeem(code=new_code().digits).json()
        assert answer["code"] == "voucher_not_found"
        forget_rates()
    for _ in range(11):
        assert api.lookup(unknown()).json()["exists"] is False

    # Then
    assert api.lookup(unknown()).json()["code"] == "locked"
    assert api.redeem(code=new_code().digits).json()["code"] == "locked"


def test_lock__one_token__another_one_is_served(api: Api) -> None:
    for _ in range(LIMIT + 1):
        api.lookup(unknown())
    other = token("lookup")

    assert api.lookup(ALINE).json()["code"] == "locked"
    answer = api.call("lookup-customer", {"msisdn": ALINE}, secret=other)
    assert answer.json()["exists"]


def test_customer_rate__used_up_by_one_token__another_one_is_served(api: Api) -> None:
    # Given
    other = token("lookup")
    statuses = [api.lookup(ALINE).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]

    # When
    answers = [
        api.call("lookup-customer", {"msisdn": ALINE}, secret=other).status_code
        for _ in range(11)
    ]

    # Then
    assert answers == [200] * 10 + [429]


def test_replay__while_locked__first_answer(api: Api) -> None:
    first = api.create(key="k").json()
    for _ in range(LIMIT + 1):
        api.lookup(unknown())

    assert api.create(key="k").json() == first
