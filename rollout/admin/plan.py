from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import ReadOnlyAdmin
from easymo.backoffice.ranges import MomentRangeFilter
from easymo.backoffice.windows import Served
from rollout.admin.base import MOVE, ROLL_BACK, RolloutAdmin
from rollout.admin.forms import StageForm, WaiverForm
from rollout.core import jobs
from rollout.models import FlagChange, GateResult, Plan, PlanChange, StageRun
from rollout.plan import plan as plans
from rollout.plan import resume_requirements
from rollout.policy.gates import unmet
from rollout.policy.stages import Stage, State, terms_of
from rollout.stages import plan_state, rollback, stages, waivers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.utils.safestring import SafeString

STATES = {
    "active": "success",
    "held": "warning",
    "rolled back": "danger",
    "recovery": "warning",
    "frozen": "danger",
}


def _may_advance(_call: ActionCall[None]) -> bool:
    """Tell whether there is a next stage and every gate is met."""
    plan = plans.current()
    if Stage(plan.run.stage).following is None:
        return False
    return not unmet(stages.gates_now(plan))


def _may_resume(_call: ActionCall[None]) -> bool:
    needs = resume_requirements.current_requirements()
    return bool(needs) and not resume_requirements.unmet(needs)


@admin.register(Plan)
class PlanAdmin(RolloutAdmin):
    """The stage and state of the rollout: one object."""

    empty_text = _("The plan comes with the migrations.")
    list_display = ("stage", "standing", "state_since", "state_reason", "comes_next")
    list_display_links = ("stage",)
    list_select_related = ("run",)
    fields = (
        ("stage", "standing"),
        ("state_since", "state_reason"),
        "comes_next",
        "serves",
        "gates",
        "to_resume",
    )
    actions_list = (
        "advance",
        "hold",
        "release",
        "resume",
        "freeze",
        {"title": _("More"), "items": ["waive", "demote", "set_stage"]},
    )

    @display(description=_("Stage"))
    def stage(self, row: Plan) -> str:
        return gettext(row.run.stage)

    @display(description=_("State"), label=STATES)
    def standing(self, row: Plan) -> str:
        return plans.state_text(row)

    @display(description=_("Next"))
    def comes_next(self, row: Plan) -> SafeString | str:
        """Say which move is legal now, or what is missing for it."""
        if row.state in plans.DOWN:
            words = gettext("Restore step by step")
            return format_html('<a href="{}">{}</a>', reverse("restore"), words)
        if row.state == State.HELD:
            return gettext("Release the hold, then the gates decide.")
        if Stage(row.run.stage).following is None:
            return gettext("This is the last stage.")
        missing = unmet(stages.gates_now(row))
        if not missing:
            return gettext("Every gate is met: the next stage can begin.")
        found = _list(
            (gettext(GateResult.Verdict(gate.verdict).label), gate.sentence)
            for gate in missing
        )
        return format_html("{}{}", gettext("Not met yet:"), found)

    @display(description=_("Serves"))
    def serves(self, row: Plan) -> str:
        return str(terms_of(row.run.stage).audience)

    @display(description=_("Gates"))
    def gates(self, row: Plan) -> SafeString | str:
        found = stages.gates_now(row)
        if not found:
            return gettext("None: this is the last stage.")
        return _list(
            (gettext(GateResult.Verdict(gate.verdict).label), gate.sentence)
            for gate in found
        )

    @display(description=_("To resume"))
    def to_resume(self, row: Plan) -> SafeString | str:
        if row.state not in plans.DOWN:
            return gettext("Nothing is rolled back.")
        needs = resume_requirements.requirements_to_resume(row)
        return _list(
            (gettext("met") if need.met else gettext("not met"), need.sentence)
            for need in needs
        )

    @form_action(
        _("Next stage"),
        path="advance",
        icon="stairs",
        permission=MOVE,
        offered=_may_advance,
        unmet=lambda _call: [gate.sentence for gate in unmet(stages.gates_now())],
        title=_("Advance to the next stage"),
        explanation=_("Every gate has to be met or waived."),
        submit=_("Advance"),
    )
    def advance(self, call: ActionCall[None]) -> str:
        return _move(stages.advance, call)

    @form_action(
        _("Hold"),
        path="hold",
        icon="pause",
        permission=MOVE,
        offered=lambda _call: plans.current().state not in {*plans.DOWN, State.HELD},
        title=_("Hold the stage"),
        explanation=_("The stage cannot advance until it is released. Traffic stays."),
    )
    def hold(self, call: ActionCall[None]) -> str:
        return _move(plan_state.hold, call)

    @form_action(
        _("Release"),
        path="release",
        icon="play_arrow",
        permission=MOVE,
        offered=lambda _call: plans.current().state == State.HELD,
        title=_("Release the hold"),
        explanation=_("The stage can advance again when its gates are met."),
    )
    def release(self, call: ActionCall[None]) -> str:
        return _move(plan_state.release, call)

    @form_action(
        _("Back one stage"),
        path="demote",
        icon="undo",
        permission=MOVE,
        offered=lambda _call: Stage(plans.current().run.stage).preceding is not None,
        title=_("Go back one stage"),
        explanation=_("Features are limited to the people of that stage, at once."),
        submit=_("Go back"),
        is_dangerous=True,
    )
    def demote(self, call: ActionCall[None]) -> str:
        return _move(stages.demote, call)

    @form_action(
        _("Resume"),
        path="resume",
        icon="restart_alt",
        permission=MOVE,
        asks_who=True,
        offered=_may_resume,
        unmet=lambda _call: resume_requirements.unmet(
            resume_requirements.current_requirements()
        ),
        title=_("Resume after the rollback"),
        explanation=_("Under close watch, usually one stage lower. Turns nothing on."),
    )
    def resume(self, call: ActionCall[None]) -> str:
        return _move(plan_state.resume, call)

    @form_action(
        _("Set the stage"),
        path="set",
        icon="signpost",
        permission=MOVE,
        # Also the way out of a rollback, and past the gates.
        asks_who=True,
        form=StageForm,
        explanation=(
            _(
                "A later stage skips the gates and needs the override; an earlier one"
                " limits the features to the people of that stage."
            )
        ),
        is_dangerous=True,
    )
    def set_stage(self, call: ActionCall[None]) -> str:
        change = stages.set_stage(
            call.data["stage"],
            reason=call.reason,
            actor=call.actor,
            source=FlagChange.Source.ADMIN,
            override=call.data["override"],
        )
        jobs.enqueue_notices()
        return gettext("The stage is {stage}.").format(
            stage=gettext(change.after["stage"])
        )

    @form_action(
        _("Ask for a waiver"),
        path="waive",
        icon="approval",
        permission=MOVE,
        form=WaiverForm,
        offered=lambda _call: bool(waivers.waivable_gates()),
        explanation=_("A second user approves it. It lasts at most seven days."),
    )
    def waive(self, call: ActionCall[None]) -> str:
        waiver = waivers.ask_for_waiver(
            gate=call.data["gate"],
            reason=call.reason,
            actor=call.actor,
            days=call.data["days"],
        )
        return gettext("Asked for {waiver}. A second user has to approve it.").format(
            waiver=waivers.waiver_text(waiver)
        )

    @form_action(
        _("Freeze: everything off"),
        path="freeze",
        icon="ac_unit",
        permission=ROLL_BACK,
        offered=lambda _call: plans.current().state != State.FROZEN,
        title=_("Freeze the rollout"),
        explanation=_("Everything goes off and stays off until two users resume."),
        submit=_("Freeze"),
        is_dangerous=True,
    )
    def freeze(self, call: ActionCall[None]) -> str:
        done = rollback.freeze(
            reason=call.reason, actor=call.actor, source=FlagChange.Source.ADMIN
        )
        jobs.enqueue_notices()
        return gettext("Everything is off and frozen: {value}.").format(
            value=done.receipt or gettext("unconfirmed")
        )


