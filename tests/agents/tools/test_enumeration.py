"""A person in chat learns of twenty unknown numbers and references an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agents.language import texts
from agents.models import ToolRate
from tests.agents.tools.conftest import Cast, call, defaults, written

if TYPE_CHECKING:
    from agents.tools.base import ToolResult

LIMIT = 20
WAYS: dict[str, dict[str, Any]] = {
    "lookup_customer": {"msisdn": ""},
    "create_voucher": {"customer_msisdn": "", "amount": 5_000},
}


def name_number(cast: Cast, tool: str, number: str, role: str) -> ToolResult:
    arguments = {
        key: number if "msisdn" in key else value for key, value in WAYS[tool].items()
    }
    # A minute has passed.
    ToolRate.objects.all().delete()
    return call(getattr(cast, role), tool, **arguments)


@pytest.mark.parametrize(
    ("tool", "role"),
    [
        ("lookup_customer", "diane"),
        ("lookup_customer", "emile"),
        ("create_voucher", "diane"),
    ],
)
def test_unknown_numbers__any_tool_and_role__locked_after_twenty(
    cast: Cast, tool: str, role: str
) -> None:
    # Given
    codes = [
        name_number(cast, tool, f"+2507881000{last:02}", role).code
        for last in range(LIMIT)
    ]
    assert "locked" not in codes
    before = written()

    # When
    unknown = name_number(cast, tool, "+250788100099", role)
    known = name_number(cast, tool, str(cast.aline.msisdn), role)

    # Then
    assert (unknown.code, known.code) == ("locked", "locked")
    assert "unknown numbers" in unknown.payload["display"]
    assert written() == before


@pytest.mark.parametrize("language", ["en", "fr", "rw", "sw"])
def test_locked__each_language__names_the_minutes(language: str) -> None:
    assert "60" in texts.render("refused.locked", language, minutes=60)


def test_known_numbers__any_number_of_them__are_not_counted(cast: Cast) -> None:
    for _ in range(LIMIT + 1):
        number = str(cast.aline.msisdn)
        assert name_number(cast, "lookup_customer", number, "diane").succeeded


# The tools that take a reference, and the people who may use each.
REFERENCE_WAYS = [
    ("lookup_customer", "diane"),
    ("lookup_customer", "emile"),
    ("redeem_voucher", "aline"),
    ("redeem_voucher", "diane"),
    ("void_voucher", "diane"),
    ("void_voucher", "emile"),
]


def name_reference(cast: Cast, tool: str, reference: str, role: str) -> ToolResult:
    ToolRate.objects.all().delete()
    values = {"station": "Kimironko", "reason": "a test"}
    arguments = {key: values[key] for key in defaults(tool) if key in values}
    return call(getattr(cast, role), tool, **arguments, voucher=reference)


@pytest.mark.parametrize("of_another", [False, True])
@pytest.mark.parametrize(("tool", "role"), REFERENCE_WAYS)
def test_unknown_references__any_tool_and_role__locked_after_twenty(
    cast: Cast, tool: str, role: str, of_another: bool
) -> None:
    # Given
    if of_another and role != "aline":
        pytest.skip("colleagues may name any voucher")
    another = cast.issue(cast.bosco).voucher.reference if of_another else ""
    known = cast.issue(cast.aline).voucher.reference
    codes = [
        name_reference(cast, tool, another or f"V7-AAAA-{last:02}", role).code
        for last in range(LIMIT)
    ]
    assert set(codes) == {"voucher_not_found"}
    before = written()

    # When
    refused = [
        name_reference(cast, tool, reference, role).code
        for reference in (another or "V7-AAAA-99", known)
    ]

    # Then
    assert refused == ["locked", "locked"]
    assert written() == before


def test_unknown_numbers_and_references__are_one_limit(cast: Cast) -> None:
    for last in range(LIMIT // 2):
        name_number(cast, "lookup_customer", f"+2507881000{last:02}", "diane")
        name_reference(cast, "void_voucher", f"V7-AAAA-{last:02}", "diane")

    found = name_reference(cast, "lookup_customer", "V7-AAAA-99", "diane")

    assert found.code == "locked"


def test_known_references__any_number_of_them__are_not_counted(cast: Cast) -> None:
    reference = cast.issue(cast.aline).voucher.reference
    for _ in range(LIMIT + 1):
        found = name_reference(cast, "lookup_customer", reference, "diane")
        assert found.succeeded
