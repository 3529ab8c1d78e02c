"""Canned replies and approved templates: the list, and the pages that change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from agents.core.errors import TextRefused
from agents.handoff import canned, handoff, templates
from agents.models import ApprovedTemplate, CannedReply
from easymo.backoffice.pages import person_of
from easymo.backoffice.reason import ask

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

VIEW = "agents.view_conversation"
EDIT_REPLIES, EDIT_TEMPLATES = "agents.edit_replies", "agents.edit_templates"
TEXTS = ("text_en", "text_fr", "text_rw", "text_sw")


class ReplyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A canned reply in the four languages."""

    class Meta:
        model = CannedReply
        fields = ("key", "title", *TEXTS)
        widgets = {
            "key": UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
            "title": UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
            **{
                name: UnfoldAdminTextareaWidget(attrs={"rows": 3, "lang": name[-2:]})
                for name in TEXTS
            },
        }
        labels = {
            "text_en": gettext_lazy("English"),
            "text_fr": gettext_lazy("French"),
            "text_rw": gettext_lazy("Kinyarwanda"),
            "text_sw": gettext_lazy("Swahili"),
        }
        help_texts = {
            "key": gettext_lazy("Small letters, digits and _; it names the reply."),
            "text_en": gettext_lazy(
                "{name} becomes the customer's name, {reference} the reference of"
                " their newest voucher."
            ),
        }

    def clean(self) -> dict[str, Any]:
        """Refuse what an answer may not contain, in every language."""
        found = super().clean() or {}
        for name in TEXTS:
            text = str(found.get(name, ""))
            try:
                if text:
                    check(text)
            except TextRefused as error:
                self.add_error(name, str(error))
        return found


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]
    """A template as Meta approved it."""

    class Meta:
        model = ApprovedTemplate
        fields = ("name", "language", "text")
        widgets = {
            "name": UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
            "language": UnfoldAdminSelectWidget,
            "text": UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        }
        help_texts = {
            "name": gettext_lazy("As in Meta's list of templates."),
            "text": gettext_lazy(
                "The approved text of its body, with {{1}}, {{2}} for the parameters."
            ),
        }

    def clean_text(self) -> str:
        """Refuse parameters with a gap in their numbers."""
        text = str(self.cleaned_data["text"])
        try:
            templates.parameter_count(text)
        except TextRefused as error:
            raise forms.ValidationError(str(error)) from error
        return text


def check(text: str) -> None:
    """Raise TextRefused where a reply could not be sent, or has an unknown variable."""
    if unknown := canned.unknown_variable(text):
        raise TextRefused(
            _("There is no {unknown}. Use {{name}} or {{reference}}.").format(
                unknown=unknown
            )
        )
    handoff.checked_text(canned.without_variables(text))


def page(request: HttpRequest) -> HttpResponse:
    """List the replies and the templates."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": _("Canned replies and templates"),
        "replies": canned.replies(),
        "templates": ApprovedTemplate.objects.order_by("name", "language")[
            : templates.MOST
        ],
        "may_edit_replies": request.user.has_perm(EDIT_REPLIES),
        "may_edit_templates": request.user.has_perm(EDIT_TEMPLATES),
    }
    return TemplateResponse(request, "admin/agents/replies.html", context)


def edit_reply(request: HttpRequest, key: str = "") -> HttpResponse:
    """Write a new reply, or change one; a fixed one gets a row of its own."""
    if not request.user.has_perm(EDIT_REPLIES):
        raise PermissionDenied
    row = CannedReply.objects.filter(key=key).first()
    if key and row is None and not canned.is_fixed(key):
        raise Http404
    initial: dict[str, Any] = {}
    if key and row is None:
        fixed = canned.fixed(key)
        initial = {"key": key, "title": fixed.title} | {
            f"text_{language}": text for language, text in fixed.texts.items()
        }
    form = ReplyForm(
        request.POST or None, instance=row, initial=initial, label_suffix=""
    )
    if key:
        form.fields["key"].disabled = True
    return _answer(request, form, title=_("Canned reply"))


def edit_template(request: HttpRequest, pk: int = 0) -> HttpResponse:
    """Enter a new template, or change one."""
    if not request.user.has_perm(EDIT_TEMPLATES):
        raise PermissionDenied
    row = get_object_or_404(ApprovedTemplate, pk=pk) if pk else None
    form = TemplateForm(request.POST or None, instance=row, label_suffix="")
    return _answer(request, form, title=_("Approved template"))


def remove(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Remove a template or a reply; a fixed reply has its first text again."""
    models: dict[str, tuple[type[CannedReply | ApprovedTemplate], str]] = {
        "reply": (CannedReply, EDIT_REPLIES),
        "template": (ApprovedTemplate, EDIT_TEMPLATES),
    }
    if kind not in models:
        raise Http404
    model, permission = models[kind]
    if not request.user.has_perm(permission):
        raise PermissionDenied
    row: Any = get_object_or_404(model, pk=pk)
    if request.method == "POST":
        _log(request, row, DELETION)
        row.delete()
        messages.success(request, _("{row} is removed.").format(row=row))
        return redirect("replies")
    return ask(
        request=request,
        site=admin.site,
        form=forms.Form(),
        title=_("Remove {row}").format(row=row),
        explanation=_("A fixed reply has its first text again."),
        submit=_("Remove"),
        is_dangerous=True,
        back=reverse("replies"),
    )


def _answer(request: HttpRequest, form: Any, *, title: str) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        is_new = form.instance.pk is None
        form.instance.changed_by = person_of(request).get_username()
        row = form.save()
        _log(request, row, ADDITION if is_new else CHANGE)
        messages.success(request, _("{row} is saved.").format(row=row))
        return redirect("replies")
    return ask(
        request=request,
        site=admin.site,
        form=form,
        title=title,
        explanation="",
        submit=_("Save"),
        back=reverse("replies"),
    )


def _log(request: HttpRequest, row: Any, flag: int) -> None:
    LogEntry.objects.create(
        user=person_of(request),
        content_type=ContentType.objects.get_for_model(type(row)),
        object_id=row.pk,
        object_repr=str(row)[:200],
        action_flag=flag,
    )
