"""Pages of a new password by a link in an e-mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget

from easymo.backoffice import sign_in
from easymo.backoffice.models import AccountAct
from easymo.backoffice.narrow import show
from easymo.backoffice.password_links import SOURCE, is_offered, request_links
from easymo.backoffice.second_factor_pages import hidden
from easymo.database.authorship import Author, authored
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

logger = get_logger(__name__)

KEY = "password_link"


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email"}),
    )


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """Django's form with the look of Unfold."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget = UnfoldAdminPasswordWidget(
                attrs={"autocomplete": "new-password"}
            )


class Offered(View):
    """A page that exists only where e-mail and passwords are in use."""

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if not is_offered():
            raise Http404
        return super().dispatch(request, *args, **kwargs)


@hidden
class Request(Offered):
    """Ask for an address, and say the same whether it is known or not."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, AddressForm(label_suffix=""))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Enqueue the e-mail within the limits."""
        form = AddressForm(request.POST, label_suffix="")
        if not form.is_valid():
            return self._show(request, form)
        address = form.cleaned_data["email"]
        if seconds := sign_in.take_reset(request, address):
            return sign_in.too_many(
                request, seconds, _("Too many requests for a new password.")
            )
        request_links(address)
        return show(
            request,
            "sent",
            title=_("Look into your e-mail"),
            minutes=settings.PASSWORD_RESET_TIMEOUT // 60,
        )

    def _show(self, request: HttpRequest, form: AddressForm) -> HttpResponse:
        return show(request, "password_reset", title=_("Set a new password"), form=form)


@hidden
class Confirm(Offered):
    """Take the link of the e-mail, then the new password."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Move the token out of the address, so that no other site is told of it."""
        if "t" in request.GET:
            request.session[KEY] = [request.GET.get("u", ""), request.GET["t"]]
            return redirect("password-new")
        user = _user_of_link(request)
        return self._show(request, None if user is None else NewPasswordForm(user))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Set the password. A trigger ends all sessions of the account."""
        with transaction.atomic():
            user = _user_of_link(request, is_locked=True)
            form = None if user is None else NewPasswordForm(user, request.POST)
            if user is None or form is None or not form.is_valid():
                return self._show(request, form)
            author = Author(SOURCE, user.get_username(), user.pk)
            with authored(lambda: author):
                form.save()
                AccountAct.objects.create(user=user, act=AccountAct.Act.PASSWORD_RESET)
        del request.session[KEY]
        logger.info("password.reset", user_id=user.pk)
        messages.success(request, _("The new password is set. Sign in with it."))
        return redirect("admin:login")

    def _show(self, request: HttpRequest, form: NewPasswordForm | None) -> HttpResponse:
        title = _("Set a new password") if form else _("This link no longer works")
        return show(request, "password_new", title=title, form=form)


def _user_of_link(request: HttpRequest, *, is_locked: bool = False) -> User | None:
    """Return the account of the link, if it still works."""
    number, token = request.session.get(KEY) or ("", "")
    if not str(number).isdecimal() or len(str(number)) > 18:
        return None
    users = User.objects.select_for_update() if is_locked else User.objects.all()
    user = users.filter(pk=int(number), is_active=True).first()
    if user is None or not default_token_generator.check_token(user, token):
        return None
    return user
