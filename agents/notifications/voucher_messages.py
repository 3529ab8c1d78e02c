"""The messages about a voucher event, and their recipients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from agents.core.handoffs import open_handoff
from agents.language import texts
from agents.language.choice import language_of
from agents.language.texts import code_placeholder
from agents.models import Announcement, HandOff
from agents.notifications.unrequested import (
    TEMPLATE_LANGUAGES,
    conversation_with,
    enqueue_unrequested,
    may_be_told,
)
from agents.whatsapp.graph_client import Template
from vouchers.actors import OWNER
from vouchers.models import Profile, Voucher, VoucherEvent
from vouchers.money import Money, format_money

if TYPE_CHECKING:
    from collections.abc import Callable

Outcome = Announcement.Outcome
Kind = VoucherEvent.Kind
# The parameters of each template, in their order (docs/whatsapp.md).
PARAMETERS = {
    "notice.issued": ("amount", "reference", "code"),
    "notice.approved": ("amount", "reference", "code"),
    "notice.station": ("amount", "reference", "station"),
    "notice.redeemed": ("amount", "reference", "station", "at"),
    "notice.reversed": ("amount", "reference", "station", "expires"),
    "notice.voided": ("amount", "reference"),
    "notice.extended": ("amount", "reference", "expires"),
}
# The owner learns a code only from the message about these events.
OF_A_CODE = frozenset({Kind.ISSUED, Kind.CODE_ROTATED})


def notify(event: VoucherEvent) -> Announcement.Outcome:
    """Queue the messages about one event; return whether its person can be reached."""
    notifier = NOTIFIERS.get(Kind(event.kind))
    if notifier is None:
        return Outcome.NOT_NEEDED
    return notifier(event)


def notify_issuer(event: VoucherEvent) -> None:
    """Tell the issuer that the owner was not reached, so that they tell the owner."""
    issuer = event.voucher.created_by_profile
    if event.kind in OF_A_CODE and issuer not in {None, event.voucher.owner}:
        _send(event, issuer, "notice.not_reached", suffix=":unreached")


def _notify_issued(event: VoucherEvent) -> Announcement.Outcome:
    """Send reference and code to the owner; after an approval to the issuer too."""
    voucher = event.voucher
    recipients = [(voucher.owner, "notice.issued")]
    issuer = _requester(voucher)
    if event.old_status == Voucher.Status.PENDING_APPROVAL and issuer is not None:
        recipients.append((issuer, "notice.approved"))
    reached = [
        _send(
            event,
            person,
            key,
            template=settings.WA_TEMPLATE_VOUCHER_ISSUED,
            code=code_placeholder(voucher.public_id),
            qr_of=_qr_of(voucher, person),
        )
        for person, key in recipients
    ]
    return _outcome(reached[0])


def _qr_of(voucher: Voucher, person: Profile) -> str:
    """Return whose code the owner gets as an image, where that is switched on."""
    is_wanted = settings.WA_CODE_IMAGE and person == voucher.owner
    return str(voucher.public_id) if is_wanted else ""


def _notify_rotated(event: VoucherEvent) -> Announcement.Outcome:
    """Send the new code to the owner, unless they asked for it and read it there."""
    if event.actor_kind == "system" and event.actor_id.startswith(OWNER):
        return Outcome.NOT_NEEDED
    return _notify_issued(event)


def _notify_declined(event: VoucherEvent) -> Announcement.Outcome:
    """Tell the requester that the request was declined, or ended without a decision."""
    issuer = _requester(event.voucher)
    if issuer is None:
        return Outcome.NOT_NEEDED
    if event.actor_kind == "system":
        return _outcome(_send(event, issuer, "notice.request_ended"))
    note = getattr(event, "note", None)
    reason = note.text if note else "—"
    return _outcome(_send(event, issuer, "notice.declined", reason=reason))


def _notify_redeemed(event: VoucherEvent) -> Announcement.Outcome:
    """Notify the owner; notify the station where the owner redeemed it themselves."""
    voucher = event.voucher
    if not (event.actor_kind == "profile" and event.actor_id == str(voucher.owner_id)):
        return _notify_owner(
            event, "notice.redeemed", settings.WA_TEMPLATE_VOUCHER_REDEEMED
        )
    staff = Profile.objects.filter(
        role=Profile.Role.STATION, station=event.station, is_active=True
    ).order_by("pk")
    reached = [
        _send(
            event,
            person,
            "notice.station",
            template=settings.WA_TEMPLATE_STATION_NOTICE,
            suffix=f":{person.pk}",
        )
        for person in staff
    ]
    # A station that does not use WhatsApp sees the redemption on its page.
    uses_whatsapp = any(conversation_with(one, may_create=False) for one in staff)
    if uses_whatsapp and not any(reached):
        open_handoff(
            kind=HandOff.Kind.UNDELIVERED,
            profile=voucher.owner,
            reason=f"No station staff could be notified of {voucher.reference}.",
        )
    return _outcome(any(reached))


def _notify_voided(event: VoucherEvent) -> Announcement.Outcome:
    return _notify_owner(event, "notice.voided", settings.WA_TEMPLATE_VOUCHER_VOIDED)


def _notify_reversed(event: VoucherEvent) -> Announcement.Outcome:
    """Tell the owner that the voucher can be spent again."""
    return _notify_owner(
        event, "notice.reversed", settings.WA_TEMPLATE_VOUCHER_REVERSED
    )


def _notify_extended(event: VoucherEvent) -> Announcement.Outcome:
    """Tell the owner the new last day."""
    return _notify_owner(
        event, "notice.extended", settings.WA_TEMPLATE_VOUCHER_EXTENDED
    )


def _notify_owner(event: VoucherEvent, key: str, name: str) -> Announcement.Outcome:
    """Queue the text for the voucher's owner, and the template outside the window."""
    return _outcome(_send(event, event.voucher.owner, key, template=name))


