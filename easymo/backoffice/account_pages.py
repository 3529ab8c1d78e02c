"""The page of the user's own account: second factor, sessions, and who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from django.views.decorators.http import require_POST

from easymo.backoffice import reauthentication, second_factor, sessions, sign_in
from easymo.backoffice.hashing import HashingBusy
from easymo.backoffice.narrow import ProofForm, onward, show
from easymo.backoffice.pages import person_of
from easymo.backoffice.second_factor import WrongCode
from easymo.backoffice.second_factor_pages import hidden, show_codes, too_many_codes

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse


def account(request: HttpRequest) -> HttpResponse:
    """Show the second factor and the sessions of the signed-in user."""
    user = person_of(request)
    session = request.browser_session  # type: ignore[attr-defined]
    context = {
        **admin.site.each_context(request),
        "title": _("Your account"),
        "person": user,
        "factor": second_factor.factor_of(user),
        "codes_left": second_factor.codes_left(user),
        "is_from_provider": session.is_from_provider,
        "rows": sessions.open_sessions(user),
        "own": session,
    }
    return TemplateResponse(request, "admin/sign_in/account.html", context)


@require_POST
def end_session(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """End one session of the user."""
    if sessions.end_one(user=person_of(request), public_id=public_id):
        messages.success(request, _("The session has ended."))
    else:
        messages.info(request, _("The session had ended already."))
    return redirect("account")


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End all sessions of the user except this one."""
    session = request.browser_session  # type: ignore[attr-defined]
    count = sessions.end_others(user=person_of(request), than=session)
    sentence = ngettext(
        "%(count)s other session has ended.",
        "%(count)s other sessions have ended.",
        count,
    )
    messages.success(request, sentence % {"count": count})
    return redirect("account")


@require_POST
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Show new recovery codes once."""
    if answer := reauthentication.ask(request, back=reverse("account")):
        return answer
    user = person_of(request)
    if second_factor.factor_of(user) is None:
        return redirect("account")
    codes = second_factor.renew_codes(user=user)
    return show_codes(request, codes, after=reverse("account"))


@require_POST
def remove_factor(request: HttpRequest) -> HttpResponse:
    """Remove the second factor of the user."""
    if answer := reauthentication.ask(request, back=reverse("account")):
        return answer
    if second_factor.remove(user=person_of(request)):
        messages.success(request, _("The second factor was removed."))
    return redirect("account")


@hidden
class Reauthenticate(View):
    """Ask a signed-in user for the password, or a code of the app."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, self._form(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Check one of the two within the limits of sign-ins."""
        form = self._form(request)
        if not form.is_valid():
            return self._show(request, form)
        user, data = person_of(request), form.cleaned_data
        try:
            is_right = (
                _is_password(request, user, data["password"])
                if data["password"]
                else _is_code(request, user, data["code"])
            )
        except sign_in.TooManyAttempts as error:
            if data["password"]:
                return sign_in.too_many(request, error.seconds)
            return too_many_codes(request, error.seconds)
        if not is_right:
            form.add_error(
                "password" if data["password"] else "code",
                _("This password is wrong.")
                if data["password"]
                else second_factor.wrong_code_sentence(user),
            )
            return self._show(request, form)
        reauthentication.note(request)
        reauthentication.tell_interrupted(request)
        return redirect(onward(request))

    def _form(self, request: HttpRequest) -> ProofForm:
        factor = second_factor.factor_of(person_of(request))
        return ProofForm(
            request.POST or None, has_factor=factor is not None, label_suffix=""
        )

    def _show(self, request: HttpRequest, form: ProofForm) -> HttpResponse:
        session = request.browser_session  # type: ignore[attr-defined]
        return show(
            request,
            "reauthenticate",
            title=_("Confirm who you are"),
            form=None if session.is_from_provider else form,
            person=request.user,
            next=onward(request),
        )


def _is_password(request: HttpRequest, user: User, password: str) -> bool:
    attempt = sign_in.begin(request, user.get_username())
    try:
        is_right = user.check_password(password)
    except HashingBusy:
        attempt.abandoned()
        raise
    if is_right:
        attempt.succeeded()
    return is_right


def _is_code(request: HttpRequest, user: User, code: str) -> bool:
    attempt = sign_in.begin_code(request, user)
    try:
        factor = second_factor.check(user=user, code=code)
    except WrongCode:
        return False
    attempt.succeeded()
    session: Any = request.browser_session  # type: ignore[attr-defined]
    return bool(session.verified_factor == factor)
