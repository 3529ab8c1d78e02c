from __future__ import annotations

from typing import TYPE_CHECKING, cast

from agents.webhooks.whatsapp import FUNCTION, WhatsAppWebhook

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

PATH = f"/functions/v1/{FUNCTION}"


class WebhookLane:
    """Lead Meta's deliveries past sessions, sign-in, policies and static files.

    They are signed, and that is all they need: the middleware below costs as much as
    storing a receipt does.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        view = WhatsAppWebhook.as_view()
        self.receive = cast("Callable[[HttpRequest], HttpResponse]", view)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and request.path_info == PATH:
            response = self.receive(request)
            response.headers["Content-Length"] = str(len(response.content))
            return response
        return self.get_response(request)
