"""The agent's texts: their versions, the draft, publishing and returning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Subquery
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from agents.admin.content_form import ContentForm, part_name
from agents.content import comparison, in_force, publishing
from agents.content.checks import faults_of
from agents.content.document import BUILT_IN
from agents.content.errors import ContentError, InvalidContent
from agents.models import ContentVersion
from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm, place_focus

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from agents.content.document import Content

PERMISSION = "agents.publish_content"


class ShownForm(ReasonForm):
    """A reason, and what the page showed: another change meanwhile is refused."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    number = forms.IntegerField(widget=forms.HiddenInput)


def _shown(_call: ActionCall[Any]) -> dict[str, Any]:
    last = publishing.newest()
    return {
        "revision": publishing.draft().revision,
        "number": last.number if last else publishing.NONE,
    }


def _has_draft(_call: ActionCall[Any]) -> bool:
    return publishing.draft().document is not None


def _is_earlier(call: ActionCall[ContentVersion]) -> bool:
    last = publishing.newest()
    return last is not None and call.row.number != last.number


def _content_in_force() -> Content:
    last = publishing.newest()
    return in_force.of_version(last) if last else BUILT_IN


def _draft_content() -> Content:
    return in_force.of_draft(publishing.draft()) or _content_in_force()


def _differences(old: Content, new: Content) -> list[dict[str, Any]]:
    return [
        {"name": part_name(one.part), "lines": one.lines}
        for one in comparison.differences(old, new)
    ]


def _comparison(old: Content, new: Content) -> str:
    """Return the differences as HTML, for the page that asks for the reason."""
    return render_to_string(
        "admin/agents/content_differences.html",
        {"differences": _differences(old, new)},
    )


def _refused_parts(call: ActionCall[Any]) -> list[str]:
    return [
        f"{part_name(fault.part)}: {fault.sentence}"
        for fault in faults_of(_draft_content())
    ]


