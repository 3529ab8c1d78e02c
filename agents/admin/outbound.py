from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Count, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from agents.admin.base import AgentsAdmin
from agents.core.code_redaction import hide_placeholders
from agents.handoff.thread import ERASED_TEXT
from agents.models import OutboundMessage, SendingLine
from agents.operations import resend
from agents.outbound import circuit_breaker
from agents.outbound.outbox import OPEN
from agents.whatsapp.error_table import describe
from easymo.backoffice.actions import ActionCall, filled, form_action
from easymo.backoffice.windows import Served, Window, chosen, keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from easymo.backoffice.actions import Words

RESEND = "agents.resend_message"
MESSAGE_COLOURS = {
    "queued": "info",
    "sending": "info",
    "unknown": "warning",
    "sent": "success",
    "delivered": "success",
    "read": "success",
    "failed": "danger",
}
SENDER_COLOURS = {"sends": "success", "slowed": "warning", "stopped": "danger"}


def _is_unsettled(call: ActionCall[OutboundMessage]) -> bool:
    row = call.row
    return row.state == OutboundMessage.State.FAILED and row.given_up_at is None


def _why_not_again(call: ActionCall[OutboundMessage]) -> list[Words]:
    return filled(str(resend.why_not(call.row, call.row.conversation) or ""))


def _subject_of(call: ActionCall[OutboundMessage]) -> list[str]:
    return [f"{call.row.conversation.profile}: {call.row.error_code}"]


@admin.register(OutboundMessage)
class OutboundMessageAdmin(AgentsAdmin):
    """Outgoing messages: state, attempts and the provider's error."""

    empty_text = _(
        "Messages to people appear here when the agent or a colleague answers."
    )
    list_display = (
        *("id", "person", "kind", "status", "attempts"),
        *("error_code", "created_at", "handed_over_at"),
    )
    list_filter = (
        *("state", ("given_up_at", admin.EmptyFieldListFilter)),
        *("kind", "error_code"),
    )
    served_filters = (Served("error_code"),)
    list_select_related = ("conversation__profile",)
    search_fields = ("=public_id", "=cause", "conversation__profile__name")
    number_lookup = "conversation__profile__msisdn"
    search_help_text = _("A name, a whole number in any spelling, or the id")
    ordering = ("-id",)
    fields = (
        ("person", "conversation", "kind"),
        ("status", "attempts", "error_code"),
        "text",
        ("written_by", "given_up_at"),
        ("public_id", "cause"),
        ("created_at", "handed_over_at", "delivered_at", "read_at"),
        ("next_attempt_at", "lease_expires_at"),
    )
    actions_detail = ("send_again_one", "give_up_one")

    def served(self, filters: Mapping[str, str], older: int | None) -> Window | None:
        """Read what is on its way, and what waits for a decision, by their indexes."""
        state = filters.get("state__exact")
        rows = OutboundMessage.objects.filter(state=state)
        if state in OPEN:
            return chosen(keys_of(rows.order_by("-next_attempt_at")))
        if (
            state == OutboundMessage.State.FAILED
            and filters.get("given_up_at__isempty") == "1"
        ):
            return chosen(
                keys_of(rows.filter(given_up_at=None).order_by("-created_at"))
            )
        return None

    @display(description=_("Text"))
    def text(self, row: OutboundMessage) -> str:
        return hide_placeholders(row.body) or ERASED_TEXT

    @display(description=_("Person"))
    def person(self, row: OutboundMessage) -> str:
        return str(row.conversation.profile)

    @display(description=_("State"), label=MESSAGE_COLOURS)
    def status(self, row: OutboundMessage) -> str:
        return gettext("given up") if row.given_up_at else row.state

    @form_action(
        _("Send again"),
        path="send-again",
        icon="forward_to_inbox",
        permission=RESEND,
        offered=_is_unsettled,
        unmet=_why_not_again,
        explanation=_(
            "It is sent once more, unchanged. Where the provider's answer was"
            " lost, the customer may read it twice."
        ),
        subjects=_subject_of,
    )
    def send_again_one(self, call: ActionCall[OutboundMessage]) -> str:
        resend.send_again(message=call.row, reason=call.reason, actor=call.actor)
        return gettext("Message to {profile} queued again.").format(
            profile=call.row.conversation.profile
        )

    @form_action(
        _("Give up"),
        path="give-up",
        icon="unsubscribe",
        permission=RESEND,
        offered=_is_unsettled,
        explanation=_("It is never sent. The customer is not told."),
        subjects=_subject_of,
    )
    def give_up_one(self, call: ActionCall[OutboundMessage]) -> str:
        resend.give_up(message=call.row, reason=call.reason, actor=call.actor)
        return gettext("Message to {profile} given up.").format(
            profile=call.row.conversation.profile
        )


@admin.register(SendingLine)
class SendingLineAdmin(AgentsAdmin):
    """Sending numbers that the circuit breaker slowed or stopped."""

    empty_text = _("A sending number appears here after its first error at WhatsApp.")
    list_display = (*("sender", "status", "why", "since", "held_until", "waiting"),)
    list_filter = ("is_open", "error_code")
    search_fields = ("=phone_number_id",)
    ordering = ("-is_open", "-since")
    fields = (
        ("sender", "status", "waiting"),
        "why",
        ("error_code", "holds"),
        ("since", "held_until"),
        ("probe_id", "probe_expires_at"),
        ("closed_at", "closed_by"),
        "close_reason",
    )
    actions_detail = ("close_one",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SendingLine]:
        """Add the number of waiting messages, in the same query."""
        is_ours = Q(conversation__phone_number_id=OuterRef("pk"))
        is_account = Exact(OuterRef("pk"), Value(SendingLine.ACCOUNT))
        waiting = (
            OutboundMessage.objects.filter(is_ours | Q(is_account), state__in=OPEN)
            .order_by()
            .annotate(group=Value(1))
            .values("group")
            .annotate(count=Count("pk"))
        )
        found: QuerySet[SendingLine] = super().get_queryset(request)
        return found.annotate(
            waiting_count=Coalesce(Subquery(waiting.values("count")), 0)
        )

    @display(description=_("Sender"), ordering="phone_number_id")
    def sender(self, row: SendingLine) -> str:
        return str(row)

    @display(description=_("State"), label=SENDER_COLOURS)
    def status(self, row: SendingLine) -> str:
        if row.is_open:
            return "stopped"
        return "slowed" if row.holds and row.held_until > timezone.now() else "sends"

    @display(description=_("Why"))
    def why(self, row: SendingLine) -> str:
        return describe(row.error_code) if row.error_code else "—"

    @display(description=_("Waiting messages"))
    def waiting(self, row: SendingLine) -> int:
        return int(row.waiting_count)  # type: ignore[attr-defined]

    @form_action(
        _("Resume sending"),
        path="close",
        icon="play_arrow",
        permission="agents.close_circuit",
        offered=lambda call: call.row.holds > 0,
        title=lambda call: gettext("Resume sending: {row}").format(row=call.row),
        explanation=_(
            "All waiting messages are sent at once. If the errors continue,"
            " it is stopped again."
        ),
        subjects=lambda call: [describe(call.row.error_code)],
    )
    def close_one(self, call: ActionCall[SendingLine]) -> str:
        closed = circuit_breaker.close_manually(
            sender=call.row, reason=call.reason, actor=call.actor
        )
        state = gettext("sends again") if closed else gettext("was already sending")
        return f"{call.row} {state}."
