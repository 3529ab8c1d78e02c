"""The steps back into service after a rollback, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from easymo.backoffice import reauthentication
from easymo.backoffice.pages import actor_of
from rollout.admin import four_flags
from rollout.admin.base import CHANGE, MOVE, ROLL_BACK
from rollout.admin.check_run import EVERY_S, LIVE_HEADER, reload_s
from rollout.core import jobs
from rollout.core.change_reason import ChangeReason
from rollout.core.errors import RolloutError
from rollout.models import FlagChange
from rollout.restore import actions, before, steps
from rollout.restore.steps import Name, StepState
from rollout.stages import plan_state, rollback

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from rollout.restore.steps import RestoreState, Step

VIEW = "rollout.view_plan"
ALL_STEPS = "all"
SOURCE = FlagChange.Source.ADMIN
# Steps for which the user must have proved recently who they are.
ASKS_WHO = {Name.TURN_ON, Name.FUNCTIONS, Name.UNFREEZE, ALL_STEPS}


class Order(NamedTuple):
    """What a button of the page sends."""

    request: HttpRequest
    seen: int
    text: str

    @property
    def actor(self) -> str:
        return actor_of(self.request)


def page(request: HttpRequest) -> HttpResponse:
    """Show the steps; a POST does one of them."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    form = None
    if request.method == "POST":
        answer = _do(request)
        if not isinstance(answer, four_flags.FourFlagsForm):
            return answer
        form = answer
    is_live = LIVE_HEADER in request.headers
    context = {
        **admin.site.each_context(request),
        **_context(request, form),
        "title": _("Restore"),
        "page_base": "rollout/bare.html" if is_live else "admin/base_site.html",
        "every_s": EVERY_S,
        "reload_s": reload_s(request),
        "now": timezone.now(),
    }
    return TemplateResponse(request, "admin/rollout/restore.html", context)


def _context(
    request: HttpRequest, form: four_flags.FourFlagsForm | None
) -> dict[str, Any]:
    # Before the audiences: a change in between refuses the form.
    epoch = four_flags.current_epoch()
    state = steps.read_restore()
    current = state.current
    is_ready = current is not None and current.name == Name.TURN_ON
    if form is None and is_ready and current and current.state == StepState.OPEN:
        form = four_flags.FourFlagsForm(
            shown=before.audiences_before_rollback(), epoch=epoch
        )
        if entered := reauthentication.kept(request):
            again = reauthentication.restored(form.fields, entered)
            form.initial = {**form.initial, **again}
    titles = steps.titles()
    return {
        "restore": state,
        "rows": [
            {
                "step": step,
                "title": titles[step.name],
                "button": _button(request, state, step),
                "may": request.user.has_perm(STEPS[step.name].permission),
            }
            for step in state.steps
        ],
        "form": form,
        "may_all": _may_do_all(request, state),
        "before": before.first_rollback(),
    }


def _button(request: HttpRequest, state: RestoreState, step: Step) -> str:
    """Return what the button of a step does now, "" when there is none."""
    if not request.user.has_perm(STEPS[step.name].permission) or not state.is_down:
        return ""
    is_check = step.name in {Name.PREFLIGHT, Name.SMOKE}
    can_start = step.state in {StepState.OPEN, StepState.FAILED} and not step.missing
    if can_start and is_check and step.state == StepState.FAILED:
        return _("Run it again")
    return str(STEPS[step.name].verb()) if can_start else ""


def _may_do_all(request: HttpRequest, state: RestoreState) -> bool:
    """Tell whether one press does all steps that are left."""
    needed = (CHANGE, MOVE, ROLL_BACK)
    is_running = any(step.state == StepState.RUNNING for step in state.steps)
    is_frozen = Name.UNFREEZE in state.by_name and not (
        state.by_name[Name.UNFREEZE].is_passed
    )
    return (
        settings.DEMONSTRATION
        and state.is_down
        and not is_running
        and not is_frozen
        and request.user.has_perms(needed)
    )


