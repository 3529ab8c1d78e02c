from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import ReadOnlyAdmin
from easymo.backoffice.ranges import MomentRangeFilter
from easymo.backoffice.windows import Served
from rollout import locks
from rollout.admin import four_flags
from rollout.admin.base import CHANGE
from rollout.admin.forms import AudienceForm, TurnOnForm
from rollout.admin.rollback_actions import RollbackActions
from rollout.core.features import Feature
from rollout.flags import acknowledgements, exposure, flags
from rollout.flags.selectors import percent_text, state_text
from rollout.models import AgentFlag, FlagChange, RollbackEvent
from rollout.plan import plan as plans
from rollout.plan import resume_requirements
from rollout.policy.stages import State
from rollout.stages import stages

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

SHOWN_CHANGES = 20
COLOURS = {"on": "success", "limited": "warning", "off": "info", "forced off": "danger"}


def _never_on(call: ActionCall[AgentFlag]) -> list[str]:
    """Return why even an override turns nothing on."""
    if exposure.functions_are_removed():
        return [gettext("A full rollback is in force. Restore the functions first.")]
    if plans.current().state == State.FROZEN:
        return [
            gettext("The plan is frozen. Resume it on the page of the stage first.")
        ]
    if call.row.name in settings.FEATURES_FORCED_OFF:
        return [
            gettext("{name}=false in the environment forces it off.").format(
                name=call.row.name
            )
        ]
    return []


def _missing(call: ActionCall[AgentFlag]) -> list[str]:
    """Return what is missing after a rollback; an override turns it on anyway."""
    if plans.current().state not in plans.DOWN:
        return []
    needs = resume_requirements.unmet(resume_requirements.requirements_to_turn_on())
    if not needs:
        return []
    return [
        gettext("After the rollback this is missing, unless you override it:"),
        *needs,
    ]


@admin.register(AgentFlag)
class AgentFlagAdmin(RollbackActions):
    """The four features: who is served, and who changed each last."""

    empty_text = _("The four features come with the migrations.")
    list_display = ("feature", "state", "audience", "changed", "reason")
    search_fields = ("name",)
    ordering = ("id",)
    fields = (("feature", "state"), "audience", ("changed", "reason"), "history")
    actions_list = ("set_all", "kill_all", "take_away", "restore_functions")
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

    @display(description=_("Feature"), ordering="name")
    def feature(self, row: AgentFlag) -> str:
        return Feature(row.name).label

    @display(description=_("State"), label=COLOURS)
    def state(self, row: AgentFlag) -> str:
        if row.name in settings.FEATURES_FORCED_OFF:
            return gettext("forced off")
        if row.everyone is None:
            return "limited"
        return "on" if row.everyone else "off"

    @display(description=_("Audience"))
    def audience(self, row: AgentFlag) -> str:
        if row.everyone is not None:
            return gettext("everyone") if row.everyone else gettext("no one")
        parts = [percent_text(row.percent)] if row.percent is not None else []
        cohorts = sorted(cohort.name for cohort in row.cohorts.all())
        return ", ".join(
            [*parts, *(gettext("cohort {name}").format(name=name) for name in cohorts)]
        )

    @display(description=_("Changed"), ordering="last_at")
    def changed(self, row: Any) -> str:
        if row.last_at is None:
            return "—"
        return gettext("{last_at} by {last_actor}").format(
            last_at=_time(row.last_at), last_actor=row.last_actor
        )

    @display(description=_("Reason"))
    def reason(self, row: Any) -> str:
        return row.last_reason or "—"

    @display(description=_("Last changes"))
    def history(self, row: AgentFlag) -> SafeString:
        changes = row.changes.order_by("-id")[:SHOWN_CHANGES]
        lines = format_html_join(
            "",
            "<li>{} — <b>{}</b>: {} ({})</li>",
            ((_time(one.at), one.actor, _moved(one), one.reason) for one in changes),
        )
        return format_html(
            '<ul>{}</ul><a href="{}?flag__id__exact={}">{}</a>',
            lines,
            reverse("admin:rollout_flagchange_changelist"),
            row.pk,
            gettext("All changes"),
        )

    @action(
        description=gettext_lazy("Set all four"),
        url_path="set-all",
        icon="tune",
        permissions=["set_all"],
    )
    def set_all(self, request: HttpRequest) -> HttpResponse:
        return four_flags.page(request, self.admin_site)

    def has_set_all_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE)

    @form_action(
        _("Turn on for everyone"),
        path="turn-on",
        icon="toggle_on",
        permission=CHANGE,
        asks_who=lambda _call: plans.is_restoring(),
        form=TurnOnForm,
        unmet=_never_on,
        title=lambda call: gettext("Turn on {call} for everyone").format(
            call=_label(call)
        ),
        explanation=lambda call: " ".join(
            [
                gettext("Everyone who writes is served, including new senders."),
                *_missing(call),
            ]
        ),
    )
    def turn_on(self, call: ActionCall[AgentFlag]) -> str:
        return _change(call, on=True)

    @form_action(
        _("Turn on for some"),
        path="turn-on-for-some",
        icon="group",
        permission=CHANGE,
        asks_who=lambda _call: plans.is_restoring(),
        form=AudienceForm,
        unmet=_never_on,
        title=lambda call: gettext("Turn on {call} for some").format(call=_label(call)),
        explanation=lambda call: " ".join(
            [
                gettext(
                    "Only these people are served. It replaces the audience so far."
                ),
                *_missing(call),
            ]
        ),
    )
    def turn_on_for_some(self, call: ActionCall[AgentFlag]) -> str:
        return _change(call, on=True)

    @form_action(
        _("Turn off"),
        path="turn-off",
        icon="toggle_off",
        permission=CHANGE,
        offered=lambda call: call.row.everyone is not False,
        title=lambda call: gettext("Turn off {call}").format(call=_label(call)),
        explanation=_("Off for everyone, in every process, within a second."),
        is_dangerous=True,
    )
    def turn_off(self, call: ActionCall[AgentFlag]) -> str:
        return _change(call, on=False)