@admin.register(ContentVersion)
class ContentVersionAdmin(ReadOnlyAdmin):
    """What operators wrote for the agent, in versions."""

    empty_text = _(
        "Instructions, opening hours and answers of the agent. Until the first version "
        "is published, the built-in texts are used."
    )
    first_action = "edit_draft"
    refusals = (ContentError,)
    list_display = ("version", "state_now", "reason", "published_by", "published_at")
    list_display_links = ("version",)
    ordering = ("-number",)
    fields = (
        ("version", "state_now", "returned"),
        ("published_by", "published_at"),
        "reason",
    )
    readonly_fields = (
        *("version", "state_now", "returned", "published_by", "published_at"),
        "reason",
    )
    actions_list = ("edit_draft", "publish", "discard")
    actions_detail = ("return_one",)
    change_form_after_template = "admin/agents/content_version.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContentVersion]:
        """Add the number of the version in force."""
        newest = ContentVersion.objects.order_by("-number").values("number")[:1]
        rows: QuerySet[ContentVersion] = super().get_queryset(request)
        return rows.annotate(newest=Subquery(newest))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the texts of the version, and what it changed."""
        is_known = object_id is not None and object_id.isdigit()
        row = self.get_object(request, object_id or "") if is_known else None
        extra = self._texts_of(row) if row is not None else {}
        context = (extra_context or {}) | extra
        return super().changeform_view(request, object_id, form_url, context)

    def _texts_of(self, row: ContentVersion) -> dict[str, Any]:
        content = in_force.of_version(row)
        before = ContentVersion.objects.filter(pk=row.number - 1).first()
        return {
            "differences": _differences(
                in_force.of_version(before) if before else BUILT_IN, content
            ),
            "before": before,
            "texts": [
                (part_name(part), text)
                for part, text in comparison.parts_of(content).items()
            ],
        }

    @display(description=_("Version"), ordering="number")
    def version(self, row: ContentVersion) -> str:
        return gettext("Version {number}").format(number=row.number)

    @display(description=_("State"))
    def state_now(self, row: Any) -> str:
        is_in_force = row.number == row.newest
        return gettext("in force") if is_in_force else gettext("earlier")

    @display(description=_("Returned from"))
    def returned(self, row: ContentVersion) -> str:
        return str(row.returned_from_id or "—")

    @action(
        description=_("Edit the texts"),
        url_path="draft",
        icon="edit",
        permissions=["edit_draft"],
    )
    def edit_draft(self, request: HttpRequest) -> HttpResponse:
        """Edit the draft; customers get it when it is published."""
        draft = publishing.draft()
        form = ContentForm(
            request.POST or None,
            document=publishing.document_to_edit(),
            revision=draft.revision,
        )
        if request.method == "POST" and form.is_valid():
            try:
                saved = publishing.save_draft(
                    document=form.document(),
                    revision=form.cleaned_data["revision"],
                    actor=actor_of(request),
                )
            except InvalidContent as error:
                form.add_faults(error.faults)
            except ContentError as error:
                form.add_error(None, str(error))
            else:
                if saved.document is None:
                    said = gettext("These texts are in force: there is no draft.")
                else:
                    said = gettext(
                        "Draft saved. The simulator uses it; customers get it when it "
                        "is published."
                    )
                messages.success(request, said)
                return redirect("admin:agents_contentversion_edit_draft")
        return self._draft_page(request, form)

    def _draft_page(self, request: HttpRequest, form: ContentForm) -> HttpResponse:
        place_focus(form)
        draft = publishing.draft()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("The agent's texts"),
            "form": form,
            "draft": draft if draft.document is not None else None,
            "unmet": _refused_parts(ActionCall(page=self, request=request, row=None)),
            "list": reverse("admin:agents_contentversion_changelist"),
        }
        return TemplateResponse(request, "admin/agents/content_draft.html", context)

    def has_edit_draft_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PERMISSION))

    @form_action(
        _("Publish the draft"),
        path="publish",
        icon="publish",
        permission=PERMISSION,
        form=ShownForm,
        initial=_shown,
        offered=_has_draft,
        unmet=_refused_parts,
        shows=lambda _call: _comparison(_content_in_force(), _draft_content()),
        explanation=_("From now on, customers get these texts:"),
        submit=_("Publish"),
    )
    def publish(self, call: ActionCall[None]) -> str:
        """Put the draft in force."""
        version = publishing.publish_draft(
            revision=call.data["revision"],
            in_force_number=call.data["number"],
            reason=call.reason,
            actor=call.actor,
        )
        call.log_change(version, f"Published: {call.reason}")
        return gettext("Version {number} is in force.").format(number=version.number)

    @form_action(
        _("Discard the draft"),
        path="discard",
        icon="delete",
        permission=PERMISSION,
        form=ShownForm,
        initial=_shown,
        offered=_has_draft,
        shows=lambda _call: _comparison(_content_in_force(), _draft_content()),
        explanation=_("These changes are dropped; the version in force stays:"),
        submit=_("Discard"),
        is_dangerous=True,
    )
    def discard(self, call: ActionCall[None]) -> str:
        """Drop the draft."""
        publishing.discard_draft(revision=call.data["revision"], actor=call.actor)
        return gettext("The draft was discarded.")

    @form_action(
        _("Return to this version"),
        path="return",
        icon="undo",
        permission=PERMISSION,
        form=ShownForm,
        initial=_shown,
        offered=_is_earlier,
        title=lambda call: gettext("Return to version {number}").format(
            number=call.row.number
        ),
        shows=lambda call: _comparison(
            _content_in_force(), in_force.of_version(call.row)
        ),
        explanation=_("Its texts are published again, as a new version:"),
        submit=_("Return"),
        back=lambda _call: reverse("admin:agents_contentversion_changelist"),
    )
    def return_one(self, call: ActionCall[ContentVersion]) -> str:
        """Put an earlier version in force again."""
        version = publishing.return_to(
            version=call.row,
            in_force_number=call.data["number"],
            reason=call.reason,
            actor=call.actor,
        )
        call.log_change(version, f"Returned to {call.row.number}: {call.reason}")
        return gettext("Version {number} is in force.").format(number=version.number)