def _move(service: Callable[..., Any], call: ActionCall[None]) -> str:
    service(reason=call.reason, actor=call.actor, source=FlagChange.Source.ADMIN)
    jobs.enqueue_notices()
    now = plans.current()
    return gettext("The stage is {stage}, {now}.").format(
        stage=gettext(now.run.stage), now=plans.state_text(now)
    )


def _list(lines: Iterable[tuple[str, str]]) -> SafeString:
    items = format_html_join("", "<li><b>{}</b> {}</li>", lines)
    return format_html("<ul>{}</ul>", items)


@admin.register(PlanChange)
class PlanChangeAdmin(ReadOnlyAdmin):
    """All moves of the plan."""

    empty_text = _("Each move of the plan is kept here.")
    list_display = ("at", "kind", "moved", "actor", "source", "reason", "override")
    list_display_links = ("at",)
    list_filter = ("kind", "source", "override", ("at", MomentRangeFilter))
    list_filter_submit = True
    search_fields = ("actor", "reason")
    fields = list_display

    @display(description=_("From → to"))
    def moved(self, row: PlanChange) -> str:
        return f"{_state(row.before)} → {_state(row.after)}"


@admin.register(StageRun)
class StageRunAdmin(ReadOnlyAdmin):
    """All periods spent in a stage."""

    empty_text = _("Each period spent in a stage is kept here.")
    list_display = ("stage", "entered_at", "exited_at", "entered_by", "reason")
    list_filter = ("stage",)
    search_fields = ("entered_by", "reason")
    fields = list_display


@admin.register(GateResult)
class GateResultAdmin(ReadOnlyAdmin):
    """The gates' results at each attempt to advance."""

    empty_text = _("The results of the gates appear here when a user tries to advance.")
    list_display = ("at", "run", "gate", "verdict", "value", "need")
    list_display_links = ("at",)
    list_filter = ("verdict", "gate", ("at", MomentRangeFilter))
    served_filters = (Served("at", "-at"),)
    list_filter_submit = True
    list_select_related = ("run",)
    search_fields = ("gate", "value")
    fields = (*list_display, "forecast")


def _state(plan: dict[str, Any]) -> str:
    if not plan:
        return "—"
    state = gettext(str(plan.get("state")).replace("_", " "))
    return f"{gettext(str(plan.get('stage')))}, {state}"