def _label(call: ActionCall[AgentFlag]) -> str:
    return Feature(call.row.name).label


def _change(call: ActionCall[AgentFlag], *, on: bool) -> str:
    changed = flags.set_features(
        {Feature(call.row.name): on},
        actor=call.actor,
        reason=call.reason,
        source=FlagChange.Source.ADMIN,
        percent=call.data.get("percent"),
        cohorts=[cohort.name for cohort in call.data.get("cohorts") or ()],
        override=bool(call.data.get("override")),
    )
    for warning in stages.exposure_warnings():
        messages.warning(call.request, warning)
    proof = "" if changed.fence_proven else f" {locks.FENCE_NOT_PROVEN}"
    receipt = acknowledgements.await_acknowledgement(changed.epoch)
    return gettext("{call} changed: {receipt}.{proof}").format(
        call=_label(call), receipt=receipt, proof=proof
    )


def _time(at: Any) -> str:
    return date_format(timezone.localtime(at), "j M Y H:i")


def _moved(change: FlagChange) -> str:
    return f"{state_text(change.before)} → {state_text(change.after)}"


@admin.register(FlagChange)
class FlagChangeAdmin(ReadOnlyAdmin):
    """All changes of features and cohorts."""

    empty_text = _("Each change of a feature or a cohort is kept here.")
    list_display = ("at", "what", "before_after", "actor", "source", "reason")
    list_display_links = ("at",)
    list_filter = ("kind", "source", "flag", ("at", MomentRangeFilter))
    served_filters = (Served("at", "-at"),)
    list_filter_submit = True
    list_select_related = ("flag", "cohort")
    search_fields = ("actor", "reason", "=subject")
    search_help_text = _("A user, a reason or a subject")
    fields = (
        ("at", "what"),
        "before_after",
        ("actor", "source", "override"),
        "reason",
        ("subject", "epoch"),
    )

    @display(description=_("What"))
    def what(self, row: FlagChange) -> str:
        return (
            Feature(row.flag.name).label
            if row.flag
            else gettext("cohort {cohort}").format(cohort=row.cohort)
        )

    @display(description=_("Change"))
    def before_after(self, row: FlagChange) -> str:
        return row.get_kind_display() if row.flag is None else _moved(row)


@admin.register(RollbackEvent)
class RollbackEventAdmin(ReadOnlyAdmin):
    """All rollbacks, and whether the fence was proven."""

    empty_text = _("Nothing was rolled back yet. Each rollback is kept here.")
    list_display = ("at", "kind", "actor", "reason", "fence_proven", "incident")
    list_filter = ("kind", "fence_proven", ("at", MomentRangeFilter))
    list_filter_submit = True
    list_select_related = ("incident",)
    search_fields = ("actor", "reason")
    fields = (
        *("at", "kind", "features", "actor", "source", "reason"),
        *("fence_proven", "epoch", "incident"),
    )
