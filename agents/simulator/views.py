from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.generic import TemplateView

from agents.admin import overview
from agents.content import publishing
from agents.core.serving import our_number
from agents.models import SandboxMedia
from agents.simulator import page_data, suggestions
from agents.simulator.access import SimulatorView
from agents.simulator.attachments import REACTIONS, InvalidAttachment, content_from
from agents.simulator.fragments import fragment
from agents.simulator.webhook_post import Button, NotAccepted, envelope, post_to_webhook
from agents.whatsapp.media_download import extension_of
from easymo.backoffice import reauthentication
from rollout.core.errors import RolloutError
from rollout.core.features import Feature
from rollout.flags import exposure, flags
from rollout.plan import plan as plans
from rollout.stages import rollback

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

    from vouchers.models import Profile

MAX_TEXT = 4_096


class Page(SimulatorView, TemplateView):
    template_name = "simulator/page.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "person" not in kwargs and (people := page_data.people()):
            return redirect("simulator:person", person=people[0].public_id)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        person = self.person() if "person" in self.kwargs else None
        context["people"] = page_data.people()
        context["features"] = overview.features()
        context["has_draft"] = publishing.draft().document is not None
        if person is not None:
            context |= chat_context(person) | page_data.trace_context(person)
            context["suggestions"] = suggestions.for_person(person)
            context["spoken"] = suggestions.spoken_by(person)
            context["places"] = suggestions.PLACES
        return context


class Chat(SimulatorView):
    def get(self, request: HttpRequest, person: UUID) -> HttpResponse:
        return fragment(request, "simulator/_chat.html", chat_context(self.person()))


class TracePanel(SimulatorView):
    def get(self, request: HttpRequest, person: UUID) -> HttpResponse:
        context = page_data.trace_context(self.person()) | {
            "features": overview.features()
        }
        return fragment(request, "simulator/_behind.html", context)


class Send(SimulatorView):
    def post(self, request: HttpRequest, person: UUID) -> HttpResponse:
        """Send a text, a pressed button or an attachment through the webhook."""
        sender = self.person()
        text = request.POST.get("text", "").strip()[:MAX_TEXT]
        button = None
        if pressed := request.POST.get("button", ""):
            button = Button(id=pressed[:256], title=text[:20])
        try:
            content = content_from(request, sender)
        except InvalidAttachment as error:
            return JsonResponse({"error": str(error)}, status=400)
        if not text and content is None:
            return JsonResponse(
                {"error": gettext("Enter a message first.")}, status=400
            )
        body = envelope(
            profile=sender,
            phone_number_id=our_number(),
            text=text,
            button=button,
            content=content,
        )
        try:
            post_to_webhook(request=request, body=body)
        except NotAccepted as error:
            return JsonResponse({"error": str(error)}, status=502)
        return JsonResponse({"sent": True})


class Photo(SimulatorView):
    def get(self, request: HttpRequest, person: UUID, media: int) -> HttpResponse:
        """Show a photo that this sandbox person sent."""
        kept = get_object_or_404(SandboxMedia, pk=media, profile=self.person())
        extension = extension_of(bytes(kept.content), "image")
        if not extension:
            raise Http404
        kind = "jpeg" if extension == "jpg" else extension
        return HttpResponse(bytes(kept.content), content_type=f"image/{kind}")


class Features(SimulatorView):
    def post(self, request: HttpRequest) -> HttpResponse:
        """Turn all features off or on, with a reason."""
        if not request.user.has_perm("rollout.change_exposure"):
            return JsonResponse(
                {"error": gettext("You may not change features.")}, status=403
            )
        actor = request.user.get_username()
        reason = request.POST.get("reason", "")
        try:
            if request.POST.get("action") == "off":
                done = rollback.rollback_quick(
                    reason=reason, actor=actor, source="admin"
                )
                return JsonResponse(
                    {
                        "said": gettext("The agent is off: {receipt}.").format(
                            receipt=done.receipt
                        )
                    }
                )
            if plans.is_restoring() and not reauthentication.is_fresh(request):
                sentence = gettext(
                    "After a rollback, features come back on the page Restore, or once"
                    " you have confirmed who you are."
                )
                return JsonResponse({"error": sentence}, status=403)
            flags.set_features(
                dict.fromkeys(Feature, True),
                actor=actor,
                reason=reason,
                source="admin",
                override=request.POST.get("override") == "1",
            )
        except RolloutError as error:
            return JsonResponse({"error": str(error)}, status=400)
        return JsonResponse({"said": gettext("All four features are on for everyone.")})


def chat_context(person: Profile) -> dict[str, Any]:
    """Return the data of the chat."""
    conversation = page_data.conversation_of(person)
    bubbles = page_data.bubbles(conversation)
    return {
        "person": person,
        "reactions": REACTIONS,
        "bubbles": bubbles,
        "is_typing": page_data.is_typing(conversation)
        and exposure.is_on_for_anyone(Feature.CHAT),
    }