def _do(request: HttpRequest) -> HttpResponse | four_flags.FourFlagsForm:
    """Do the step that the button names; return its form when it is refused."""
    name = request.POST.get("step", "")
    if name not in {*STEPS, ALL_STEPS}:
        raise Http404
    needed = (
        (CHANGE, MOVE, ROLL_BACK) if name == ALL_STEPS else (STEPS[name].permission,)
    )
    if not request.user.has_perms(needed):
        raise PermissionDenied
    seen = request.POST.get("seen", "")
    number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else 0
    if name in ASKS_WHO and (answer := reauthentication.ask(request)):
        return answer
    order = Order(request, number, request.POST.get("reason", ""))
    if name == Name.TURN_ON:
        return _turn_on(order)
    try:
        do = _do_all if name == ALL_STEPS else STEPS[name].do
        messages.success(request, do(order))
    except RolloutError as error:
        _tell(request, error)
    return redirect("restore")


def _tell(request: HttpRequest, error: RolloutError) -> None:
    unmet = getattr(error, "unmet", ())
    messages.error(request, " ".join(map(str, (error, *unmet))))


def _turn_on(order: Order) -> HttpResponse | four_flags.FourFlagsForm:
    request = order.request
    form = four_flags.FourFlagsForm(
        request.POST,
        shown=before.audiences_before_rollback(),
        epoch=four_flags.current_epoch(),
    )
    if not form.is_valid():
        return form
    try:
        changed = actions.turn_on(
            wanted=form.wanted(),
            cause=ChangeReason(order.actor, form.cleaned_data["reason"], SOURCE),
            seen=order.seen,
            seen_epoch=form.cleaned_data["epoch"],
        )
    except RolloutError as error:
        current = steps.read_restore().current
        if current is None or current.name != Name.TURN_ON:
            # Another person was faster, or there was a new rollback.
            _tell(request, error)
            return redirect("restore")
        four_flags.add_refusal(form, error)
        return form
    if changed is None:
        messages.info(request, _("The features serve these people already."))
        return redirect("restore")
    words = four_flags.changed_words(request, changed)
    messages.success(request, f"{_('Back in service, under close watch.')} {words}")
    return redirect("restore")


def _mitigate(order: Order) -> str:
    done = actions.mitigate(note=order.text, actor=order.actor, seen=order.seen)
    jobs.enqueue_notices()
    return _("Mitigated: %(incidents)s.") % {
        "incidents": ", ".join(str(incident) for incident in done)
    }


def _preflight(order: Order) -> str:
    _request, is_new = actions.run_preflight(
        actor=order.actor, seen=order.seen, live=bool(order.request.POST.get("live"))
    )
    return _asked(is_new)


def _smoke(order: Order) -> str:
    _request, is_new = actions.run_smoke(actor=order.actor, seen=order.seen)
    return _asked(is_new)


def _asked(is_new: bool) -> str:
    if is_new:
        return _("The run has been asked for. Its lines appear below.")
    return _("A run is under way already. Its lines appear below.")


def _functions(order: Order) -> str:
    rollback.restore(reason=order.text, actor=order.actor, source=SOURCE)
    return _("The functions answer again. Every feature stays as it is.")


def _unfreeze(order: Order) -> str:
    plan_state.resume(reason=order.text, actor=order.actor, source=SOURCE)
    jobs.enqueue_notices()
    return _("The plan is no longer frozen. Every feature is still off.")


def _do_all(order: Order) -> str:
    actions.restore_all(note=order.text, actor=order.actor, seen=order.seen)
    jobs.enqueue_notices()
    return _("All steps are done one after the other. Watch them below.")


class Handler(NamedTuple):
    """Who may do a step, the words of its button, and what it does."""

    permission: str
    verb: Callable[[], str]
    do: Callable[[Order], str]


STEPS: dict[str, Handler] = {
    Name.MITIGATE: Handler(CHANGE, lambda: _("Mitigate"), _mitigate),
    Name.PREFLIGHT: Handler(MOVE, lambda: _("Run the pre-flight"), _preflight),
    Name.FUNCTIONS: Handler(ROLL_BACK, lambda: _("Restore the functions"), _functions),
    Name.UNFREEZE: Handler(MOVE, lambda: _("End the freeze"), _unfreeze),
    Name.SMOKE: Handler(CHANGE, lambda: _("Run the smoke tests"), _smoke),
    Name.TURN_ON: Handler(CHANGE, lambda: _("Turn on"), lambda _order: ""),
}
