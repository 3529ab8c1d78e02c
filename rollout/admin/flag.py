from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm
from rollout.admin.actions import AudienceForm, TurnOnForm, ask_and_do
from rollout.admin.kill import KillAll
from rollout.core.features import Feature
from rollout.flags import acknowledgements, flags
from rollout.flags.selectors import percent_text, state_text
from rollout.models import AgentFlag, FlagChange
from rollout.stages import audience as stages_audience

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

    from easymo.backoffice.reason import ReasonForm as AnyForm

SHOWN_CHANGES = 20
COLOURS = {"on": "success", "limited": "warning", "off": "info", "forced off": "danger"}
CHANGE = ["change_exposure"]


@admin.register(AgentFlag)
class AgentFlagAdmin(KillAll, ReadOnlyAdmin):
    """The switches: what is on, for whom, and who turned it so."""

    list_display = ("name", "state", "audience", "changed", "reason")
    search_fields = ("name",)
    ordering = ("id",)
    fields = (("name", "state"), "audience", ("changed", "reason"), "history")
    readonly_fields = ("name", "state", "audience", "changed", "reason", "history")
    actions_list = ("kill_all", "take_away", "restore_functions")
    actions_detail = ("turn_on", "turn_on_for_some", "turn_off")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentFlag]:
        """Add the last change and the cohorts: two queries for any number of rows."""
        newest = FlagChange.objects.filter(flag=OuterRef("pk")).order_by("-id")
        found: QuerySet[AgentFlag] = super().get_queryset(request)
        return found.prefetch_related("cohorts").annotate(
            last_actor=Subquery(newest.values("actor")[:1]),
            last_reason=Subquery(newest.values("reason")[:1]),
            last_at=Subquery(newest.values("at")[:1]),
        )

    @display(description="State", label=COLOURS)
    def state(self, row: AgentFlag) -> str:
        if row.name in settings.FEATURES_FORCED_OFF:
            return "forced off"
        if row.everyone is None:
            return "limited"
        return "on" if row.everyone else "off"

    @display(description="For whom")
    def audience(self, row: AgentFlag) -> str:
        if row.everyone is not None:
            return "everyone" if row.everyone else "nobody"
        parts = [percent_text(row.percent)] if row.percent is not None else []
        cohorts = sorted(cohort.name for cohort in row.cohorts.all())
        return ", ".join([*parts, *(f"cohort {name}" for name in cohorts)])

    @display(description="Changed", ordering="last_at")
    def changed(self, row: Any) -> str:
        if row.last_at is None:
            return "—"
        at = timezone.localtime(row.last_at)
        return f"{at:%d %b %Y %H:%M} by {row.last_actor}"

    @display(description="Why")
    def reason(self, row: Any) -> str:
        return row.last_reason or "—"

    @display(description="Last changes")
    def history(self, row: AgentFlag) -> SafeString:
        changes = row.changes.order_by("-id")[:SHOWN_CHANGES]
        lines = format_html_join(
            "",
            "<li>{} — <b>{}</b>: {} ({})</li>",
            (
                (
                    timezone.localtime(change.at).strftime("%d %b %Y %H:%M"),
                    change.actor,
                    f"{state_text(change.before)} → {state_text(change.after)}",
                    change.reason,
                )
                for change in changes
            ),
        )
        everything = reverse("admin:rollout_flagchange_changelist")
        return format_html(
            '<ul>{}</ul><a href="{}?flag__id__exact={}">All changes</a>',
            lines,
            everything,
            row.pk,
        )

    @action(
        description="Turn on for everyone",
        url_path="turn-on",
        icon="toggle_on",
        permissions=CHANGE,
    )
    def turn_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        form = TurnOnForm(request.POST or None, label_suffix="")
        return self.change(
            request,
            object_id,
            form=form,
            on=True,
            submit="Turn on for everyone",
            explanation="Everybody who writes is served, also people seen never before.",
        )

    @action(
        description="Turn on for some",
        url_path="turn-on-for-some",
        icon="group",
        permissions=CHANGE,
    )
    def turn_on_for_some(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.change(
            request,
            object_id,
            form=AudienceForm(request.POST or None, label_suffix=""),
            on=True,
            submit="Turn on for these",
            explanation="Only these people are served; it replaces who was before.",
        )

    @action(
        description="Turn off",
        url_path="turn-off",
        icon="toggle_off",
        permissions=CHANGE,
        variant=ActionVariant.DANGER,
    )
    def turn_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.change(
            request,
            object_id,
            form=ReasonForm(request.POST or None, label_suffix=""),
            on=False,
            submit="Turn off",
            explanation="Off for everyone, in every process, within a second.",
        )

    def change(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        form: AnyForm,
        on: bool,
        submit: str,
        explanation: str,
    ) -> HttpResponse:
        row = get_object_or_404(AgentFlag, pk=object_id)

        def do(asked: dict[str, Any]) -> str:
            changed = flags.set_features(
                {Feature(row.name): on},
                actor=actor_of(request),
                reason=asked["reason"],
                source=FlagChange.Source.ADMIN,
                percent=asked.get("percent"),
                cohorts=[cohort.name for cohort in asked.get("cohorts") or ()],
                override=bool(asked.get("override")),
            )
            for warning in stages_audience.warnings():
                messages.warning(request, warning)
            proof = "" if changed.fence_proven else " Fence not proven."
            receipt = acknowledgements.await_receipt(changed.epoch)
            return f"{row.name} changed: {receipt}.{proof}"

        return ask_and_do(
            self,
            request,
            form=form,
            do=do,
            title=f"{submit}: {row.name}",
            explanation=explanation,
            submit=submit,
            back=reverse("admin:rollout_agentflag_change", args=[row.pk]),
            is_dangerous=not on,
        )
