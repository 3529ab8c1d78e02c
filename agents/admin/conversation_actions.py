"""What a colleague may do in a conversation, from its page or from the handoff's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from agents.admin.base import AgentsAdmin
from agents.handoff import handoff, inbox
from agents.models import Conversation, HandOff
from easymo.backoffice.actions import ActionCall, filled, form_action, page_url
from easymo.backoffice.reason import ReasonForm

if TYPE_CHECKING:
    from collections.abc import Callable

    from easymo.backoffice.actions import Words

type Subject = Conversation | HandOff

PERMISSION = "agents.answer_person"


class AnswerForm(ReasonForm):
    """Asks for the text that the customer reads, and the reason for writing it."""

    field_order = ["text", "reason"]
    text = forms.CharField(
        max_length=handoff.MAX_ANSWER_LENGTH,
        label=_("Your answer"),
        help_text=_("The customer reads that a colleague writes. No voucher codes."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = gettext(
            "For the records; the customer does not read it."
        )


def conversation_of(row: Subject) -> Conversation | None:
    """Return the conversation itself, the handoff's, or its person's newest one.

    A phone call cannot be answered in writing: its person's chat is.
    """
    chat = Conversation.Channel.WHATSAPP
    found = row if isinstance(row, Conversation) else row.conversation
    if found is not None and found.channel == chat:
        return found
    rows = Conversation.objects.filter(profile_id=row.profile_id, channel=chat)
    return rows.order_by("-last_inbound_at").first()


def _is_paused(call: ActionCall[Subject]) -> bool:
    conversation = conversation_of(call.row)
    return conversation is not None and conversation.paused_at is not None


def _is_running(call: ActionCall[Subject]) -> bool:
    """Tell whether the agent answers; an erased person has no agent to pause."""
    conversation = conversation_of(call.row)
    if conversation is None or conversation.profile.erased_at is not None:
        return False
    return conversation.paused_at is None


def _refusal(call: ActionCall[Subject]) -> Exception | None:
    return handoff.why_unreachable(_conversation(call))


def _conversation(call: ActionCall[Subject]) -> Conversation:
    conversation = conversation_of(call.row)
    # Without one the action is not offered.
    assert conversation is not None
    return conversation


def _titled(action: Words) -> Callable[[ActionCall[Subject]], str]:
    return lambda call: f"{action} {_conversation(call).profile}"


def _claimed(text: Words) -> Callable[[ActionCall[Subject]], str]:
    """Say first that another colleague has claimed the conversation."""

    def explanation(call: ActionCall[Subject]) -> str:
        conversation = conversation_of(call.row)
        name = inbox.assignee_name(conversation) if conversation else ""
        is_other = name not in {"", call.actor}
        return (
            gettext("{name} has claimed this conversation. {text}").format(
                name=name, text=text
            )
            if is_other
            else str(text)
        )

    return explanation


def _explained(text: Words) -> Callable[[ActionCall[Subject]], str]:
    def explanation(call: ActionCall[Subject]) -> str:
        refusal, claimed = _refusal(call), _claimed(text)(call)
        return f"{refusal} {claimed}" if refusal else claimed

    return explanation


def _back(call: ActionCall[Subject]) -> str:
    return page_url(_conversation(call))


class ColleagueActions(AgentsAdmin):
    """Answer, pause the agent, resume the agent."""

    actions_detail: tuple[str, ...] = ("answer_one", "pause_one", "resume_one")

    @form_action(
        _("Answer"),
        path="answer",
        icon="reply",
        permission=PERMISSION,
        form=AnswerForm,
        offered=lambda call: conversation_of(call.row) is not None,
        unmet=lambda call: filled(str(_refusal(call) or "")),
        title=_titled(_("Answer")),
        explanation=_claimed(
            _(
                "The agent pauses in this conversation until you resume it, or for 24 hours"
                " after the last answer."
            )
        ),
        back=_back,
    )
    def answer_one(self, call: ActionCall[Subject]) -> str:
        conversation = _conversation(call)
        handoff.answer(
            conversation=conversation,
            text=call.data["text"],
            reason=call.reason,
            actor=call.actor,
            key=call.key,
        )
        return gettext("Your answer to {profile} is being sent.").format(
            profile=conversation.profile
        )

    @form_action(
        _("Pause the agent"),
        path="pause",
        icon="pause",
        permission=PERMISSION,
        offered=_is_running,
        title=_titled(_("Pause the agent for")),
        explanation=_explained(
            _(
                "The customer is told that a colleague answers, and what they write is"
                " kept for you. The agent resumes when you say so, or after 24 hours."
            )
        ),
        back=_back,
    )
    def pause_one(self, call: ActionCall[Subject]) -> str:
        conversation = _conversation(call)
        handoff.pause(
            conversation=conversation,
            reason=call.reason,
            actor=call.actor,
            key=call.key,
        )
        return gettext("The agent is paused for {profile}.").format(
            profile=conversation.profile
        )

    @form_action(
        _("Resume the agent"),
        path="resume",
        icon="play_arrow",
        permission=PERMISSION,
        offered=_is_paused,
        title=_titled(_("Resume the agent for")),
        explanation=_explained(
            _(
                "The agent answers the customer's next messages and knows what you wrote."
                " Earlier messages are not answered late."
            )
        ),
        back=_back,
    )
    def resume_one(self, call: ActionCall[Subject]) -> str:
        conversation = _conversation(call)
        handoff.resume(
            conversation=conversation,
            reason=call.reason,
            actor=call.actor,
            key=call.key,
        )
        return gettext("The agent answers {profile} again.").format(
            profile=conversation.profile
        )


def open_until(conversation: Conversation | None) -> str:
    """Return how long free text may still be sent."""
    if conversation is None:
        return "—"
    if (refusal := handoff.why_unreachable(conversation)) is not None:
        return {
            "WindowClosed": "closed",
            "PersonSaidStop": gettext("the customer sent STOP"),
        }.get(type(refusal).__name__, "—")
    closes_at = conversation.window_closes_at
    assert closes_at is not None
    minutes = max(int((closes_at - timezone.now()).total_seconds() // 60), 0)
    return gettext("{value} h {value2:02d} min left").format(
        value=minutes // 60, value2=minutes % 60
    )
