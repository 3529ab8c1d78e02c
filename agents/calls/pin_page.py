"""The page behind a PIN link: a form without JavaScript, in the person's language.

Only a sent form uses the link up: previews of a message open its links. The token in the
address is the only secret, so that the form needs no cookie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.shortcuts import render as render_page
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)

from agents.core import call_rate
from agents.core.errors import PinLinkInvalid, PinNotPossible, PinRefused
from agents.core.secret_digits import SecretDigits
from agents.identity import pin_links
from agents.language import texts
from agents.language.choice import language_of, language_of_person
from agents.models import Conversation, PhonePin, PinLink
from agents.notifications import pin_messages
from easymo import keys
from easymo.addresses import address_of, network_of
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

logger = get_logger(__name__)

WINDOW_S = 600
# Requests of one network, and sent forms of one link, within ten minutes.
OF_NETWORK, OF_LINK = 60, 10
KEYS = ("title", "rules", "first", "again", "submit", "safety")


@method_decorator(
    [csrf_exempt, never_cache, sensitive_post_parameters(), sensitive_variables()],
    name="dispatch",
)
class PinPage(View):
    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Refuse a network that asks too often, whatever the link is."""
        if seconds := _take(f"network:{network_of(address_of(request))}", OF_NETWORK):
            return _too_many(request, seconds)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show the form while the link is valid."""
        link = pin_links.find_open(token)
        return _gone(request) if link is None else _form(request, link)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Set the PIN, or say on the form why not."""
        link = pin_links.find_open(token)
        if link is None:
            return _gone(request)
        if seconds := _take(f"link:{link.pk}", OF_LINK):
            return _too_many(request, seconds, _language(link))
        try:
            _set(request, token)
        except PinRefused as error:
            return _form(request, link, error=error)
        except PinLinkInvalid:
            return _gone(request, _language(link))
        except PinNotPossible:
            return _page(request, "impossible", _language(link), status=403)
        return _page(request, "done", _language(link))


def _set(request: HttpRequest, token: str) -> None:
    entered = SecretDigits(request.POST.get("pin", "").strip())
    if entered != SecretDigits(request.POST.get("again", "").strip()):
        raise PinRefused("different")
    with transaction.atomic():
        link = pin_links.use_link(token=token, digits=entered)
        pin_messages.tell_set(PhonePin.objects.get(profile=link.profile))


def _take(subject: str, limit: int) -> int | None:
    digest = keys.digest("pin-page", subject.encode()).hex()[:40]
    return call_rate.take(f"pin-page:{digest}", limit=limit, window=WINDOW_S)


def _language(link: PinLink) -> str:
    """Return the language of the person's chat, or else of their profile."""
    chats = Conversation.objects.filter(
        profile=link.profile, channel=Conversation.Channel.WHATSAPP
    ).select_related("profile")
    newest = chats.order_by("-last_inbound_at").first()
    return language_of(newest) if newest else language_of_person(link.profile)


def _form(
    request: HttpRequest, link: PinLink, *, error: PinRefused | None = None
) -> HttpResponse:
    language = _language(link)
    problem = texts.render(f"pin_page.{error.rule}", language) if error else ""
    return _page(
        request, "form", language, status=422 if error else 200, problem=problem
    )


def _gone(request: HttpRequest, language: str = "") -> HttpResponse:
    """Answer alike for a used, an expired and an invented link."""
    return _page(request, "gone", language, status=410)


def _too_many(request: HttpRequest, seconds: int, language: str = "") -> HttpResponse:
    logger.warning("ai.identity.pin.page.rate_limited")
    response = _page(request, "too_many", language, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def _page(
    request: HttpRequest, state: str, language: str, *, status: int = 200, **more: Any
) -> HttpResponse:
    # The person is not known without a valid link: then all languages are shown.
    languages = [language] if language else list(texts.LANGUAGES)
    shown = [
        {
            "code": each,
            "title": texts.render("pin_page.title", each),
            "text": texts.render(f"pin_page.{state}", each) if state != "form" else "",
        }
        for each in languages
    ]
    words = {name: texts.render(f"pin_page.{name}", languages[0]) for name in KEYS}
    context = {"state": state, "shown": shown, "language": languages[0], "words": words}
    response = render_page(request, "pin/page.html", context | more, status=status)
    response.headers["Cache-Control"] = "no-store"
    # The address is a secret.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
