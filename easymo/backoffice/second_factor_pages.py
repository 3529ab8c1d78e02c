"""Pages of the second factor: its code after the password, and its set-up."""

from __future__ import annotations

from base64 import b32encode
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth import logout
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)

from easymo.backoffice import reauthentication, second_factor, sign_in
from easymo.backoffice.guard import pending_user
from easymo.backoffice.narrow import CodeForm, onward, show
from easymo.backoffice.pages import person_of
from easymo.backoffice.second_factor import WrongCode

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

PENDING_KEY = "second_factor_key"
hidden = method_decorator(
    [never_cache, sensitive_post_parameters(), sensitive_variables()], name="dispatch"
)


def too_many_codes(request: HttpRequest, seconds: int) -> HttpResponse:
    return sign_in.too_many(request, seconds, _("Too many wrong codes."))


@hidden
class SecondFactor(View):
    """Ask for the code after the password."""

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Redirect users who need no code."""
        user = pending_user(request)
        if user is None:
            return redirect(onward(request))
        if second_factor.factor_of(user) is None:
            return redirect(_with_next(request, "second-factor-set-up"))
        self.user = user
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, CodeForm(label_suffix=""))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Check a code within the limits of wrong ones."""
        form = CodeForm(request.POST, label_suffix="")
        if not form.is_valid():
            return self._show(request, form)
        try:
            attempt = sign_in.begin_code(request, self.user)
        except sign_in.TooManyAttempts as error:
            return too_many_codes(request, error.seconds)
        try:
            factor = second_factor.check(user=self.user, code=form.cleaned_data["code"])
        except WrongCode:
            form.add_error("code", second_factor.wrong_code_sentence(self.user))
            return self._show(request, form)
        attempt.succeeded()
        _verified(request, factor)
        return redirect(onward(request))

    def _show(self, request: HttpRequest, form: CodeForm) -> HttpResponse:
        return show(
            request,
            "second_factor",
            title=_("Second factor"),
            form=form,
            person=self.user,
            next=onward(request),
        )


@hidden
class SetUp(View):
    """Show a new secret as a QR code and as text, and take the app's first code."""

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Allow users without an app, and those who have just proved who they are."""
        pending = pending_user(request)
        if pending is None and not request.user.is_authenticated:
            return redirect(reverse("admin:login"))
        if pending is not None:
            if second_factor.factor_of(pending) is not None:
                return redirect(_with_next(request, "second-factor"))
            if not reauthentication.is_fresh(request):
                return _sign_in_again(request)
        elif request.browser_session.is_from_provider:  # type: ignore[attr-defined]
            return redirect(reverse("account"))
        elif answer := reauthentication.ask(request):
            return answer
        self.is_pending = pending is not None
        self.user: User = pending or person_of(request)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, CodeForm(label_suffix=""))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store the app when its code is right, and show the recovery codes once."""
        form = CodeForm(request.POST, label_suffix="")
        key = request.session.get(PENDING_KEY)
        if not form.is_valid() or not key:
            return self._show(request, form)
        try:
            attempt = sign_in.begin_code(request, self.user)
        except sign_in.TooManyAttempts as error:
            return too_many_codes(request, error.seconds)
        try:
            factor, codes = second_factor.set_up(
                user=self.user, key=key, code=form.cleaned_data["code"]
            )
        except WrongCode:
            sentence = _(
                "This code is not of the account above. Check the clock of your phone."
            )
            form.add_error("code", sentence)
            return self._show(request, form)
        attempt.succeeded()
        del request.session[PENDING_KEY]
        _verified(request, factor.pk)
        return show_codes(request, codes, after=onward(request))

    def _show(self, request: HttpRequest, form: CodeForm) -> HttpResponse:
        key = request.session.setdefault(PENDING_KEY, second_factor.new_key())
        factor = second_factor.unsaved(self.user, key)
        secret = b32encode(factor.bin_key).decode()
        return show(
            request,
            "set_up",
            title=_("Set up the second factor"),
            form=form,
            person=self.user,
            image=second_factor.image(factor.config_url),
            secret=" ".join(secret[n : n + 4] for n in range(0, len(secret), 4)),
            is_pending=self.is_pending,
            next=onward(request),
        )


class Leave(View):
    """End a sign-in whose second factor is missing."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        logout(request)
        return redirect(reverse("admin:login"))


def show_codes(request: HttpRequest, codes: list[str], *, after: str) -> HttpResponse:
    """Show new recovery codes. They are in no other answer."""
    return show(request, "codes", title=_("Recovery codes"), codes=codes, next=after)


def _verified(request: HttpRequest, factor: int) -> None:
    session = request.browser_session  # type: ignore[attr-defined]
    session.verified_factor = factor
    session.save(update_fields=["verified_factor"])
    reauthentication.note(request)
    request.session.cycle_key()


def _with_next(request: HttpRequest, name: str) -> str:
    query = request.GET.urlencode()
    return f"{reverse(name)}?{query}" if query else reverse(name)


def _sign_in_again(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.info(request, _("Sign in again to set up the second factor."))
    return redirect(_with_next(request, "admin:login"))
