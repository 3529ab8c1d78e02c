"""The tools decide about the sentences of the corpus, after a model called them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from agents.core import call_rate
from agents.tools import registry
from tests.agents.tools.conftest import Cast, context_of
from tests.agents.tools.plain_request_corpus import (
    NUMBER,
    Sentence,
    must_act,
    must_not_act,
)
from vouchers.models import Voucher, VoucherEvent

if TYPE_CHECKING:
    from agents.tools.base import ToolResult
    from vouchers.models import Profile
    from vouchers.services.issue import Issued

KINDS = sorted({sentence.kind for sentence in must_not_act()})
LANGUAGES = ("en", "fr", "rw", "sw")


@pytest.fixture(autouse=True)
def _no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_rate, "limit_for", lambda _: 100_000)


def model_calls(
    profile: Profile, tool: str, written: str, *, split: bool = False
) -> ToolResult:
    """Return the result of the tool that a model called for these words."""
    texts = written.splitlines() if split else [written]
    arguments = {
        "create_voucher": {"customer_msisdn": NUMBER, "amount": 5_000},
        "redeem_voucher": {"voucher": "[code 1]", "station": "Kimironko"},
    }
    return registry.execute(tool, arguments[tool], context_of(profile, *texts))


def people(cast: Cast, tool: str) -> list[Profile]:
    return [cast.diane] if tool == "create_voucher" else [cast.diane, cast.claudine]


def digits(issued: Issued) -> str:
    assert issued.code
    return issued.code.digits


def test_corpus__size_and_spread__cover_kinds_operations_and_languages() -> None:
    refused = Counter(
        (sentence.kind, sentence.language, operation)
        for sentence in must_not_act()
        for operation in sentence.operations
    )
    operations = ("create_voucher", "redeem_voucher")

    assert refused.total() >= 400
    assert len(must_act()) >= 80
    for kind in KINDS:
        for language in LANGUAGES:
            assert all(refused[kind, language, tool] for tool in operations), kind


@pytest.mark.parametrize("kind", KINDS)
def test_tools__words_that_request_nothing__act_never(cast: Cast, kind: str) -> None:
    # Given
    code = digits(cast.issue(cast.aline, 5_000))
    events = VoucherEvent.objects.count()
    acted = []

    # When
    for sentence in (one for one in must_not_act() if one.kind == kind):
        for tool in sentence.operations:
            for person in people(cast, tool):
                result = model_calls(person, tool, sentence.written(code), split=True)
                if result.pending is None:
                    acted.append((tool, sentence.text, result.code))

    # Then
    assert acted == []
    assert VoucherEvent.objects.count() == events


@pytest.mark.parametrize("language", LANGUAGES)
def test_tools__plain_requests__act_without_a_button(
    cast: Cast, language: str, settings: object
) -> None:
    # Given
    settings.VOUCHER_ISSUER_DAILY = 10_000_000  # type: ignore[attr-defined]
    settings.VOUCHER_CUSTOMER_DAILY = 10_000_000  # type: ignore[attr-defined]
    asked = []

    # When
    for sentence in (one for one in must_act() if one.language == language):
        for tool in sentence.operations:
            for person in people(cast, tool):
                code = digits(cast.issue(cast.aline, 5_000))
                result = model_calls(person, tool, sentence.written(code))
                if not result.succeeded:
                    asked.append((tool, sentence.text, result.code))

    # Then
    assert asked == []


@pytest.mark.parametrize("sentence", must_act()[::9], ids=lambda one: one.text[:40])
def test_tools__other_operation_than_requested__acts_never(
    cast: Cast, sentence: Sentence
) -> None:
    """A model that calls the other tool, with values that the text has."""
    # Given
    code = digits(cast.issue(cast.aline, 5_000))
    written = f"{sentence.written(code)}\n{NUMBER} 5000 {code}"
    [asked] = sentence.operations
    other = {"create_voucher": "redeem_voucher", "redeem_voucher": "create_voucher"}

    # When
    alone = model_calls(cast.diane, other[asked], sentence.written(code))
    beside = model_calls(cast.diane, other[asked], written, split=True)

    # Then
    assert not alone.succeeded
    assert not beside.succeeded
    assert list(Voucher.objects.values_list("status", "amount_minor")) == [
        ("issued", 5_000)
    ]


@pytest.mark.parametrize(
    ("minutes", "acts"), [(0, True), (14.9, True), (15.1, False), (23 * 60, False)]
)
@pytest.mark.parametrize("tool", ["create_voucher", "redeem_voucher"])
def test_tools__age_of_the_words__decides(
    cast: Cast, tool: str, minutes: float, acts: bool
) -> None:
    # Given
    code = digits(cast.issue(cast.aline, 5_000))
    text = {
        "create_voucher": f"create voucher 5000 for {NUMBER}",
        "redeem_voucher": f"redeem {code} at Kimironko",
    }[tool]
    written_at = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    arguments = {
        "create_voucher": {"customer_msisdn": NUMBER, "amount": 5_000},
        "redeem_voucher": {"voucher": "[code 1]", "station": "Kimironko"},
    }[tool]

    # When
    context = context_of(
        cast.diane,
        text,
        written_at=written_at,
        now=lambda: written_at + timedelta(minutes=minutes),
    )
    result = registry.execute(tool, arguments, context)

    # Then
    assert result.succeeded is acts
    assert (result.pending is None) is acts
