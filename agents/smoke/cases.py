"""The guide's three messages, sent by one of our sandbox staff through the webhook."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings

from agents.api import tokens
from agents.core.serving import our_number
from agents.models import ToolCall
from agents.simulator.webhook_post import Button, envelope
from agents.smoke import issued_vouchers, people, requests, waiting
from agents.smoke.errors import Failed
from agents.smoke.issued_vouchers import ACTOR
from easymo import keys
from easymo.observability.lines import MARK
from easymo.observability.logs import get_logger
from easymo.observability.privacy import mask_msisdn
from rollout.core.features import Feature
from rollout.core.ports import CaseResult
from rollout.core.probes import new_subject
from rollout.flags.exposure import functions_are_removed, is_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchers.models import Profile


@dataclass(frozen=True, slots=True)
class _Talk:
    """One of our sandbox staff, writing through the webhook."""

    url: str | None
    person: Profile

    def say(self, text: str, button: Button | None = None) -> waiting.Heard:
        cause = keys.make(MARK)
        body = envelope(
            profile=self.person, phone_number_id=our_number(), text=text, button=button
        )
        requests.post_webhook(url=self.url, body=body, correlation_id=cause)
        return waiting.hear(cause)


def _talk(url: str | None, is_probe: bool) -> _Talk:
    waiting.need_worker()
    return _Talk(url, people.staff_member("probe" if is_probe else "smoke"))


def hello(url: str | None, is_probe: bool) -> str:
    talk = _talk(url, is_probe)
    heard = talk.say("hello")
    if heard.turn.outcome != "reply" or not heard.text.strip():
        raise Failed(
            f"The answer to hello was no greeting ({heard.turn.outcome}).",
            "See the conversation in the admin.",
        )
    if heard.turn.tool_calls.filter(is_write=True).exists():
        raise Failed("The agent tried to change something when greeted.", "Roll back.")
    lines = _lines_of(heard, ["ai.whatsapp.message.success"], talk.person.name)
    return f"A greeting came back; {lines} log lines under its correlation id."


def lookup(url: str | None, is_probe: bool) -> str:
    talk, customer = _talk(url, is_probe), people.customer()
    number = str(customer.msisdn)
    heard = talk.say(f"lookup {number}")
    asked = ToolCall.objects.filter(turn=heard.turn, name="lookup_customer")
    if not asked.filter(status=ToolCall.Status.SUCCEEDED).exists():
        raise Failed(
            f"The agent did not look the customer up ({heard.turn.outcome}).",
            "See the conversation in the admin.",
        )
    if customer.name not in heard.text or mask_msisdn(number) not in heard.text:
        raise Failed("The reply lacks the name or the masked number.", "")
    if number[4:] in heard.text:
        raise Failed(
            "The reply shows the whole number.", "Roll back: masking is broken."
        )
    events = ["ai.tool.lookup_customer.success", "ai.whatsapp.message.success"]
    lines = _lines_of(heard, events, number, number[1:], number[4:], customer.name)
    return f"The customer was found, masked; {lines} log lines, all masked."


def create(url: str | None, is_probe: bool) -> str:
    amount = issued_vouchers.amount()
    talk, customer = _talk(url, is_probe), people.customer(amount)
    number = str(customer.msisdn)
    heard = talk.say(f"create voucher {amount.major} for {number}")
    if heard.turn.outcome == "confirm" and heard.buttons:
        heard = talk.say("Yes", Button(*heard.buttons[0]))
    voucher = issued_vouchers.issued_under(heard.turn.correlation_id)
    with issued_vouchers.voided(voucher):
        issued_vouchers.check_voucher(voucher, customer, amount)
        if voucher.reference not in heard.text or not issued_vouchers.tells_code(
            heard.text, voucher
        ):
            raise Failed("The reply lacks the voucher's reference or its code.", "")
        events = ["ai.tool.create_voucher.success", "ai.whatsapp.message.success"]
        shown = issued_vouchers.CODE.findall(heard.text)
        lines = _lines_of(
            heard,
            events,
            number[1:],
            number[4:],
            customer.name,
            *shown,
            *issued_vouchers.bare(shown),
        )
    return f"One voucher was issued, told and voided; {lines} log lines, all masked."


def _lines_of(heard: waiting.Heard, events: list[str], *hidden: str) -> int:
    cause = heard.turn.correlation_id
    received = ["ai.whatsapp.webhook.received", "ai.whatsapp.message.processing"]
    return waiting.check_lines(cause, events=[*received, *events], hidden=hidden)


def lookup_by_api(url: str | None, is_probe: bool) -> str:
    customer, cause = people.customer(), keys.make(MARK)
    number = str(customer.msisdn)
    with _token() as token:
        told = requests.call_function(
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
    lines = waiting.check_lines(
        cause,
        events=["ai.tool.lookup_customer.success"],
        hidden=[number[1:], number[4:], customer.name, token],
    )
    return f"The customer was found; {lines} log lines, all masked."


def create_by_api(url: str | None, is_probe: bool) -> str:
    amount, cause = issued_vouchers.amount(), keys.make(MARK)
    customer = people.customer(amount)
    number = str(customer.msisdn)
    with _token() as token:
        told = requests.call_function(
            url=url,
            name="ai-create-voucher",
            body={"customer_msisdn": number, "amount": amount.major},
            token=token,
            cause=cause,
        )
    voucher = issued_vouchers.issued_under(cause)
    with issued_vouchers.voided(voucher):
        issued_vouchers.check_voucher(voucher, customer, amount)
        code = str(told.get("code"))
        if told.get("voucher_id") != str(
            voucher.public_id
        ) or not issued_vouchers.tells_code(code, voucher):
            raise Failed("The answer is not about the voucher in the database.", "")
        lines = waiting.check_lines(
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


logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Case:
    """One test: what it needs to be on, and how it goes."""

    name: str
    title: str
    needs: tuple[Feature, ...]
    go: Callable[[str | None, bool], str]
    is_read_only: bool = False

    def run(self, url: str | None, *, is_probe: bool = False) -> CaseResult:
        """Go through the deployment at ``url``; None: through this process itself."""
        started = time.monotonic()
        passed, detail, remedy = False, "", ""
        try:
            _need(self.needs)
            detail, passed = self.go(url, is_probe), True
        except Failed as failed:
            detail, remedy = failed.detail, failed.remedy
        except Exception as error:
            logger.exception("smoke.case.broken", case=self.name)
            detail = f"The test itself broke off ({type(error).__name__})."
            remedy = "The log tells more: smoke.case.broken."
        took = round((time.monotonic() - started) * 1_000)
        return CaseResult(self.name, self.title, passed, detail, remedy, took)


def _need(features: tuple[Feature, ...]) -> None:
    if functions_are_removed():
        raise Failed(
            "A full rollback is in force.", "`manage.py rollback restore` ends it."
        )
    for feature in features:
        if feature in settings.FEATURES_FORCED_OFF:
            raise Failed(
                f"{feature} is forced off by the environment.",
                f"Take {feature}=false out of the environment.",
            )
    probe = str(new_subject())
    if off := [one for one in features if not is_on(one, probe)]:
        wanted = " ".join(f"{one}=on" for one in off)
        raise Failed(
            f"{' and '.join(off)} {'is' if len(off) == 1 else 'are'} off.",
            f"Turn it on: `manage.py flags set {wanted} --reason …`"
            " (with `--cohort smoke` for nobody else).",
        )


CASES = (
    Case(
        "whatsapp.hello",
        "WhatsApp: hello is greeted",
        (Feature.CHAT,),
        hello,
        True,
    ),
    Case(
        "whatsapp.lookup",
        "WhatsApp: a customer is looked up",
        (Feature.CHAT, Feature.CUSTOMER_LOOKUP),
        lookup,
        True,
    ),
    Case(
        "whatsapp.create",
        "WhatsApp: a voucher is created",
        (Feature.CHAT, Feature.VOUCHERS),
        create,
    ),
    Case(
        "api.lookup",
        "API: a customer is looked up",
        (Feature.CUSTOMER_LOOKUP,),
        lookup_by_api,
    ),
    Case("api.create", "API: a voucher is created", (Feature.VOUCHERS,), create_by_api),
)
