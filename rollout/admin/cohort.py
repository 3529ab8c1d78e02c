from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from easymo.backoffice.actions import ActionCall, form_action, list_url
from easymo.backoffice.windows import WINDOW, Served, counted
from rollout.admin.base import CHANGE, RolloutAdmin
from rollout.admin.forms import CohortForm, MemberForm
from rollout.flags import cohorts
from rollout.models import Cohort, CohortMember, FlagChange

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


@admin.register(Cohort)
class CohortAdmin(RolloutAdmin):
    """Groups of people that a feature can be limited to."""

    empty_text = _("A cohort is a group of people that a feature can be limited to.")
    first_action = "new_cohort"
    list_display = ("name", "description", "size", "used_by", "created_at")
    search_fields = ("name", "description")
    fields = ("name", "description", "created_at", "used_by", "people")
    actions_list = ("new_cohort",)
    actions_detail = ("add_member",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cohort]:
        found: QuerySet[Cohort] = super().get_queryset(request)
        members = CohortMember.objects.filter(cohort=OuterRef("pk")).order_by("-pk")
        return found.prefetch_related("flags").annotate(total=counted(members, WINDOW))

    @display(description=_("Members"), ordering="total")
    def size(self, row: Any) -> str:
        return _size(row)

    @display(description=_("Features on for it"))
    def used_by(self, row: Cohort) -> str:
        return ", ".join(sorted(flag.name for flag in row.flags.all())) or "—"

    @display(description=_("Members"))
    def people(self, row: Any) -> SafeString:
        url = reverse("admin:rollout_cohortmember_changelist")
        return format_html(
            '<a href="{}?cohort__id__exact={}">{} members</a>', url, row.pk, _size(row)
        )

    @form_action(
        _("New cohort"),
        path="new",
        icon="group_add",
        permission=CHANGE,
        form=CohortForm,
        explanation=_("A new cohort has no members and turns nothing on."),
        submit=_("Save"),
    )
    def new_cohort(self, call: ActionCall[None]) -> str:
        made = cohorts.make_cohort(
            name=call.data["name"],
            description=call.data["description"],
            is_new=True,
        )
        call.log_change(made, "Saved.")
        return gettext("Cohort {name} saved.").format(name=made.name)

    @form_action(
        _("Add a member"),
        path="add-member",
        icon="person_add",
        permission=CHANGE,
        form=MemberForm,
        title=lambda call: gettext("Add a member to {name}").format(name=call.row.name),
        explanation=_("Features of this cohort are on for the person at once."),
        submit=_("Add"),
    )
    def add_member(self, call: ActionCall[Cohort]) -> str:
        subject = call.data["subject"]
        added = cohorts.add_member(
            call.row.name,
            subject,
            call.actor,
            reason=call.reason,
            source=FlagChange.Source.ADMIN,
        )
        if not added:
            return gettext("{subject} was already a member of {name}.").format(
                subject=subject, name=call.row.name
            )
        return gettext("{subject} added to {name}.").format(
            subject=subject, name=call.row.name
        )


def _size(row: Any) -> str:
    return (
        f"{row.total}"
        if row.total < WINDOW
        else gettext("{window:,} or more").format(window=WINDOW)
    )


@admin.register(CohortMember)
class CohortMemberAdmin(RolloutAdmin):
    """The members of all cohorts."""

    empty_text = _(
        "Members of cohorts are listed here. Add them on the page of a cohort."
    )
    list_display = ("subject", "cohort", "added_by", "added_at")
    list_filter = ("cohort",)
    served_filters = (Served("cohort"),)
    list_select_related = ("cohort",)
    search_fields = ("=subject", "added_by")
    search_help_text = _("A whole subject, or the user who added it")
    fields = list_display
    actions_detail = ("remove_member",)

    @form_action(
        _("Remove from the cohort"),
        path="remove",
        icon="person_remove",
        permission=CHANGE,
        title=lambda call: gettext("Remove from {name}").format(
            name=call.row.cohort.name
        ),
        explanation=_("Features of this cohort are off for the person at once."),
        submit=_("Remove"),
        subjects=lambda call: [call.row.subject],
        is_dangerous=True,
        back=list_url,
    )
    def remove_member(self, call: ActionCall[CohortMember]) -> str:
        cohort, subject = call.row.cohort.name, call.row.subject
        cohorts.remove_member(
            cohort,
            subject,
            call.actor,
            reason=call.reason,
            source=FlagChange.Source.ADMIN,
        )
        return gettext("{subject} removed from {cohort}.").format(
            subject=subject, cohort=cohort
        )
