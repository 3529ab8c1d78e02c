"""Wait for the effects of a smoke test, and check replies, vouchers and log lines."""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from agents.models import DeadLetter, Message, OutboundMessage, Turn, WebhookEvent
from agents.outbound import simulated
from agents.smoke.deployment import SmokeFailure
from easymo.database.clock import LONGEST_SILENCE_S, worker_silence
from easymo.keys import KeyRingError
from easymo.observability.logs import get_logger
from easymo.observability.models import LogLine
from vouchers.actors import Actor
from vouchers.codes import InvalidCode, parse_code
from vouchers.errors import VoucherError
from vouchers.models import Voucher, VoucherEvent
from vouchers.money import Money, major_units
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from uuid import UUID

    from vouchers.models import Profile

ANSWERED_WITHIN_S = 30.0
WRITTEN_WITHIN_S = 5.0
PAUSE_S = 0.15
WORKER = (
    "Start a worker: `python manage.py procrastinate worker`; see GET /readyz/workers."
)


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply that a sandbox person received to one message."""

    turn: Turn
    text: str
    buttons: tuple[tuple[str, str], ...]


def poll[T](look: Callable[[], T | None], *, seconds: float) -> T | None:
    """Call ``look`` until it returns something; hold no connection in between."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None or time.monotonic() > end:
            return found
        if not connection.in_atomic_block:
            connection.close()
        time.sleep(PAUSE_S)


def require_worker() -> None:
    """Raise at once where no worker is running."""
    silence = worker_silence()
    if silence is None or silence > LONGEST_SILENCE_S:
        raise SmokeFailure("No worker is running.", WORKER)


def wait_for_reply(cause: UUID) -> Reply:
    """Return the reply to the message posted under this correlation id."""
    heard = poll(lambda: _find_reply(cause), seconds=ANSWERED_WITHIN_S)
    if heard is None:
        raise SmokeFailure(
            f"There was no reply within {ANSWERED_WITHIN_S:g} s.", WORKER
        )
    return heard


def _find_reply(cause: UUID) -> Reply | None:
    turn = Turn.objects.filter(correlation_id=cause).order_by("-id").first()
    if turn is None:
        _raise_for_refusal(cause)
        return None
    if turn.status == Turn.Status.RUNNING:
        return None
    if turn.status != Turn.Status.DONE:
        raise SmokeFailure(
            f"The turn failed ({turn.error_code or turn.status}).",
            "See the worker's log under the correlation id.",
        )
    replies = list(turn.replies.order_by("id").select_related("simulated"))
    if not replies:
        raise SmokeFailure(f"The turn ended without a reply ({turn.outcome}).", "")
    if any(reply.state == OutboundMessage.State.FAILED for reply in replies):
        raise SmokeFailure(
            f"The reply was not delivered ({replies[0].error_code}).", WORKER
        )
    if not all(hasattr(reply, "simulated") for reply in replies):
        return None
    return _read_reply(turn, replies)


def _read_reply(turn: Turn, replies: list[OutboundMessage]) -> Reply:
    try:
        shown = [simulated.open_delivery(reply.simulated) for reply in replies]
    except KeyRingError:
        raise SmokeFailure(
            "The reply is encrypted with a key that is missing here.",
            "EASYMO_KEYS here and at the deployment must be the same.",
        ) from None
    return Reply(
        turn=turn,
        text="\n".join(one.body for one in shown),
        buttons=tuple(button for one in shown for button in one.buttons),
    )


def _raise_for_refusal(cause: UUID) -> None:
    """Raise at once when the message will not be answered."""
    event = WebhookEvent.objects.filter(correlation_id=cause).first()
    if event is None or event.state == WebhookEvent.State.RECEIVED:
        return
    if DeadLetter.objects.filter(event=event).exists():
        raise SmokeFailure(
            "The message could not be processed.", "See Webhooks in the admin."
        )
    message = Message.objects.filter(event=event).first()
    if message is None:
        raise SmokeFailure(
            "The message was ignored: the deployment does not know our mark.",
            "EASYMO_KEYS, WA_PHONE_ID and the database must be the deployment's.",
        )
    if message.state not in {Message.State.WAITING, Message.State.CLAIMED}:
        raise SmokeFailure(
            f"The message was stored and not answered ({message.get_state_display()}).",
            "Turn FEATURE_AGENT_CHAT on, or see the conversation in the admin.",
        )


