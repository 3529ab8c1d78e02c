"""The language of the back office: of the account, else of this browser.

Only pages for people of the back office follow it. The function API, webhooks, metrics
and health always answer in English, whatever `Accept-Language` says.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponseBadRequest, HttpResponseRedirect
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import trans_real
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from easymo.backoffice.guard import pending_user
from easymo.backoffice.models import AccountLanguage

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

FOLDERS = ("/admin/", "/simulator/")
LANDING = "/"
AS_BROWSER = ""
CHOICES = {code for code, _ in settings.LANGUAGES} | {AS_BROWSER}
YEAR_S = 31_536_000
MOST_TEXTS = 20_000


class LanguageMiddleware:
    """Answer the pages of the back office in the language of their reader."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        for code, _ in settings.LANGUAGES:
            remember(code)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != LANDING and not request.path.startswith(FOLDERS):
            return self.get_response(request)
        language = language_of(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language",))
        return response


def remember(language: str) -> None:
    """Keep what texts of a language were translated to.

    A page asks for about a thousand, each of which Django looks up in the catalogues of
    several apps, one after the other.
    """
    found: Any = trans_real.translation(language)
    if not hasattr(found.gettext, "cache_info"):
        found.gettext = lru_cache(maxsize=MOST_TEXTS)(found.gettext)


def language_of(request: HttpRequest) -> str:
    """Return what the account chose, else this browser."""
    return chosen_language(request) or translation.get_language_from_request(request)


def chosen_language(request: HttpRequest) -> str:
    """Return the language that the account chose, or none.

    A user whose second factor is missing reads its page in their own language.
    """
    user = pending_user(request) or request.user
    if not user.is_authenticated:
        return AS_BROWSER
    # The row of the session, which was read with it; not one of a sign-in just made.
    session: Any = getattr(request, "browser_session", None)
    if hasattr(session, "language"):
        return session.language or AS_BROWSER
    rows = AccountLanguage.objects.filter(user=user.pk)
    return rows.values_list("language", flat=True).first() or AS_BROWSER


@never_cache
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the language with the account, and in this browser for the sign-in page."""
    language = request.POST.get("language", AS_BROWSER)
    if language not in CHOICES:
        return HttpResponseBadRequest()
    after = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        after, {request.get_host()}, require_https=request.is_secure()
    ):
        after = "/admin/"
    response = HttpResponseRedirect(after)
    if request.user.is_authenticated:
        AccountLanguage.objects.update_or_create(
            user_id=request.user.pk, defaults={"language": language}
        )
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=YEAR_S if language else 0,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
