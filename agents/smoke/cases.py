"""The smoke tests: three WhatsApp messages, two API calls and a phone call."""

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
from agents.smoke import deployment, evidence, people, phone_call
from agents.smoke.deployment import SmokeFailure
from agents.smoke.evidence import ACTOR
from easymo import keys
from easymo.observability.lines import MARK
from easymo.observability.logs import get_logger
from easymo.observability.privacy import mask_msisdn
from rollout.core.features import Feature
from rollout.core.ports import CaseResult
from rollout.core.probes import new_subject
from rollout.flags.exposure import functions_are_removed, is_on
from vouchers.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchers.models import Profile


@dataclass(frozen=True, slots=True)
class _Chat:
    """A sandbox staff member who writes through the webhook."""

    url: str | None
    person: Profile

    def send(self, text: str, button: Button | None = None) -> evidence.Reply:
        cause = keys.make_marked_id(MARK)
        body = envelope(
            profile=self.person, phone_number_id=our_number(), text=text, button=button
        )
        deployment.post_webhook(url=self.url, body=body, correlation_id=cause)
        return evidence.wait_for_reply(cause)


def _chat(url: str | None, is_probe: bool) -> _Chat:
    evidence.require_worker()
    return _Chat(url, people.staff_member("probe" if is_probe else "smoke"))


def hello(url: str | None, is_probe: bool) -> str:
    chat = _chat(url, is_probe)
    reply = chat.send("hello")
    if reply.turn.outcome != "reply" or not reply.text.strip():
        raise SmokeFailure(
            f"hello was not answered by a greeting ({reply.turn.outcome}).",
            "See the conversation in the admin.",
        )
    if reply.turn.tool_calls.filter(is_write=True).exists():
        raise SmokeFailure(
            "The agent tried to change something when greeted.", "Roll back."
        )
    lines = _check_lines(reply, ["ai.whatsapp.message.success"], chat.person.name)
    return f"A greeting came back; {lines} log lines under its correlation id."


def lookup(url: str | None, is_probe: bool) -> str:
    chat, customer = _chat(url, is_probe), people.customer()
    number = str(customer.msisdn)
    reply = chat.send(f"lookup {number}")
    asked = ToolCall.objects.filter(turn=reply.turn, name="lookup_customer")
    if not asked.filter(status=ToolCall.Status.SUCCEEDED).exists():
        raise SmokeFailure(
            f"The agent did not look up the customer ({reply.turn.outcome}).",
            "See the conversation in the admin.",
        )
    if (
        plain_name(customer.name) not in reply.text
        or mask_msisdn(number) not in reply.text
    ):
        raise SmokeFailure("The reply lacks the name or the masked number.", "")
    if number[4:] in reply.text:
        raise SmokeFailure(
            "The reply shows the whole number.", "Roll back: masking is broken."
        )
    events = ["ai.tool.lookup_customer.success", "ai.whatsapp.message.success"]
    lines = _check_lines(reply, events, number, number[1:], number[4:], customer.name)
    return f"The customer was found, masked; {lines} log lines, all masked."


def create(url: str | None, is_probe: bool) -> str:
    amount = evidence.amount()
    chat, customer = _chat(url, is_probe), people.customer(amount)
    number = str(customer.msisdn)
    reply = chat.send(f"create voucher {amount.major} for {number}")
    if reply.turn.outcome == "confirm" and reply.buttons:
        reply = chat.send("Yes", Button(*reply.buttons[0]))
    voucher = evidence.issued_under(reply.turn.correlation_id)
    with evidence.voided_afterwards(voucher):
        evidence.check_voucher(voucher, customer, amount)
        if voucher.reference not in reply.text or not evidence.contains_code(
            reply.text, voucher
        ):
            raise SmokeFailure(
                "The reply lacks the voucher's reference or its code.", ""
            )
        events = ["ai.tool.create_voucher.success", "ai.whatsapp.message.success"]
        shown = evidence.CODE.findall(reply.text)
        lines = _check_lines(
            reply,
            events,
            number[1:],
            number[4:],
            customer.name,
            *shown,
            *(code.replace(" ", "") for code in shown),
        )
    return f"One voucher was issued, sent and voided; {lines} log lines, all masked."


