"""The reason that a user gives for a change, and the page that asks for it."""

from __future__ import annotations

import unicodedata
import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from unfold.widgets import UnfoldAdminTextInputWidget

from easymo.backoffice.names import label_fields
from easymo.code_texts import blank_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.admin import AdminSite
    from django.http import HttpRequest
    from django_stubs_ext import StrPromise

    type Words = str | StrPromise

MAX_REASON = 500


class InvalidReason(ValueError):
    """A reason has 1 to 500 characters and no control characters."""


def clean_reason(text: str) -> str:
    """Return the reason stripped and without codes, or raise ``InvalidReason``."""
    reason = text.strip()
    if not reason:
        raise InvalidReason(gettext("A reason is required."))
    if len(reason) > MAX_REASON:
        raise InvalidReason(
            gettext("A reason has at most {max_reason} characters.").format(
                max_reason=MAX_REASON
            )
        )
    # Cc: control; Cf: invisible and direction marks; Cs: lone surrogates.
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cs"} for letter in reason):
        raise InvalidReason(gettext("A reason has no control characters."))
    return blank_codes(reason)


class ReasonForm(forms.Form):
    """Asks for a reason; forms with more fields inherit from it."""

    # Identifies this rendering of the form: sent twice, the change is made once.
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    reason = forms.CharField(
        max_length=MAX_REASON,
        strip=True,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    def clean_reason(self) -> str:
        """Apply the rules of ``clean_reason``."""
        try:
            return clean_reason(self.cleaned_data["reason"])
        except InvalidReason as error:
            raise forms.ValidationError(str(error)) from error


def place_focus(form: forms.Form) -> None:
    """Focus the first field with an error, else the first field.

    An error of the whole form is focused by the template instead.
    """
    fields = form.visible_fields()
    wrong = [field for field in fields if field.errors]
    chosen = wrong or ([] if form.non_field_errors() else fields)
    for field in fields:
        field.field.widget.attrs.pop("autofocus", None)
    if chosen:
        chosen[0].field.widget.attrs["autofocus"] = True


def ask(
    *,
    request: HttpRequest,
    site: AdminSite,
    form: forms.Form,
    title: Words,
    explanation: Words,
    submit: Words,
    subjects: Sequence[Any] = (),
    unmet: Sequence[Words] = (),
    shown: str = "",
    is_dangerous: bool = False,
    back: str = "..",
    has_files: bool = False,
) -> TemplateResponse:
    """Return the page between a button and its effect; it lists the subjects.

    ``shown`` is HTML that a template made. With unmet conditions the page names them and
    has no form.
    """
    label_fields(form)
    place_focus(form)
    context = {
        **site.each_context(request),
        "form": form,
        "title": title,
        "explanation": explanation,
        "submit": submit,
        "subjects": subjects,
        "unmet": unmet,
        "shown": shown,
        "is_dangerous": is_dangerous,
        "back": back,
        "has_files": has_files,
    }
    return TemplateResponse(request, "admin/ask_reason.html", context)
