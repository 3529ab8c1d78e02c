from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from agents.language import texts
from agents.tools import plain_request
from agents.tools.arguments import amount_of, date_of, number_in_question, number_of
from agents.tools.authority import Button, may_act_on
from agents.tools.base import Effect, Tool, ToolResult, done, strict_object
from agents.tools.confirmation import ask_by_button, withdraw_done
from vouchers import limits, money
from vouchers import msisdn as numbers
from vouchers.errors import CustomerNotFound
from vouchers.models import Voucher
from vouchers.services import guesses, profiles
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from agents.tools.base import Call, Payload
    from vouchers.models import Profile
    from vouchers.services.issue import Issued


def create_voucher(call: Call) -> ToolResult:
    """Issue a voucher, or ask for the confirm button first."""
    try:
        currency = money.parse_currency_strict(
            call.arguments.get("currency") or settings.VOUCHER_CURRENCIES[0],
            allowed=settings.VOUCHER_CURRENCIES,
        )
        amount = money.parse_amount_strict(
            call.arguments.get("amount"), currency=currency
        )
        number = numbers.parse(call.arguments.get("customer_msisdn"))
    except money.InvalidCurrency as error:
        return call.refused("invalid_currency", str(error), "refused.invalid_currency")
    except money.InvalidAmount as error:
        return call.refused("invalid_amount", str(error), "refused.invalid_amount")
    except numbers.InvalidMsisdn as error:
        return call.refused("invalid_number", str(error), "refused.invalid_number")
    guesses.check_unknown(actor=call.actor)
    customer = profiles.lookup(msisdn=number)
    if customer is None or not may_act_on(call.profile, customer, spends=False):
        guesses.count_unknown(actor=call.actor)
        raise CustomerNotFound
    if not call.is_confirmed and _needs_button(call, amount, number):
        return _ask(call, customer, amount)
    issued = issue_voucher(
        customer=customer, amount=amount, actor=call.actor, key=call.context.turn_key
    )
    # A second press would issue a second voucher.
    withdraw_done(
        conversation=call.context.conversation,
        operation="create_voucher",
        arguments=_exact(customer, amount),
    )
    return _receipt(call, issued, customer)


def _needs_button(call: Call, amount: money.Money, number: str) -> bool:
    if call.rule.button is not Button.UNLESS_OWN_WORDS:
        return True
    if limits.needs_confirmation(amount):
        return True
    return not (
        call.context.is_fresh
        and isinstance(amount.major, int)
        and plain_request.asks_to_issue(
            call.context.own_text, amount=amount.major, msisdn=number
        )
    )


def _ask(call: Call, customer: Profile, amount: money.Money) -> ToolResult:
    if amount.minor > limits.cap("voucher", amount.currency):
        # Confirming would not help.
        raise limits.exceeded("voucher", amount.currency)
    needs_approval = limits.needs_approval(amount)
    question = call.text(
        "confirm.create_approval" if needs_approval else "confirm.create",
        amount=money.format_money(amount),
        name=customer.name,
        msisdn=number_in_question(call, customer),
    )
    return ask_by_button(call, "create_voucher", _exact(customer, amount), question)


def _exact(customer: Profile, amount: money.Money) -> Payload:
    """Return the arguments that a button executes."""
    return {
        "customer_msisdn": customer.msisdn,
        "amount": amount.major,
        "currency": amount.currency,
    }


def _receipt(call: Call, issued: Issued, customer: Profile) -> ToolResult:
    voucher = issued.voucher
    is_pending = voucher.status == Voucher.Status.PENDING_APPROVAL
    key = "receipt.issue" if issued.code else "receipt.issue_without_code"
    language = call.context.language
    display = call.text(
        "receipt.pending" if is_pending else key,
        amount=amount_of(voucher),
        name=customer.name,
        msisdn=number_of(customer, language),
        reference=voucher.reference,
        code=texts.code_placeholder(voucher.public_id),
        expires=date_of(voucher.expires_at, language),
    )
    return done(
        display,
        effect=Effect("issue", voucher.public_id, replayed=issued.replayed),
        reference=voucher.reference,
        status=voucher.status,
        amount=amount_of(voucher),
        expires_at=voucher.expires_at.isoformat(),
    )


CREATE_VOUCHER = Tool(
    name="create_voucher",
    description=(
        "Create one fuel voucher for a customer, when the person asks for it in plain "
        "words. Amount in whole francs and number exactly as the person wrote them; "
        "ask back when either is unclear. Never for a question, an example or a quote."
    ),
    parameters=strict_object(
        customer_msisdn={"type": "string"},
        amount={"type": "integer"},
        currency={"type": ["string", "null"]},
    ),
    handler=create_voucher,
    is_write=True,
)
