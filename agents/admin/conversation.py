from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from agents.admin import block, phone_pin
from agents.admin.conversation_actions import ColleagueActions, open_until
from agents.handoff.thread import thread
from agents.identity import blocks, consent
from agents.models import Conversation, Message, Turn
from easymo.backoffice import windows
from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.ranges import MomentRangeFilter, moments
from easymo.backoffice.windows import Served, Window, chosen, counted, keys_of
from easymo.observability.privacy import mask_msisdn
from vouchers.models import Profile
from vouchers.recognise import MOST_PEOPLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpRequest, HttpResponse

# Turns are counted so far: a person may write for years.
MOST_TURNS = 90
# As long as every message has its id from the provider (retention).
ALL_KEPT = timedelta(days=7)
# A link to one message shows what came within this time after it.
SHOWN_AFTER = timedelta(minutes=30)
MOST_DIGITS = 19
OUTCOME_COLOURS = {
    "receipt": "success",
    "reply": "success",
    "confirm": "info",
    "hand_off": "warning",
    "apology": "danger",
}
OUTCOMES = {
    "reply": _("reply"),
    "receipt": _("receipt"),
    "confirm": _("confirmation asked"),
    "hand_off": _("handed over"),
    "queued": _("told to wait"),
    "capped": _("limit reached"),
    "silent": _("no reply"),
    "apology": _("apology"),
}


