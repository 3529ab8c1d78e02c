"""The road of every button: ask why, call a service, tell what happened."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from easymo.backoffice.reason import ReasonForm, ask
from rollout.core.errors import NotMet, RolloutError
from rollout.models import Cohort, StageName
from rollout.stages import overrides, waivers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.contrib.admin import ModelAdmin
    from django.http import HttpRequest, HttpResponse


class TurnOnForm(ReasonForm):
    """Ask why; and whether also against what a rollback still asks for."""

    override = forms.BooleanField(
        required=False,
        label="Also against what a rollback still asks for",
        help_text="It is written down, and those on call are told.",
        widget=UnfoldBooleanSwitchWidget(),
    )
    field_order: tuple[str, ...] = ("reason", "override")


class AudienceForm(TurnOnForm):
    """For whom a feature goes on: a share of people, cohorts, or both."""

    percent = forms.DecimalField(
        required=False,
        min_value=0.01,
        max_value=100,
        decimal_places=2,
        label="Percentage",
        help_text="The same people stay in as it grows.",
        widget=UnfoldAdminDecimalFieldWidget(),
    )
    cohorts = forms.ModelMultipleChoiceField(
        Cohort.objects.none(),
        required=False,
        to_field_name="name",
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )
    field_order = ("percent", "cohorts", "reason", "override")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["cohorts"]
        if isinstance(choice, forms.ModelMultipleChoiceField):
            choice.queryset = Cohort.objects.order_by("name")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("percent") and not cleaned.get("cohorts"):
            raise forms.ValidationError("Give a percentage, a cohort, or both.")
        return cleaned


class StageForm(ReasonForm):
    stage = forms.ChoiceField(
        choices=StageName.choices, widget=UnfoldAdminSelectWidget()
    )
    override = forms.BooleanField(
        required=False,
        label="Pass the gates by",
        help_text="It is written down, and those on call are told.",
        widget=UnfoldBooleanSwitchWidget(),
    )
    field_order = ("stage", "reason", "override")


class WaiverForm(ReasonForm):
    gate = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    days = forms.IntegerField(
        min_value=1,
        max_value=waivers.LONGEST_DAYS,
        initial=waivers.LONGEST_DAYS,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    field_order = ("gate", "days", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["gate"]
        if isinstance(choice, forms.ChoiceField):
            choice.choices = waivers.choices()


class HoursForm(ReasonForm):
    hours = forms.IntegerField(
        min_value=1,
        max_value=overrides.LONGEST_HOURS,
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    field_order = ("hours", "reason")


class ConfirmForm(forms.Form):
    """The page says it all; a hidden field, so that an answer is never empty."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class MemberForm(ReasonForm):
    subject = forms.CharField(
        max_length=100,
        label="Subject",
        help_text="The person's public id, as her profile's page shows it.",
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )
    field_order = ("subject", "reason")


class CohortForm(forms.Form):
    name = forms.CharField(
        max_length=50,
        help_text="Lower-case letters, digits, - and _; it cannot be changed later.",
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )
    description = forms.CharField(
        max_length=200, required=False, widget=UnfoldAdminTextInputWidget()
    )


def refusal(error: RolloutError) -> list[str]:
    """Return what it says and, where something is missing, each thing by itself."""
    said = str(error)
    missing = error.unmet if isinstance(error, NotMet) else ()
    return [said, *(each for each in missing if each not in said)]


def ask_and_do(
    page: ModelAdmin[Any],
    request: HttpRequest,
    *,
    form: forms.Form,
    do: Callable[[dict[str, Any]], str],
    title: str,
    explanation: str,
    submit: str,
    back: str,
    subjects: Sequence[Any] = (),
    is_dangerous: bool = False,
) -> HttpResponse:
    """Show the form, or do what it asks; a refusal is shown on the form."""
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, do(form.cleaned_data))
        except RolloutError as error:
            for sentence in refusal(error):
                form.add_error(None, sentence)
        else:
            return redirect(back)
    return ask(
        request=request,
        site=page.admin_site,
        form=form,  # type: ignore[arg-type]
        title=title,
        explanation=explanation,
        submit=submit,
        subjects=subjects,
        is_dangerous=is_dangerous,
        back=back,
    )
