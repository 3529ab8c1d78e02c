"""What is asked for on the pages of incidents, contacts, announcements, checklists."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from easymo.backoffice.reason import ReasonForm
from rollout.admin.actions import ConfirmForm
from rollout.announcements import announcements
from rollout.incidents import lessons
from rollout.incidents.incidents import LESSONS, TEXT
from rollout.models import Announcement, Incident

LINE = UnfoldAdminTextInputWidget


def words(
    label: str, longest: int, *, rows: int = 5, required: bool = True
) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=longest,
        required=required,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}),
    )


class NoteForm(ConfirmForm):
    text = words("Note", TEXT)


class IncidentForm(ConfirmForm):
    title = forms.CharField(max_length=200, widget=LINE(attrs={"autofocus": True}))
    severity = forms.ChoiceField(
        choices=Incident.Severity.choices,
        initial=Incident.Severity.MEDIUM,
        widget=UnfoldAdminSelectWidget(),
        help_text="Critical calls everybody on call.",
    )
    text = words("What is going on", TEXT)


class CommanderForm(ConfirmForm):
    commander = forms.CharField(
        max_length=150, label="Who leads", widget=LINE(attrs={"autofocus": True})
    )


class SeverityForm(ReasonForm):
    severity = forms.ChoiceField(
        choices=Incident.Severity.choices, widget=UnfoldAdminSelectWidget()
    )
    field_order = ("severity", "reason")


class LessonsForm(ConfirmForm):
    """The guide's lessons learned; those left empty stay as they are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in LESSONS.items():
            self.fields[name] = words(
                label.capitalize(), lessons.LONGEST, rows=3, required=False
            )


class ActionForm(ConfirmForm):
    text = words("What is to be done", 500, rows=2)
    owner = forms.CharField(max_length=150, label="By whom", widget=LINE())
    due = forms.DateField(
        label="By when",
        input_formats=["%Y-%m-%d"],
        widget=LINE(attrs={"type": "date"}),
    )


class ContactForm(ConfirmForm):
    role = forms.CharField(max_length=80, widget=LINE(attrs={"autofocus": True}))
    name = forms.CharField(max_length=100, required=False, widget=LINE())
    phone = forms.CharField(
        max_length=40,
        required=False,
        label="Telephone",
        help_text="With its country: +250 …",
        widget=LINE(attrs={"inputmode": "tel"}),
    )
    email = forms.CharField(
        max_length=254,
        required=False,
        label="E-mail",
        widget=UnfoldAdminEmailInputWidget(),
    )
    order = forms.IntegerField(
        min_value=0,
        max_value=99,
        initial=1,
        help_text="1 is called first; 0 is not on call.",
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    is_active = forms.BooleanField(
        required=False,
        initial=True,
        label="In use",
        widget=UnfoldBooleanSwitchWidget(),
    )


class ShiftForm(ConfirmForm):
    hours = forms.IntegerField(
        min_value=1,
        max_value=31 * 24,
        initial=12,
        help_text="From now on she is called first, for so many hours.",
        widget=UnfoldAdminIntegerFieldWidget(),
    )


class WordsForm(ConfirmForm):
    subject = forms.CharField(max_length=announcements.LONGEST_SUBJECT, widget=LINE())
    text = words("Text", announcements.LONGEST, rows=10)


class AnnouncementForm(WordsForm):
    road = forms.ChoiceField(
        label="To whom, and how",
        choices=[
            (
                f"{audience}:{medium}",
                f"{Announcement.Audience(audience).label}, "
                f"{Announcement.Medium(medium).label}",
            )
            for audience, media in announcements.MEDIA.items()
            for medium in media
        ],
        widget=UnfoldAdminSelectWidget(),
    )
    field_order = ("road", "subject", "text")


class ApprovalForm(ConfirmForm):
    """Approves what stood on the page, and nothing that came after."""

    seen = forms.CharField(widget=forms.HiddenInput)


class TickForm(ConfirmForm):
    evidence = forms.CharField(
        max_length=500,
        label="What shows it",
        help_text="What you looked at and found; a link, a figure, a sentence.",
        widget=LINE(attrs={"autofocus": True}),
    )
