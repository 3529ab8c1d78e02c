"""The forms of this app's admin actions."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from easymo.backoffice.reason import ReasonForm
from rollout.announcements import announcements
from rollout.incidents import incidents
from rollout.incidents.incidents import LESSONS, MAX_TEXT
from rollout.models import Announcement, Cohort, Incident, StageName
from rollout.plan import plan as plans
from rollout.stages import waivers

if TYPE_CHECKING:
    from easymo.backoffice.actions import Words


def line(label: Words | None, longest: int, **options: Any) -> forms.CharField:
    attrs = options.pop("attrs", {})
    widget = UnfoldAdminTextInputWidget(attrs=attrs)
    return forms.CharField(label=label, max_length=longest, widget=widget, **options)


def text(
    label: Words, longest: int, *, rows: int = 5, **options: Any
) -> forms.CharField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=longest, widget=widget, **options)


def number(lowest: int, highest: int, initial: int, **options: Any) -> forms.Field:
    return forms.IntegerField(
        min_value=lowest,
        max_value=highest,
        initial=initial,
        widget=UnfoldAdminIntegerFieldWidget(),
        **options,
    )


def choice(**options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(widget=UnfoldAdminSelectWidget(), **options)


def switch(label: Words, help_text: Words = "", **options: Any) -> forms.BooleanField:
    return forms.BooleanField(
        required=False,
        label=label,
        help_text=help_text,
        widget=UnfoldBooleanSwitchWidget(),
        **options,
    )


RECORDED = _("The override is recorded and the people on call are notified.")


class ConfirmForm(forms.Form):
    """Asks for nothing; the hidden field makes a submitted form not empty."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class TurnOnForm(ReasonForm):
    override = switch(_("Turn on without the resume requirements"), RECORDED)
    field_order: tuple[str, ...] = ("reason", "override")


class AudienceForm(TurnOnForm):
    """Limits a feature to a percentage of people, to cohorts, or to both."""

    percent = forms.DecimalField(
        required=False,
        min_value=0.01,
        max_value=100,
        decimal_places=2,
        label=_("Percentage"),
        help_text=_("The same people stay included as it grows."),
        widget=UnfoldAdminDecimalFieldWidget(),
    )
    cohorts = forms.ModelMultipleChoiceField(
        Cohort.objects.order_by("name"),
        required=False,
        to_field_name="name",
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )
    field_order = ("percent", "cohorts", "reason", "override")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("percent") and not cleaned.get("cohorts"):
            raise forms.ValidationError(
                gettext("Give a percentage, a cohort, or both.")
            )
        return cleaned


def _other_stages() -> list[tuple[str, str]]:
    here = plans.current().run.stage
    return [(name, label) for name, label in StageName.choices if name != here]


class StageForm(ReasonForm):
    stage = choice(choices=_other_stages)
    override = switch(_("Skip the gates"), RECORDED)
    field_order = ("stage", "reason", "override")


class WaiverForm(ReasonForm):
    gate = choice(choices=waivers.waivable_gates)
    days = number(1, waivers.MAX_WAIVER_DAYS, waivers.MAX_WAIVER_DAYS)
    field_order = ("gate", "days", "reason")


class HoursForm(ReasonForm):
    hours = number(1, waivers.MAX_OVERRIDE_HOURS, 1)
    field_order = ("hours", "reason")


class MemberForm(ReasonForm):
    subject = line(
        _("Subject"),
        100,
        help_text=_("The public id that the person's page shows."),
    )
    field_order = ("subject", "reason")


class CohortForm(ConfirmForm):
    name = line(
        None,
        50,
        help_text=_("Lower-case letters, digits, - and _. It cannot be changed later."),
    )
    description = line(None, 200, required=False)


class LiveForm(ConfirmForm):
    live = switch(
        _("Also call OpenAI, Meta and Supabase"),
        _("Free of charge; takes some seconds."),
    )


class NoteForm(ConfirmForm):
    text = text(_("Note"), MAX_TEXT)


class IncidentForm(ConfirmForm):
    title = line(None, 200)
    severity = choice(
        choices=Incident.Severity.choices,
        initial=Incident.Severity.MEDIUM,
        help_text=_("Critical notifies everyone on call."),
    )
    text = text(_("What is happening"), MAX_TEXT)


class CommanderForm(ConfirmForm):
    commander = line(_("Commander"), 150)


class SeverityForm(ReasonForm):
    severity = choice(choices=Incident.Severity.choices)
    field_order = ("severity", "reason")


class LessonsForm(ConfirmForm):
    """The guide's four lessons; an empty one keeps its stored text."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in LESSONS.items():
            self.fields[name] = text(
                label.capitalize(), incidents.MAX_LESSON, rows=3, required=False
            )


class ActionForm(ConfirmForm):
    text = text("Task", 500, rows=2)
    owner = line(_("Owner"), 150)
    due = forms.DateField(
        input_formats=["%Y-%m-%d"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
    )


class FinishForm(ConfirmForm):
    """Names the action item that the page showed."""

    item = forms.IntegerField(widget=forms.HiddenInput)


class ContactForm(ConfirmForm):
    role = line(None, 80)
    name = line(None, 100, required=False)
    phone = line(
        _("Telephone"),
        40,
        required=False,
        help_text=_("With the country code: +250 …"),
        attrs={"inputmode": "tel"},
    )
    email = forms.CharField(
        max_length=254,
        required=False,
        label=_("E-mail"),
        widget=UnfoldAdminEmailInputWidget(),
    )
    order = number(0, 99, 1, help_text=_("1 is called first; 0 is not on call."))
    is_active = switch(_("In use"), initial=True)


class ShiftForm(ConfirmForm):
    hours = number(
        1,
        31 * 24,
        12,
        help_text=_("The contact is called first for this number of hours."),
    )


class RewriteForm(ConfirmForm):
    subject = line(None, announcements.LONGEST_SUBJECT)
    text = text("Text", announcements.LONGEST, rows=10)


class AnnouncementForm(RewriteForm):
    audience_and_medium = choice(
        label=_("Audience and medium"),
        choices=[
            (
                f"{audience}:{medium}",
                f"{Announcement.Audience(audience).label}, "
                f"{Announcement.Medium(medium).label}",
            )
            for audience, media in announcements.MEDIA.items()
            for medium in media
        ],
    )
    field_order = ("audience_and_medium", "subject", "text")


class ApprovalForm(ConfirmForm):
    """Approves the text that the page showed, and no later one."""

    seen = forms.CharField(widget=forms.HiddenInput)


class TickForm(ConfirmForm):
    evidence = line(
        _("Evidence"),
        500,
        help_text=_("What you checked and found: a link, a figure, a sentence."),
    )
