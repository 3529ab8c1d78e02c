"""Pages with one form in the look of the sign-in page, and where they lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from easymo.backoffice.reason import place_focus

if TYPE_CHECKING:
    from django.http import HttpRequest


class CodeForm(forms.Form):
    """Takes a code of the authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "spellcheck": "false"}
        ),
    )


class ProofForm(forms.Form):
    """Takes the password, or a code where the account has an app."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=4096,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=_("Or a code of your authenticator app"),
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code"}),
    )

    def __init__(self, *args: Any, has_factor: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_factor:
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        """Require one of the two."""
        data = super().clean() or {}
        if not data.get("password") and not data.get("code"):
            raise forms.ValidationError(_("Enter one of them."))
        return data


def show(
    request: HttpRequest, name: str, *, status: int = 200, **context: Any
) -> TemplateResponse:
    """Return a page that is shown without the menu."""
    form = context.get("form")
    if form is not None:
        place_focus(form)
    given = {**admin.site.each_context(request), **context}
    return TemplateResponse(request, f"admin/sign_in/{name}.html", given, status=status)


def onward(request: HttpRequest) -> str:
    """Return the address after the page: one of this site, else the first page."""
    wanted = str(request.POST.get("next") or request.GET.get("next") or "")
    is_safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_safe else reverse("admin:index")
