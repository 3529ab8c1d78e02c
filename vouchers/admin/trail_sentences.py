"""The trail of a voucher as sentences that name people, for the back office."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from vouchers import selectors
from vouchers.admin.approval import CHANNELS
from vouchers.models import Profile, VoucherEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vouchers.causes import Cause, Link
    from vouchers.models import Voucher

Kind = VoucherEvent.Kind
WORDS = {
    Kind.REQUESTED: _("Requested"),
    Kind.ISSUED: _("Issued"),
    Kind.REDEEMED: _("Redeemed"),
    Kind.VOIDED: _("Voided"),
    Kind.DECLINED: _("Declined"),
    Kind.EXPIRED: _("Expired"),
    Kind.CODE_ROTATED: _("Given a new code"),
    Kind.OWNER_MOVED: _("Moved to another number of the owner"),
    Kind.EXTENDED: _("Given a later last day"),
    Kind.REVERSED: _("Redemption taken back"),
}


def nothing(_permission: str) -> bool:
    """Grant no permission: the steps have no links, as on paper."""
    return False


@dataclass(frozen=True, slots=True)
class Step:
    """One event: what happened as a sentence, and where its cause is shown."""

    event: VoucherEvent
    sentence: str
    # To the message, the call, the approval and the like that caused it.
    links: tuple[Link, ...]


def steps(voucher: Voucher, *, may: Callable[[str], bool] = nothing) -> list[Step]:
    """Return the steps of the trail in order, with links to what the reader may see."""
    return steps_of(list(selectors.trail(voucher)), may=may)


def steps_of(
    events: Sequence[VoucherEvent], *, may: Callable[[str], bool] = nothing
) -> list[Step]:
    """Return events, also of several vouchers, as steps."""
    names = _names(events)
    causes = import_string(settings.VOUCHER_CAUSES)(events, may=may)
    return [
        Step(event, _sentence(event, names, causes[event.pk]), causes[event.pk].links)
        for event in events
    ]


def _sentence(
    event: VoucherEvent, names: dict[tuple[str, str], str], cause: Cause
) -> str:
    parts = [str(WORDS[Kind(event.kind)])]
    if event.actor_kind != "system":
        who = cause.actor or names.get((event.actor_kind, event.actor_id))
        parts.append(
            gettext("by {value}").format(
                value=who or f"{event.actor_kind} {event.actor_id}"
            )
        )
    if event.station:
        parts.append(gettext("at {station}").format(station=event.station))
    if event.channel != "system":
        parts.append(
            gettext("over {channel}").format(
                channel=CHANNELS.get(event.channel, event.channel)
            )
        )
    sentence = " ".join(parts)
    return f"{sentence}, {cause.how}" if cause.how else sentence


def _names(events: Sequence[VoucherEvent]) -> dict[tuple[str, str], str]:
    """Return the names of people and accounts, in two queries."""
    found = {
        ("token", event.actor_id): gettext("the token {actor_id}").format(
            actor_id=event.actor_id
        )
        for event in events
    }
    ids = {kind: {e.actor_id for e in events if e.actor_kind == kind} for kind in KINDS}
    for profile in Profile.objects.filter(pk__in=map(int, ids["profile"])):
        found["profile", str(profile.pk)] = str(profile)
    for user in User.objects.filter(pk__in=map(int, ids["user"])):
        found["user", str(user.pk)] = user.get_full_name() or user.get_username()
    return found


KINDS = ("profile", "user")
