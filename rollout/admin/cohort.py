from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm
from rollout.admin.actions import CohortForm, MemberForm, ask_and_do
from rollout.admin.permissions import ExposureRights
from rollout.flags import cohorts
from rollout.models import Cohort, CohortMember, FlagChange

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

CHANGE = ["change_exposure"]


@admin.register(Cohort)
class CohortAdmin(ExposureRights, ReadOnlyAdmin):
    """Groups of people for whom features can be on."""

    list_display = ("name", "description", "size", "used_by", "created_at")
    search_fields = ("name", "description")
    fields = ("name", "description", "created_at", "used_by", "people")
    readonly_fields = fields
    actions_list = ("new_cohort",)
    actions_detail = ("add_member",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cohort]:
        found: QuerySet[Cohort] = super().get_queryset(request)
        return found.prefetch_related("flags").annotate(
            total=Count("members", distinct=True)
        )

    @display(description="Members", ordering="total")
    def size(self, row: Any) -> int:
        return int(row.total)

    @display(description="Features on for it")
    def used_by(self, row: Cohort) -> str:
        return ", ".join(sorted(flag.name for flag in row.flags.all())) or "—"

    @display(description="Members")
    def people(self, row: Any) -> SafeString:
        url = reverse("admin:rollout_cohortmember_changelist")
        return format_html(
            '<a href="{}?cohort__id__exact={}">{} members</a>', url, row.pk, row.total
        )

    @action(
        description="New cohort", url_path="new", icon="group_add", permissions=CHANGE
    )
    def new_cohort(self, request: HttpRequest) -> HttpResponse:
        def do(asked: dict[str, Any]) -> str:
            made = cohorts.make_cohort(
                name=asked["name"], description=asked["description"]
            )
            self.log_change(request, made, "Made, or there already.")
            return f"Cohort {made.name} is there."

        return ask_and_do(
            self,
            request,
            form=CohortForm(request.POST or None, label_suffix=""),
            do=do,
            title="New cohort",
            explanation="A new cohort has no members and turns nothing on.",
            submit="Make it",
            back=reverse("admin:rollout_cohort_changelist"),
        )

    @action(
        description="Add a member",
        url_path="add-member",
        icon="person_add",
        permissions=CHANGE,
    )
    def add_member(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Cohort, pk=object_id)

        def do(asked: dict[str, Any]) -> str:
            added = cohorts.add_member(
                row.name,
                asked["subject"],
                actor_of(request),
                reason=asked["reason"],
                source=FlagChange.Source.ADMIN,
            )
            return "Added." if added else "She was a member already."

        return ask_and_do(
            self,
            request,
            form=MemberForm(request.POST or None, label_suffix=""),
            do=do,
            title=f"Add a member to {row.name}",
            explanation="Whatever is on for this cohort is on for her at once.",
            submit="Add",
            back=reverse("admin:rollout_cohort_change", args=[row.pk]),
        )


@admin.register(CohortMember)
class CohortMemberAdmin(ExposureRights, ReadOnlyAdmin):
    """Who is in which cohort; removed one by one, with a reason."""

    list_display = ("subject", "cohort", "added_by", "added_at")
    list_filter = ("cohort",)
    list_select_related = ("cohort",)
    search_fields = ("=subject", "added_by")
    search_help_text = "A whole subject, or who added it"
    fields = readonly_fields = ("subject", "cohort", "added_by", "added_at")
    actions_detail = ("remove_member",)

    @action(
        description="Remove from the cohort",
        url_path="remove",
        icon="person_remove",
        permissions=CHANGE,
        variant=ActionVariant.DANGER,
    )
    def remove_member(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(
            CohortMember.objects.select_related("cohort"), pk=object_id
        )

        def do(asked: dict[str, Any]) -> str:
            cohorts.remove_member(
                row.cohort.name,
                row.subject,
                actor_of(request),
                reason=asked["reason"],
                source=FlagChange.Source.ADMIN,
            )
            return "Removed."

        return ask_and_do(
            self,
            request,
            form=ReasonForm(request.POST or None, label_suffix=""),
            do=do,
            title=f"Remove from {row.cohort.name}",
            explanation="What is on only for this cohort is off for her at once.",
            submit="Remove",
            subjects=[row.subject],
            back=reverse("admin:rollout_cohortmember_changelist"),
            is_dangerous=True,
        )