class RoleFilter(admin.SimpleListFilter):
    """Filters by the role of the person; colleagues are few, and have an index."""

    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return every role."""
        return [(role.value, str(role.label)) for role in Profile.Role]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Conversation]
    ) -> QuerySet[Conversation]:
        """Filter by the chosen role."""
        role = self.value()
        if role != Profile.Role.CUSTOMER:
            people = Profile.objects.filter(role=role)
            return queryset.filter(profile__in=people) if role else queryset
        colleagues = [each for each in Profile.Role if each != role]
        return queryset.exclude(profile__in=Profile.objects.filter(role__in=colleagues))


def _thread_of(request: HttpRequest, conversation: str) -> dict[str, Any]:
    """Return the newest part of the thread, or the part around `?message=`."""
    wanted = request.GET.get("message", "")
    rows = Message.objects.filter(
        pk=int(wanted) if wanted.isdecimal() and len(wanted) < MOST_DIGITS else 0,
        conversation_id=conversation,
    )
    received = rows.values_list("received_at", flat=True).first()
    until = received + SHOWN_AFTER if received else None
    return {
        "thread": thread(conversation, until=until),
        "until": until,
        "newest": request.path,
    }


@admin.register(Conversation)
class ConversationAdmin(ColleagueActions):
    """Conversations: messages and turns in one thread."""

    empty_text = _(
        "Conversations appear here when people write on WhatsApp or in the simulator."
    )
    list_display = (
        *("person", "number", "language", "last_inbound_at", "turn_count"),
        *("last_outcome", "answered_by", "is_synthetic"),
    )
    list_display_links = ("person",)
    list_filter = (
        ("paused_at", admin.EmptyFieldListFilter),
        "is_synthetic",
        "language",
        RoleFilter,
        ("last_inbound_at", MomentRangeFilter),
    )
    list_filter_submit = True
    served_filters = (
        Served("paused_at", value="0"),
        Served("is_synthetic", value="1"),
        Served("language"),
    )
    list_select_related = ("profile",)
    search_fields = ("profile__name", "=public_id")
    number_lookup = "profile__msisdn"
    search_help_text = _("A name, a whole number in any spelling, or the id")
    ordering = ("-last_inbound_at", "-id")
    fields = (
        ("person", "number", "language"),
        ("last_inbound_at", "window", "answered_by"),
        ("paused_until", "is_synthetic"),
        ("wants_messages", "blocked"),
    )
    actions_detail = (*ColleagueActions.actions_detail, "block_one", "send_pin_link")
    change_form_after_template = "admin/agents/thread.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        """Add the number of turns and how the last one ended, in the same query."""
        newest = Turn.objects.filter(conversation=OuterRef("pk")).order_by("-id")
        answered = newest.exclude(status=Turn.Status.ABANDONED)
        rows: QuerySet[Conversation] = super().get_queryset(request)
        return rows.annotate(
            turn_total=counted(answered, MOST_TURNS),
            newest_outcome=Subquery(newest.values("outcome")[:1]),
        )

    def served(self, filters: Mapping[str, str], older: int | None) -> Window | None:
        """Read the conversations of the newest messages.

        No index holds the time of the last message: every message would change it.
        """
        if period := moments(filters, "last_inbound_at", "received_at"):
            messages = _messages_of(period).order_by("-received_at")
            return chosen(keys_of(messages, "conversation_id"))
        role = filters.get(RoleFilter.parameter_name)
        if role and role != Profile.Role.CUSTOMER:
            people = Profile.objects.filter(role=role).order_by("-pk")
            rows = Conversation.objects.filter(
                profile__in=keys_of(people, limit=MOST_PEOPLE)
            )
            return chosen(keys_of(rows.order_by("-pk")))
        recent = windows.newest(Message.objects.all(), older=older)
        messages = Message.objects.filter(**recent.condition).order_by("-pk")
        found = chosen(keys_of(messages, "conversation_id"))
        return Window(found.condition, recent.next_older)

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """Offer the newest conversations where one is chosen: their index is read."""
        if request.path.endswith("/autocomplete/"):
            return ("-id",)
        return super().get_ordering(request)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the thread below the fields."""
        extra = (
            _thread_of(request, object_id)
            if object_id and object_id.isdecimal()
            else {}
        )
        context = (extra_context or {}) | extra
        return super().changeform_view(request, object_id, form_url, context)

    @display(description=_("Person"))
    def person(self, row: Conversation) -> str:
        return str(row.profile)

    @display(description=_("Number"))
    def number(self, row: Conversation) -> str:
        return mask_msisdn(row.profile.msisdn)

    @display(description=_("Messages on our initiative"))
    def wants_messages(self, row: Conversation) -> str:
        if not consent.is_opted_out(row.profile):
            return gettext("as usual")
        return gettext("none: the customer sent STOP")

    @display(description=_("Blocked"), boolean=True)
    def blocked(self, row: Conversation) -> bool:
        return blocks.is_blocked(row.profile)

    @form_action(
        _("Block"),
        path="block",
        icon="block",
        permission=block.PERMISSION,
        form=block.BlockForm,
        offered=lambda call: not blocks.is_blocked(call.row.profile),
        title=lambda call: gettext("Block {profile}").format(profile=call.row.profile),
        explanation=_("The person's messages are kept and not answered."),
        is_dangerous=True,
    )
    def block_one(self, call: ActionCall[Conversation]) -> str:
        return block.block_person(call)

    @form_action(
        _("Send a PIN link"),
        path="pin-link",
        icon="password",
        permission=phone_pin.PERMISSION,
        offered=lambda call: call.row.profile.is_active,
        unmet=lambda call: phone_pin.unmet(call.row.profile),
        title=lambda call: gettext("Send a PIN link to {profile}").format(
            profile=call.row.profile
        ),
        explanation=phone_pin.EXPLANATION,
        submit=_("Send the link"),
    )
    def send_pin_link(self, call: ActionCall[Conversation]) -> str:
        done = phone_pin.send_link(call, call.row.profile)
        call.log_change(call.row, f"PIN link sent: {call.reason}")
        return done

    @display(description=_("Answer window"))
    def window(self, row: Conversation) -> str:
        return open_until(row)

    @display(description=_("Who answers"), label={"a colleague": "warning"})
    def answered_by(self, row: Conversation) -> str:
        return (
            gettext("a colleague")
            if row.is_paused(timezone.now())
            else gettext("the agent")
        )

    @display(description=_("Turns"))
    def turn_count(self, row: Any) -> str:
        return f"{row.turn_total}" if row.turn_total < MOST_TURNS else f"{MOST_TURNS}+"

    @display(description=_("Last answer"), label=OUTCOME_COLOURS)
    def last_outcome(self, row: Any) -> tuple[str, str]:
        name = row.newest_outcome or "—"
        return name, str(OUTCOMES.get(name, name))


def _messages_of(period: dict[str, datetime]) -> QuerySet[Message]:
    """Return the messages of a period by the indexes of retention."""
    rows = Message.objects.filter(**period)
    since = period.get("received_at__gte")
    if since is not None and since > timezone.now() - ALL_KEPT:
        return rows.filter(~Q(provider_id="") | Q(codes_sealed__isnull=False))
    return rows.filter(~Q(text="") | ~Q(button_id=""))
