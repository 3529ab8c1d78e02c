from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm
from rollout.admin.actions import StageForm, WaiverForm, ask_and_do
from rollout.admin.permissions import ExposureRights
from rollout.core import jobs
from rollout.models import FlagChange, GateResult, Plan
from rollout.plan import plan as plans
from rollout.plan import resume_requirements
from rollout.policy.stages import terms_of
from rollout.stages import rollback, stages, waivers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django import forms
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

MOVE = ["move_stage"]
STATES = {
    "active": "success",
    "held": "warning",
    "rolled back": "danger",
    "recovery": "warning",
    "frozen": "danger",
}


def bullets(lines: Iterable[tuple[str, str]]) -> SafeString:
    found = format_html_join("", "<li><b>{}</b> {}</li>", lines)
    return format_html("<ul>{}</ul>", found)


@admin.register(Plan)
class PlanAdmin(ExposureRights, ReadOnlyAdmin):
    """Where the rollout stands: one row, moved by people and by rollbacks."""

    list_display = ("stage", "standing", "state_since", "state_reason")
    list_display_links = ("stage",)
    list_select_related = ("run",)
    fields = (
        ("stage", "standing"),
        ("state_since", "state_reason"),
        "serves",
        "gates",
        "to_resume",
    )
    readonly_fields = (
        "stage",
        "standing",
        "state_since",
        "state_reason",
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
        {"title": "More", "items": ["waive", "demote", "set_stage"]},
    )

    @display(description="Stage")
    def stage(self, row: Plan) -> str:
        return row.run.stage

    @display(description="State", label=STATES)
    def standing(self, row: Plan) -> str:
        return plans.words_of(row)

    @display(description="Serves")
    def serves(self, row: Plan) -> str:
        return terms_of(row.run.stage).audience

    @display(description="Gates")
    def gates(self, row: Plan) -> SafeString | str:
        found = stages.gates_now(row)
        if not found:
            return "None: this is the last stage."
        return bullets(
            (GateResult.Verdict(gate.verdict).label, gate.sentence) for gate in found
        )

    @display(description="To resume")
    def to_resume(self, row: Plan) -> SafeString | str:
        if row.state not in plans.DOWN:
            return "Nothing is rolled back."
        needs = resume_requirements.to_resume(row)
        return bullets(
            ("met" if need.met else "not met", need.sentence) for need in needs
        )

    @action(
        description="Next stage", url_path="advance", icon="stairs", permissions=MOVE
    )
    def advance(self, request: HttpRequest) -> HttpResponse:
        return self.move(
            request,
            stages.advance,
            title="Go on to the next stage",
            explanation="It goes on when every gate is met or waived.",
        )

    @action(description="Hold", url_path="hold", icon="pause", permissions=MOVE)
    def hold(self, request: HttpRequest) -> HttpResponse:
        return self.move(
            request,
            stages.hold,
            title="Hold",
            explanation="Nothing advances until somebody releases it. Traffic stays.",
        )

    @action(
        description="Release", url_path="release", icon="play_arrow", permissions=MOVE
    )
    def release(self, request: HttpRequest) -> HttpResponse:
        return self.move(
            request,
            stages.release,
            title="Release the hold",
            explanation="The stage may be left again, through its gates.",
        )

    @action(
        description="Back one stage",
        url_path="demote",
        icon="undo",
        permissions=MOVE,
        variant=ActionVariant.DANGER,
    )
    def demote(self, request: HttpRequest) -> HttpResponse:
        return self.move(
            request,
            stages.demote,
            title="Go back one stage",
            explanation="Features are taken back to whom that stage serves, at once.",
            is_dangerous=True,
        )

    @action(
        description="Resume", url_path="resume", icon="restart_alt", permissions=MOVE
    )
    def resume(self, request: HttpRequest) -> HttpResponse:
        return self.move(
            request,
            stages.resume,
            title="Go on after the rollback",
            explanation="Under watch, and as a rule one stage lower. Turns nothing on.",
        )

    @action(
        description="Set the stage",
        url_path="set",
        icon="signpost",
        permissions=MOVE,
        variant=ActionVariant.DANGER,
    )
    def set_stage(self, request: HttpRequest) -> HttpResponse:
        def do(asked: dict[str, Any]) -> str:
            change = stages.set_stage(
                asked["stage"],
                reason=asked["reason"],
                actor=actor_of(request),
                source=FlagChange.Source.ADMIN,
                override=asked["override"],
            )
            return f"The stage is {change.after['stage']}."

        return self.ask(
            request,
            StageForm(request.POST or None, label_suffix=""),
            do,
            title="Set the stage",
            explanation=(
                "Going up passes the gates by and needs the override; going back"
                " takes features back to whom that stage serves."
            ),
            is_dangerous=True,
        )

    @action(
        description="Ask for a waiver",
        url_path="waive",
        icon="approval",
        permissions=MOVE,
    )
    def waive(self, request: HttpRequest) -> HttpResponse:
        def do(asked: dict[str, Any]) -> str:
            waiver = waivers.ask(
                gate=asked["gate"],
                reason=asked["reason"],
                actor=actor_of(request),
                days=asked["days"],
            )
            return f"Asked for {waivers.words(waiver)}; somebody else approves it."

        return self.ask(
            request,
            WaiverForm(request.POST or None, label_suffix=""),
            do,
            title="Ask for a waiver",
            explanation="A second person approves it; it lasts seven days at most.",
        )

    @action(
        description="Freeze: everything off",
        url_path="freeze",
        icon="ac_unit",
        permissions=["rollback"],
        variant=ActionVariant.DANGER,
    )
    def freeze(self, request: HttpRequest) -> HttpResponse:
        def do(asked: dict[str, Any]) -> str:
            done = rollback.freeze(
                reason=asked["reason"],
                actor=actor_of(request),
                source=FlagChange.Source.ADMIN,
            )
            return f"Everything is off and frozen: {done.receipt or 'unconfirmed'}."

        return self.ask(
            request,
            ReasonForm(request.POST or None, label_suffix=""),
            do,
            title="Freeze",
            explanation="Everything goes off and stays off, until two people resume.",
            is_dangerous=True,
        )

    def move(
        self,
        request: HttpRequest,
        service: Callable[..., Any],
        *,
        title: str,
        explanation: str,
        is_dangerous: bool = False,
    ) -> HttpResponse:
        def do(asked: dict[str, Any]) -> str:
            service(
                reason=asked["reason"],
                actor=actor_of(request),
                source=FlagChange.Source.ADMIN,
            )
            now = plans.current()
            return f"Stage {now.run.stage}, {plans.words_of(now)}."

        return self.ask(
            request,
            ReasonForm(request.POST or None, label_suffix=""),
            do,
            title=title,
            explanation=explanation,
            is_dangerous=is_dangerous,
        )

    def ask(
        self,
        request: HttpRequest,
        form: forms.Form,
        do: Callable[[dict[str, Any]], str],
        *,
        title: str,
        explanation: str,
        is_dangerous: bool = False,
    ) -> HttpResponse:
        def do_and_ring(asked: dict[str, Any]) -> str:
            done = do(asked)
            jobs.enqueue_notices()
            return done

        return ask_and_do(
            self,
            request,
            form=form,
            do=do_and_ring,
            title=title,
            explanation=explanation,
            submit=title,
            back=reverse("admin:rollout_plan_changelist"),
            is_dangerous=is_dangerous,
        )
