"""The form of a new API token."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from agents.api import tokens
from agents.core.errors import TokenError
from agents.models.api import SCOPES
from easymo.backoffice.reason import ReasonForm
from vouchers.models import Station

LABELS = {
    "lookup": _("Look customers up"),
    "create": _("Issue vouchers"),
    "redeem": _("Redeem vouchers"),
    "void": _("Void vouchers"),
}


class DayInput(UnfoldAdminTextInputWidget):  # type: ignore[misc]
    """The browser's own calendar."""

    input_type = "date"


class TokenForm(ReasonForm):
    """What the token may do, from where, and until when."""

    name = forms.CharField(
        label=_("Name"),
        max_length=50,
        help_text=_("The program that uses it."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=[(scope, LABELS[scope]) for scope in SCOPES],
        initial=["lookup"],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    station = forms.ModelChoiceField(
        Station.objects.none(),
        label=_("Only at the station"),
        required=False,
        empty_label=_("Any station"),
        widget=UnfoldAdminSelectWidget,
    )
    networks = forms.CharField(
        label=_("Only from these addresses"),
        required=False,
        max_length=1_000,
        help_text=_(
            "Addresses or networks, one on each line, for example 203.0.113.0/24."
            " Empty: from everywhere."
        ),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"}),
    )
    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        help_text=_("It works until the end of this day. Empty: it does not expire."),
        widget=DayInput,
    )
    field_order = ("name", "scopes", "station", "networks", "last_day", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        station: Any = self.fields["station"]
        station.queryset = Station.objects.filter(is_active=True).order_by("name")

    def clean_networks(self) -> list[str]:
        """Return the networks in their usual form."""
        texts = self.cleaned_data["networks"].replace(",", " ").split()
        try:
            return tokens.known_networks(texts)
        except TokenError as error:
            raise ValidationError(str(error)) from error

    def clean_last_day(self) -> datetime | None:
        """Return the end of the day."""
        day = self.cleaned_data["last_day"]
        if day is None:
            return None
        end = timezone.make_aware(datetime.combine(day, time.max))
        if end <= timezone.now():
            raise ValidationError(_("This day is over."))
        return end
