"""The guide's two direct calls of the API, with a token made for each."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from agents.services import tokens
from agents.smoke import issued, people, road, watching
from agents.smoke.issued import ACTOR
from agents.smoke.trouble import Failed
from easymo import marks
from easymo.observability.lines import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator


def lookup(url: str | None, is_probe: bool) -> str:
    customer, cause = people.customer(), marks.make(MARK)
    number = str(customer.msisdn)
    with _token() as token:
        told = road.call_function(
            url=url,
            name="ai-lookup-customer",
            body={"msisdn": number},
            token=token,
            cause=cause,
        )
    wanted = {"name": customer.name, "customer_id": str(customer.public_id)}
    if told.get("exists") is not True or any(
        told.get(k) != v for k, v in wanted.items()
    ):
        raise Failed("The answer is not about the customer asked for.", "")
    lines = watching.check_lines(
        cause,
        events=["ai.tool.lookup_customer.success"],
        hidden=[number[1:], number[4:], customer.name, token],
    )
    return f"The customer was found; {lines} log lines, all masked."


def create(url: str | None, is_probe: bool) -> str:
    amount, cause = issued.amount(), marks.make(MARK)
    customer = people.customer(amount)
    number = str(customer.msisdn)
    with _token() as token:
        told = road.call_function(
            url=url,
            name="ai-create-voucher",
            body={"customer_msisdn": number, "amount": amount.major},
            token=token,
            cause=cause,
        )
    voucher = issued.issued_under(cause)
    with issued.voided(voucher):
        issued.check_voucher(voucher, customer, amount)
        code = str(told.get("code"))
        if told.get("voucher_id") != str(voucher.public_id) or not issued.tells_code(
            code, voucher
        ):
            raise Failed("The answer is not about the voucher in the database.", "")
        lines = watching.check_lines(
            cause,
            events=["ai.tool.create_voucher.success"],
            hidden=[number[1:], number[4:], customer.name, code, token],
        )
    return f"The voucher is in the database, and voided; {lines} log lines, all masked."


@contextmanager
def _token() -> Iterator[str]:
    """Make a token of the API for one call."""
    row, secret = tokens.create_token(
        name=f"smoke-{uuid4().hex[:12]}",
        scopes=["lookup", "create"],
        station=None,
        actor=ACTOR,
    )
    try:
        yield secret
    finally:
        tokens.revoke_token(
            name=row.name,
            actor=ACTOR,
            reason="The smoke test is over.",
            is_planned=True,
        )