def check_lines(
    cause: UUID, *, events: Iterable[str], hidden: Iterable[str | None]
) -> int:
    """Check that the log has the events and no personal data; count the lines."""
    wanted = set(events)

    def look() -> list[LogLine] | None:
        found = list(LogLine.objects.filter(correlation_id=cause))
        return found if wanted <= {one.event for one in found} else None

    lines = poll(look, seconds=WRITTEN_WITHIN_S)
    if lines is None:
        found = set(
            LogLine.objects.filter(correlation_id=cause).values_list("event", flat=True)
        )
        raise SmokeFailure(
            f"The log lacks {', '.join(sorted(wanted - found))} under our id.",
            "LOG_LEVEL must be INFO or below, and EASYMO_KEYS the deployment's.",
        )
    text = "\n".join(json.dumps([one.event, one.fields]) for one in lines)
    # Once unchanged, once without separators between digits.
    joined = re.sub(r"(?<=\d)[\s().-]+(?=\d)", "", text)
    if any(word and (word in text or word in joined) for word in hidden):
        raise SmokeFailure(
            "A log line shows an unmasked number, name or code.",
            "Roll back, and see Leaks: masking is broken.",
        )
    return len(lines)


logger = get_logger(__name__)

# The amount of the guide.
AMOUNT = 10_000
ACTOR = "smoke"
CODE = re.compile(r"(?<!\d)\d{4} \d{4} \d{4} \d{4}(?!\d)")


def amount() -> Money:
    """Return the guide's amount, or less where it would need an approval."""
    most = min(AMOUNT, settings.VOUCHER_MAX, settings.VOUCHER_APPROVE_ABOVE)
    currency = settings.VOUCHER_CURRENCIES[0]
    return Money(major_units(most, currency), currency)


def issued_under(cause: UUID) -> Voucher:
    issued = VoucherEvent.objects.filter(
        correlation_id=cause, kind=VoucherEvent.Kind.ISSUED
    ).select_related("voucher__owner")
    found = [event.voucher for event in issued]
    if len(found) != 1:
        raise SmokeFailure(
            f"{len(found) or 'No'} vouchers were issued under the correlation id.",
            "See the conversation in the admin, and that this is the same database.",
        )
    return found[0]


def check_voucher(voucher: Voucher, customer: Profile, amount: Money) -> None:
    seen = (voucher.owner_id, voucher.amount_minor, voucher.currency, voucher.status)
    if seen != (customer.pk, amount.minor, amount.currency, Voucher.Status.ISSUED):
        raise SmokeFailure("The voucher's row is not as requested.", "Roll back.")


def contains_code(text: str, voucher: Voucher) -> bool:
    for digits in CODE.findall(text) or [text]:
        try:
            code = parse_code(digits)
        except InvalidCode:
            continue
        if bytes(voucher.code_hmac or b"") in {bytes(one) for one in code.hmacs}:
            return True
    return False


@contextmanager
def voided_afterwards(voucher: Voucher) -> Iterator[None]:
    """Void the voucher in any case; its trail stays."""
    try:
        yield
    finally:
        try:
            void_voucher(
                voucher_id=voucher.public_id,
                reason="Issued by a smoke test.",
                actor=Actor.system(ACTOR),
                key=f"smoke:void:{voucher.public_id}",
            )
        except VoucherError as error:
            # Accepted: a sandbox person's voucher is never real fuel.
            logger.warning(
                "smoke.voucher.left", voucher_id=voucher.pk, reason=error.code
            )
