from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from agents.models import ToolCall
from agents.services.turns.checks import facts_of
from agents.services.turns.work import Work


def result_of(**told: Any) -> ToolCall:
    return ToolCall(name="list_vouchers", result=told)


def work(*said: str) -> Work:
    """Return a turn in which the person said this, and nothing else."""
    known = dict.fromkeys((one.name for one in fields(Work)), None)
    return cast("Work", SimpleNamespace(**known | {"said": said}))


def test_facts_of__results_of_tools__known_by_their_names_at_any_depth() -> None:
    # Given
    vouchers = [
        {"reference": "VN-AAAA-11", "status": "issued", "amount": "5000"},
        {"reference": "VN-BBBB-22", "status": "unheard of", "amount": "RWF 700"},
    ]
    listed = result_of(vouchers=vouchers, count=7)
    limited = result_of(code="rate_limited", seconds=55, limit={"amount": 20_000})

    # When
    found = facts_of([listed, limited], work("one", "two"))

    # Then
    assert found.statuses == {"issued"}
    assert found.amounts == {Decimal(5_000), Decimal(20_000)}
    assert found.references == {"VN-AAAA-11", "VN-BBBB-22"}
    assert found.own_text == "one\ntwo"
