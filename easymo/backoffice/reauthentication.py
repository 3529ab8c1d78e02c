"""Confirm who you are before a change of roles, keys or much value.

A sign-in counts as well, for as long. Nothing is repeated by itself: after the page
the user is where they were, with what they had entered, and presses the button again.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from easymo.code_texts import blank_codes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

    from easymo.backoffice.models import BrowserSession

VALID_FOR = timedelta(minutes=10)
KEPT = "interrupted"
MOST_KEPT = 10_000
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ABSENT = (
    forms.BooleanField,
    forms.MultipleChoiceField,
    forms.ModelMultipleChoiceField,
)


def is_fresh(request: HttpRequest) -> bool:
    """Tell whether the user proved who they are in the last minutes."""
    session = getattr(request, "browser_session", None)
    proved_at = session.authenticated_at if session is not None else None
    return proved_at is not None and timezone.now() - proved_at < VALID_FOR


def note(request: HttpRequest) -> None:
    """The user of this request has just proved who they are."""
    session: BrowserSession = request.browser_session  # type: ignore[attr-defined]
    session.authenticated_at = timezone.now()
    session.save(update_fields=["authenticated_at"])


def ask(request: HttpRequest, *, back: str = "") -> HttpResponse | None:
    """Lead to the page that asks who it is; None when that is known.

    What a POST held is kept for its form. Nothing of it is done. ``back`` is the page
    with the button, where it is not the address of the request.
    """
    if is_fresh(request):
        return None
    if request.method == "POST":
        _keep(request)
    query = urlencode({"next": back or request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('reauthenticate')}?{query}")


def tell_interrupted(request: HttpRequest) -> None:
    """Say that an interrupted change was not made."""
    if KEPT in request.session:
        messages.warning(
            request, _("Nothing was changed yet. Press the button once more.")
        )


def kept(request: HttpRequest) -> dict[str, list[str]]:
    """Return what was entered at this address before the question, once."""
    found = request.session.get(KEPT)
    if not found or request.method != "GET" or found["path"] != request.path:
        return {}
    del request.session[KEPT]
    entered: dict[str, list[str]] = found["data"]
    return entered


def restored(
    fields: Mapping[str, forms.Field], entered: dict[str, list[str]]
) -> dict[str, Any]:
    """Return the initial values of fields from what was entered.

    A box that was not ticked and a list without a choice are not in a POST.
    """
    if not entered:
        return {}
    return {
        name: _value(field, entered.get(name))
        for name, field in fields.items()
        if name in entered or isinstance(field, _ABSENT)
    }


def _value(field: forms.Field, values: list[str] | None) -> Any:
    if isinstance(field, forms.BooleanField):
        return values is not None
    if isinstance(field, (forms.MultipleChoiceField, forms.ModelMultipleChoiceField)):
        return values or []
    return values[-1] if values else ""


def _keep(request: HttpRequest) -> None:
    data = {
        name: values
        for name, values in request.POST.lists()
        if values and name != "csrfmiddlewaretoken" and "password" not in name
    }
    if sum(len(value) for values in data.values() for value in values) <= MOST_KEPT:
        without_codes = {
            name: [value if _is_id(value) else blank_codes(value) for value in values]
            for name, values in data.items()
        }
        request.session[KEPT] = {"path": request.path, "data": without_codes}


def _is_id(value: str) -> bool:
    """Tell whether this is a UUID: its digits could look like a code."""
    return _UUID.fullmatch(value) is not None