NOTIFIERS: dict[str, Callable[[VoucherEvent], Announcement.Outcome]] = {
    Kind.ISSUED: _notify_issued,
    Kind.CODE_ROTATED: _notify_rotated,
    Kind.DECLINED: _notify_declined,
    Kind.REDEEMED: _notify_redeemed,
    Kind.VOIDED: _notify_voided,
    Kind.REVERSED: _notify_reversed,
    Kind.EXTENDED: _notify_extended,
}


def _requester(voucher: Voucher) -> Profile | None:
    """Return the requester; an account of the back office by the number linked with it."""
    if voucher.created_by_profile is not None or voucher.created_by_user_id is None:
        return voucher.created_by_profile
    linked = Profile.objects.filter(user=voucher.created_by_user_id, is_active=True)
    return linked.order_by("pk").first()


def _outcome(is_reached: bool) -> Announcement.Outcome:
    return Outcome.TOLD if is_reached else Outcome.UNREACHABLE


def _send(
    event: VoucherEvent,
    person: Profile,
    key: str,
    *,
    template: str = "",
    suffix: str = "",
    qr_of: str = "",
    **values: object,
) -> bool:
    """Queue one message where the person may and can be written to."""
    conversation = conversation_with(person, may_create=bool(template))
    if conversation is None or not may_be_told(person):
        return False
    language = language_of(conversation)
    facts = _facts(event, language) | values
    return enqueue_unrequested(
        conversation,
        cause=f"told:{event.pk}:{key.removeprefix('notice.')}{suffix}",
        body=texts.render(key, language, **facts),
        template=_template(template, key, language, facts) if template else None,
        qr_of=qr_of,
    )


def _facts(event: VoucherEvent, language: str) -> dict[str, object]:
    """Return what the texts may say, read from the rows."""
    voucher = event.voucher
    return {
        "reference": voucher.reference,
        "amount": format_money(Money(voucher.amount_minor, voucher.currency)),
        "expires": texts.format_date(voucher.expires_at, language),
        "station": event.station.name if event.station else "—",
        "at": texts.format_date(event.created_at, language),
    }


def _template(name: str, key: str, language: str, facts: dict[str, object]) -> Template:
    values = tuple(str(facts[parameter]) for parameter in PARAMETERS[key])
    return Template(name, TEMPLATE_LANGUAGES[language], values)
