"""What is said about a voucher's event, and to whom."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from agents.core.handoffs import open_handoff
from agents.core.jobs import enqueue_delivery
from agents.core.serving import may_answer, our_number
from agents.identity import blocks, consent
from agents.language import texts
from agents.language.texts import code_placeholder
from agents.models import Announcement, Conversation, HandOff
from agents.outbound import outbox
from agents.whatsapp.graph_client import Template
from vouchers.models import Profile, Voucher, VoucherEvent
from vouchers.money import Money, format_money

if TYPE_CHECKING:
    from collections.abc import Callable

Outcome = Announcement.Outcome
Kind = VoucherEvent.Kind
# What closes within this time may be closed when it is sent.
WINDOW_MARGIN = timedelta(seconds=90)
# The owner learns a code by them, or nobody tells her.
OF_A_CODE = frozenset({Kind.ISSUED, Kind.CODE_ROTATED})
# Meta's names of the languages. https://developers.facebook.com/documentation
# /business-messaging/whatsapp/templates/supported-languages
TEMPLATE_LANGUAGES = {"en": "en", "fr": "fr", "rw": "rw_RW", "sw": "sw"}


def tell(event: VoucherEvent) -> Announcement.Outcome:
    """Write the messages about one event; return whether its person was reached."""
    teller = TELLERS.get(Kind(event.kind))
    return teller(event) if teller else Outcome.NOBODY


def _tell_issued(event: VoucherEvent) -> Announcement.Outcome:
    """Send the owner reference and code; after an approval the issuer, too."""
    voucher = event.voucher
    is_told = _say(
        event,
        voucher.owner,
        "notice.issued",
        template=settings.WA_TEMPLATE_VOUCHER_ISSUED,
        code=code_placeholder(voucher.public_id),
    )
    issuer = voucher.created_by_profile
    if event.old_status == Voucher.Status.PENDING_APPROVAL and issuer is not None:
        _say(
            event,
            issuer,
            "notice.approved",
            template=settings.WA_TEMPLATE_VOUCHER_ISSUED,
            code=code_placeholder(voucher.public_id),
        )
    return _outcome(is_told)


def tell_issuer(event: VoucherEvent) -> None:
    """Say that the owner was not reached with her voucher, and who has to tell her."""
    issuer = event.voucher.created_by_profile
    if event.kind in OF_A_CODE and issuer not in {None, event.voucher.owner}:
        _say(event, issuer, "notice.not_reached", suffix=":unreached")


def _tell_declined(event: VoucherEvent) -> Announcement.Outcome:
    issuer = event.voucher.created_by_profile
    if issuer is None:
        return Outcome.NOBODY
    note = getattr(event, "note", None)
    reason = note.text if note else "—"
    return _outcome(_say(event, issuer, "notice.declined", reason=reason))


def _tell_redeemed(event: VoucherEvent) -> Announcement.Outcome:
    """Tell the owner unless it was herself, and then her station."""
    voucher = event.voucher
    if not (event.actor_kind == "profile" and event.actor_id == str(voucher.owner_id)):
        return _outcome(_say(event, voucher.owner, "notice.redeemed"))
    reached = [
        _say(
            event,
            person,
            "notice.station",
            template=settings.WA_TEMPLATE_STATION_NOTICE,
            suffix=f":{person.pk}",
        )
        for person in Profile.objects.filter(
            role=Profile.Role.STATION, station=event.station, is_active=True
        ).order_by("pk")
    ]
    if not any(reached):
        open_handoff(
            kind=HandOff.Kind.UNDELIVERED,
            profile=voucher.owner,
            reason=f"Nobody at the station could be told of {voucher.reference}.",
        )
    return _outcome(any(reached))


def _tell_voided(event: VoucherEvent) -> Announcement.Outcome:
    return _outcome(_say(event, event.voucher.owner, "notice.voided"))


TELLERS: dict[str, Callable[[VoucherEvent], Announcement.Outcome]] = {
    Kind.ISSUED: _tell_issued,
    Kind.CODE_ROTATED: _tell_issued,
    Kind.DECLINED: _tell_declined,
    Kind.REDEEMED: _tell_redeemed,
    Kind.VOIDED: _tell_voided,
}


def _outcome(reached: bool) -> Announcement.Outcome:
    return Outcome.TOLD if reached else Outcome.UNREACHABLE


def _say(
    event: VoucherEvent,
    person: Profile,
    key: str,
    *,
    template: str = "",
    suffix: str = "",
    **values: object,
) -> bool:
    """Write one message if it can reach the person; tell whether it can."""
    conversation = conversation_with(person, may_make=bool(template))
    if conversation is None or not _may_tell(person):
        return False
    closes_at = conversation.window_closes_at
    is_open = closes_at is not None and closes_at > timezone.now() + WINDOW_MARGIN
    if not is_open and not template:
        return False
    language = conversation.language or person.language or "en"
    facts = _facts(event, language) | values
    by_template = _template(template, language, facts) if template else None
    outbox.enqueue(
        conversation=conversation,
        cause=f"told:{event.pk}:{key.removeprefix('notice.')}{suffix}",
        body=texts.render(key, language, **facts),
        template=None if is_open else by_template,
        # The window may close before it is sent.
        fallback=by_template if is_open else None,
    )
    enqueue_delivery(conversation_id=conversation.pk)
    return True


def _may_tell(person: Profile) -> bool:
    """Tell whether she may be written to unasked."""
    return (
        may_answer(person)
        and not consent.is_opted_out(person)
        and not blocks.is_blocked(person)
    )


def conversation_with(person: Profile, *, may_make: bool) -> Conversation | None:
    """Return where we talk with this person; a template may begin it."""
    where = {
        "profile": person,
        "channel": Conversation.Channel.WHATSAPP,
        "phone_number_id": our_number(),
    }
    found = Conversation.objects.filter(**where).select_related("profile").first()
    if found is None and may_make and person.msisdn:
        found, _ = Conversation.objects.get_or_create(
            **where, defaults={"is_synthetic": person.is_sandbox}
        )
    return found


def _facts(event: VoucherEvent, language: str) -> dict[str, object]:
    """Return what may be said, read from the rows."""
    voucher = event.voucher
    return {
        "reference": voucher.reference,
        "amount": format_money(Money(voucher.amount_minor, voucher.currency)),
        "expires": texts.format_date(voucher.expires_at, language),
        "station": event.station.name if event.station else "—",
        "at": texts.format_date(event.created_at, language),
    }


def _template(name: str, language: str, facts: dict[str, object]) -> Template:
    """Return the approved template: its first parameters are always these."""
    order = [facts["amount"], facts["reference"], facts.get("code") or facts["station"]]
    code = TEMPLATE_LANGUAGES[language]
    return Template(name, code, tuple(str(value) for value in order))
