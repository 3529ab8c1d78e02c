"""The guide's three messages, sent by one of our sandbox staff through the webhook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.models import ToolCall
from agents.services.answering_number import our_number
from agents.simulator.envelope import Button, envelope
from agents.smoke import issued, people, road, watching
from agents.smoke.trouble import Failed
from easymo import marks
from easymo.observability.lines import MARK
from easymo.observability.privacy import mask_msisdn

if TYPE_CHECKING:
    from vouchers.models import Profile


@dataclass(frozen=True, slots=True)
class _Talk:
    """One of our sandbox staff, writing through the webhook."""

    url: str | None
    person: Profile

    def say(self, text: str, button: Button | None = None) -> watching.Heard:
        cause = marks.make(MARK)
        body = envelope(
            profile=self.person, phone_number_id=our_number(), text=text, button=button
        )
        road.post_webhook(url=self.url, body=body, correlation_id=cause)
        return watching.hear(cause)


def _talk(url: str | None, is_probe: bool) -> _Talk:
    watching.need_worker()
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
    amount = issued.amount()
    talk, customer = _talk(url, is_probe), people.customer(amount)
    number = str(customer.msisdn)
    heard = talk.say(f"create voucher {amount.major} for {number}")
    if heard.turn.outcome == "confirm" and heard.buttons:
        heard = talk.say("Yes", Button(*heard.buttons[0]))
    voucher = issued.issued_under(heard.turn.correlation_id)
    with issued.voided(voucher):
        issued.check_voucher(voucher, customer, amount)
        if voucher.reference not in heard.text or not issued.tells_code(
            heard.text, voucher
        ):
            raise Failed("The reply lacks the voucher's reference or its code.", "")
        events = ["ai.tool.create_voucher.success", "ai.whatsapp.message.success"]
        shown = issued.CODE.findall(heard.text)
        lines = _lines_of(
            heard,
            events,
            number[1:],
            number[4:],
            customer.name,
            *shown,
            *issued.bare(shown),
        )
    return f"One voucher was issued, told and voided; {lines} log lines, all masked."


def _lines_of(heard: watching.Heard, events: list[str], *hidden: str) -> int:
    cause = heard.turn.correlation_id
    received = ["ai.whatsapp.webhook.received", "ai.whatsapp.message.processing"]
    return watching.check_lines(cause, events=[*received, *events], hidden=hidden)