def _check_lines(reply: evidence.Reply, events: list[str], *hidden: str) -> int:
    cause = reply.turn.correlation_id
    received = ["ai.whatsapp.webhook.received", "ai.whatsapp.message.processing"]
    return evidence.check_lines(cause, events=[*received, *events], hidden=hidden)


def lookup_by_api(url: str | None, is_probe: bool) -> str:
    customer, cause = people.customer(), keys.make_marked_id(MARK)
    number = str(customer.msisdn)
    with _token() as token:
        answer = deployment.call_function(
            url=url,
            name="ai-lookup-customer",
            body={"msisdn": number},
            token=token,
            cause=cause,
        )
    wanted = {"name": customer.name, "customer_id": str(customer.public_id)}
    if answer.get("exists") is not True or any(
        answer.get(k) != v for k, v in wanted.items()
    ):
        raise SmokeFailure("The answer is about another customer.", "")
    lines = evidence.check_lines(
        cause,
        events=["ai.tool.lookup_customer.success"],
        hidden=[number[1:], number[4:], customer.name, token],
    )
    return f"The customer was found; {lines} log lines, all masked."


def create_by_api(url: str | None, is_probe: bool) -> str:
    amount, cause = evidence.amount(), keys.make_marked_id(MARK)
    customer = people.customer(amount)
    number = str(customer.msisdn)
    with _token() as token:
        answer = deployment.call_function(
            url=url,
            name="ai-create-voucher",
            body={"customer_msisdn": number, "amount": amount.major},
            token=token,
            cause=cause,
        )
    voucher = evidence.issued_under(cause)
    with evidence.voided_afterwards(voucher):
        evidence.check_voucher(voucher, customer, amount)
        code = str(answer.get("code"))
        if answer.get("voucher_id") != str(
            voucher.public_id
        ) or not evidence.contains_code(code, voucher):
            raise SmokeFailure("The answer is about another voucher.", "")
        lines = evidence.check_lines(
            cause,
            events=["ai.tool.create_voucher.success"],
            hidden=[number[1:], number[4:], customer.name, code, token],
        )
    return f"The voucher is in the database, and voided; {lines} log lines, all masked."


@contextmanager
def _token() -> Iterator[str]:
    """Create an API token for one call."""
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
    """A smoke test, and the features that it needs."""

    name: str
    title: str
    needs: tuple[Feature, ...]
    run_test: Callable[[str | None, bool], str]
    is_read_only: bool = False
    # Why it does not apply to this deployment.
    skip: Callable[[], str] = lambda: ""

    def why_skipped(self) -> str:
        return self.skip()

    def run(self, url: str | None, *, is_probe: bool = False) -> CaseResult:
        """Run against the deployment at ``url``, or in this process without one."""
        started = time.monotonic()
        passed, detail, remedy = False, "", ""
        try:
            _require(self.needs)
            detail, passed = self.run_test(url, is_probe), True
        except SmokeFailure as failed:
            detail, remedy = failed.detail, failed.remedy
        except Exception as error:
            logger.exception("smoke.case.broken", case=self.name)
            detail = f"The test itself failed ({type(error).__name__})."
            remedy = "See the log: smoke.case.broken."
        took = round((time.monotonic() - started) * 1_000)
        return CaseResult(self.name, self.title, passed, detail, remedy, took)


def _require(features: tuple[Feature, ...]) -> None:
    if functions_are_removed():
        raise SmokeFailure(
            "A full rollback is in force.", "`manage.py rollback restore` ends it."
        )
    for feature in features:
        if feature in settings.FEATURES_FORCED_OFF:
            raise SmokeFailure(
                f"{feature} is forced off by the environment.",
                f"Take {feature}=false out of the environment.",
            )
    probe = str(new_subject())
    if off := [one for one in features if not is_on(one, probe)]:
        wanted = " ".join(f"{one}=on" for one in off)
        raise SmokeFailure(
            f"{' and '.join(off)} {'is' if len(off) == 1 else 'are'} off.",
            f"Turn it on: `manage.py flags set {wanted} --reason …`"
            " (`--cohort smoke` limits it to the test).",
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
    Case(
        "voice.call",
        "Voice: a call is decided and asked for",
        (Feature.VOICE,),
        phone_call.call,
        skip=phone_call.why_skipped,
    ),
)


def all_cases() -> tuple[Case, ...]:
    """Return all smoke tests."""
    return CASES
