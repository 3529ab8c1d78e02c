"""A question shows the number as the person typed it, or says that they did not."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.language import texts
from agents.models import Conversation, Message
from agents.tools import registry
from tests.agents.tools.conftest import Cast, context_of, defaults
from vouchers.services.profiles import create_or_change_profile

if TYPE_CHECKING:
    from agents.tools.base import Payload
    from vouchers.models import Profile

LANGUAGES = ("en", "fr", "rw", "sw")
OPERATIONS = ("create", "create for approval", "redeem", "void")
SPELLINGS = (
    "+250788000001",
    "0788000001",
    "0788 000 001",
    "0788-000-001",
    "+250 788 000 001",
    "250788000001",
)


@dataclass
class Twins:
    """Two customers of one name, whose numbers end with the same three digits."""

    typed: Profile
    other: Profile


@pytest.fixture
def twins(cast: Cast) -> Twins:
    other = create_or_change_profile(
        msisdn="+250738999001", name="Aline", role="customer"
    )
    return Twins(cast.aline, other)


def question(
    cast: Cast, operation: str, owner: Profile, written: str, language: str = "en"
) -> tuple[str, str]:
    """Return the question, and the reference of the voucher that it names, if any."""
    arguments: Payload = {}
    reference = ""
    if operation in {"redeem", "void"}:
        reference = cast.issue(owner, 5_000).voucher.reference
        arguments = {"voucher": reference, "station": "Kimironko", "reason": "twice"}
    else:
        amount = 5_000 if operation == "create" else 25_000
        arguments = {"customer_msisdn": owner.msisdn, "amount": amount}
    tool = f"{operation.split(maxsplit=1)[0]}_voucher"
    known = {k: v for k, v in arguments.items() if k in defaults(tool)}
    context = context_of(cast.diane, written, language=language)
    result = registry.execute(tool, defaults(tool) | known, context)
    assert result.pending, result.payload
    assert result.payload["display"] == result.pending.question
    return result.pending.question, reference


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_question__typed_number__is_shown_as_typed(
    cast: Cast, twins: Twins, operation: str, language: str
) -> None:
    for spelling in SPELLINGS:
        asked, _ = question(
            cast, operation, twins.typed, f"please, {spelling}!", language
        )

        assert f"({spelling})" in asked
        assert '"Aline"' in asked


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_question__model_swaps_the_customer__says_that_it_was_not_typed(
    cast: Cast, twins: Twins, operation: str, language: str
) -> None:
    written = f"for {twins.typed.msisdn}"

    asked, _ = question(cast, operation, twins.typed, written, language)
    swapped, _ = question(cast, operation, twins.other, written, language)

    remark = texts.render("msisdn.not_written", language, msisdn="+2507***001")
    assert remark not in asked
    assert remark in swapped
    assert str(twins.typed.msisdn) not in swapped
    assert str(twins.other.msisdn) not in swapped


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("operation", ["redeem", "void"])
def test_question__model_swaps_the_voucher__says_that_it_was_not_typed(
    cast: Cast, operation: str, language: str
) -> None:
    asked, reference = question(cast, operation, cast.aline, "V7-KQ3M-82", language)

    remark = texts.render("reference.not_written", language, reference=reference)
    assert remark in asked


def remember(cast: Cast, text: str, **fields: object) -> None:
    """Store a message that staff wrote before."""
    chat, _ = Conversation.objects.get_or_create(
        profile=cast.diane, phone_number_id="1"
    )
    message = Message.objects.create(
        conversation=chat,
        provider_id_hmac=uuid.uuid4().bytes * 2,
        kind="text",
        text=text,
        sent_at=timezone.now(),
    )
    Message.objects.filter(pk=message.pk).update(**fields)


def test_question__number_typed_in_an_earlier_message__is_shown_as_typed(
    cast: Cast,
) -> None:
    remember(cast, "create a voucher for 0788 000 001")

    asked, _ = question(cast, "create", cast.aline, "5000")

    assert "(0788 000 001)" in asked


@pytest.mark.parametrize(
    "fields",
    [
        {"detail": {"forwarded": "forwarded"}},
        {"kind": "audio", "is_spoken": True},
        {"revoked_at": timezone.now()},
        {"received_at": timezone.now() - timedelta(hours=25)},
    ],
    ids=("forwarded", "spoken", "deleted", "old"),
)
def test_question__number_that_was_not_typed_recently__is_not_shown(
    cast: Cast, fields: dict[str, object]
) -> None:
    remember(cast, "create a voucher for 0788 000 001", **fields)

    asked, _ = question(cast, "create", cast.aline, "5000")

    assert "0788 000 001" not in asked
    assert "a number that you did not write" in asked


def test_question__another_persons_chat__is_not_read(cast: Cast) -> None:
    remember(cast, "create a voucher for 0788 000 001")
    Conversation.objects.update(profile=cast.emile)

    asked, _ = question(cast, "create", cast.aline, "5000")

    assert "0788 000 001" not in asked


def test_question__customers_own_voucher__shows_no_number(cast: Cast) -> None:
    issued = cast.issue(cast.aline)

    result = registry.execute(
        "redeem_voucher",
        {"voucher": issued.voucher.reference, "station": "Kimironko"},
        context_of(cast.aline, "use it at Kimironko"),
    )

    assert result.pending
    assert "did not write" not in result.pending.question
    assert "***" not in result.pending.question


def test_question__code_in_hand__is_a_voucher_that_was_typed(cast: Cast) -> None:
    issued = cast.issue(cast.aline, 15_000)
    assert issued.code

    result = registry.execute(
        "redeem_voucher",
        {"voucher": "[code 1]", "station": None},
        context_of(cast.claudine, f"redeem {issued.code.digits}"),
    )

    assert result.pending
    assert f"*{issued.voucher.reference}*" in result.pending.question
    assert "+2507***001, a number that you did not write" in result.pending.question
