"""What one of us may do in a conversation, from its own page or from the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from agents.core.errors import HandOffError
from agents.handoff import handoff
from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from agents.models import Conversation


class AnswerForm(ReasonForm):
    """The text that she reads, and why it is written."""

    field_order = ["text", "reason"]
    text = forms.CharField(
        max_length=handoff.MAX_ANSWER_LENGTH,
        label="Your answer",
        help_text="She reads that a person of our team writes. No voucher codes.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5, "autofocus": True}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["reason"].widget.attrs.pop("autofocus", None)
        self.fields["reason"].help_text = "For our records; she does not read it."


class ColleagueActions(ReadOnlyAdmin):
    """Answer, take over, give back; each asks why and calls a service."""

    actions_detail: tuple[str, ...] = ("answer_one", "pause_one", "resume_one")

    def conversation_of(self, object_id: str) -> Conversation | None:
        """Return the conversation that this page is about."""
        raise NotImplementedError

    def has_answer_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        return request.user.has_perm("agents.answer_person") and (
            object_id is None or self.conversation_of(object_id) is not None
        )

    def has_pause_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        if not request.user.has_perm("agents.answer_person") or object_id is None:
            return request.user.has_perm("agents.answer_person")
        conversation = self.conversation_of(object_id)
        return conversation is not None and conversation.paused_at is None

    def has_resume_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        if not request.user.has_perm("agents.answer_person") or object_id is None:
            return request.user.has_perm("agents.answer_person")
        conversation = self.conversation_of(object_id)
        return conversation is not None and conversation.paused_at is not None

    @action(
        description="Answer", url_path="answer", icon="reply", permissions=["answer"]
    )
    def answer_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Write to her as one of us; the agent keeps silent from then on."""
        form = AnswerForm(request.POST or None, label_suffix="")
        return self._do(
            request,
            object_id,
            form,
            title="Answer",
            explanation="The agent keeps silent in this conversation until you give "
            "it back, or for 24 hours after the last answer.",
            change=lambda conversation, given: handoff.answer(
                conversation=conversation,
                text=given["text"],
                reason=given["reason"],
                actor=actor_of(request),
                key=str(given["key"]),
            ),
            done="Your answer is on its way.",
        )

    @action(
        description="Pause the agent",
        url_path="pause",
        icon="pause",
        permissions=["pause"],
    )
    def pause_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the word from the agent; she is told that a person answers."""
        form = ReasonForm(request.POST or None, label_suffix="")
        return self._do(
            request,
            object_id,
            form,
            title="Pause the agent for",
            explanation="She is told that a person answers. What she writes is kept "
            "for you; the agent goes on when you give the conversation back, or "
            "after 24 hours.",
            change=lambda conversation, given: handoff.pause(
                conversation=conversation,
                reason=given["reason"],
                actor=actor_of(request),
                key=str(given["key"]),
            ),
            done="The agent is silent here.",
        )

    @action(
        description="Give back to the agent",
        url_path="resume",
        icon="play_arrow",
        permissions=["resume"],
    )
    def resume_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the agent answer again what is written from now on."""
        form = ReasonForm(request.POST or None, label_suffix="")
        return self._do(
            request,
            object_id,
            form,
            title="Give back to the agent:",
            explanation="The agent answers what she writes from now on, and knows "
            "what you wrote. Nothing earlier is answered late.",
            change=lambda conversation, given: handoff.resume(
                conversation=conversation,
                reason=given["reason"],
                actor=actor_of(request),
                key=str(given["key"]),
            ),
            done="The agent answers again.",
        )

    def _do(
        self,
        request: HttpRequest,
        object_id: str,
        form: ReasonForm,
        *,
        title: str,
        explanation: str,
        change: Callable[[Conversation, dict[str, str]], object],
        done: str,
    ) -> HttpResponse:
        conversation = self.conversation_of(object_id)
        if conversation is None:
            messages.error(request, "There is no conversation with this person yet.")
            return redirect(f"admin:agents_{self.model._meta.model_name}_changelist")
        back = reverse("admin:agents_conversation_change", args=[conversation.pk])
        refusal = handoff.why_unreachable(conversation)
        if request.method == "POST" and form.is_valid():
            try:
                change(conversation, form.cleaned_data)
            except HandOffError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, done)
                return redirect(back)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title=f"{title} {conversation.profile}",
            explanation=f"{refusal} {explanation}" if refusal else explanation,
            submit=title.split(" for", maxsplit=1)[0].rstrip(":"),
            back=back,
        )


def open_until(conversation: Conversation | None) -> str:
    """Return how long free text may still be sent."""
    if conversation is None:
        return "—"
    if (refusal := handoff.why_unreachable(conversation)) is not None:
        return {
            "WindowClosed": "closed",
            "PersonSaidStop": "she said STOP",
        }.get(type(refusal).__name__, "—")
    closes_at = conversation.window_closes_at
    assert closes_at is not None
    minutes = max(int((closes_at - timezone.now()).total_seconds() // 60), 0)
    return f"{minutes // 60} h {minutes % 60:02d} min left"
