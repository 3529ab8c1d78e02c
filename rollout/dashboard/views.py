"""The forms of the dashboard. The page itself is the first page of the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from easymo.backoffice import reauthentication
from easymo.backoffice.pages import actor_of
from rollout.admin.rollback_actions import ALL_OFF, rollback_message
from rollout.checklists import checklists
from rollout.core.errors import RequirementsUnmet, RolloutError
from rollout.core.features import Feature
from rollout.core.ports import ports
from rollout.dashboard import page
from rollout.incidents import incidents
from rollout.models import ChecklistItem, FlagChange, Incident, Plan
from rollout.stages import plan_state, stages
from rollout.stages.rollback import rollback_partial, rollback_quick

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from easymo.backoffice.actions import Words
    from rollout.models import PlanChange

ALL = "all"


def _change_arguments(request: HttpRequest) -> dict[str, Any]:
    return {
        "reason": request.POST.get("reason", ""),
        "actor": actor_of(request),
        "source": FlagChange.Source.ADMIN,
    }


class DashboardForm(View):
    """Checks the permission, calls a service, and returns to the page with a message."""

    http_method_names = ["post"]
    permission = ""
    anchor = ""
    nothing_done = _("Nothing was changed.")

    @method_decorator(staff_member_required)
    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if not request.user.has_perm(self.permission):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            messages.success(request, self.perform(request, **kwargs))
        except RolloutError as error:
            unmet = error.unmet if isinstance(error, RequirementsUnmet) else ()
            messages.error(
                request,
                " · ".join(map(str, (f"{self.nothing_done} {error}", *unmet))),
            )
            request.session[page.TYPED] = request.POST.get("reason", "")[:500]
        return redirect(f"{reverse('admin:index')}?page=room{self.anchor}")

    def perform(self, request: HttpRequest, **kwargs: Any) -> str:
        """Call the service and return its result as a sentence."""
        raise NotImplementedError


class Kill(DashboardForm):
    """Turns all features or one feature off."""

    permission = "rollout.rollback"
    nothing_done = _("NOTHING WAS TURNED OFF.")

    def perform(self, request: HttpRequest, **kwargs: Any) -> str:
        name = request.POST.get("kill", ALL)
        if name == ALL:
            done = rollback_quick(**_change_arguments(request))
            return rollback_message(done, ALL_OFF)
        if name not in set(Feature):
            raise RolloutError(gettext("There is no such feature."))
        feature = Feature(name)
        done = rollback_partial(features=[feature], **_change_arguments(request))
        return rollback_message(
            done, gettext("{label} is off").format(label=feature.label)
        )


class Move(DashboardForm):
    """Changes the stage or the state of the plan; the service checks the gates."""

    permission = "rollout.move_stage"
    anchor = "#gates"
    moves: ClassVar[dict[str, tuple[Callable[..., PlanChange | None], Words]]] = {
        "advance": (stages.advance, _("The next stage has begun")),
        "demote": (stages.demote, _("Back to the previous stage")),
        "hold": (plan_state.hold, _("Held: the stage does not advance")),
        "release": (plan_state.release, _("The hold has ended")),
        "resume": (
            plan_state.resume,
            _("Resumed: turn on the features that are to be on"),
        ),
    }

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask who it is before the way back into service."""
        back = f"{reverse('admin:index')}?page=room{self.anchor}"
        if request.POST.get("move") == "resume" and (
            answer := reauthentication.ask(request, back=back)
        ):
            return answer
        return super().post(request, **kwargs)

    def perform(self, request: HttpRequest, **kwargs: Any) -> str:
        name = request.POST.get("move", "")
        if name not in self.moves:
            raise RolloutError(gettext("There is no such move."))
        service, words = self.moves[name]
        change = service(**_change_arguments(request))
        if change is not None and change.after["state"] == Plan.State.ROLLED_BACK:
            words = gettext("No longer frozen: pass the smoke tests, then resume again")
        return f"{words}."


class Note(DashboardForm):
    """Adds a note to the timeline of an incident."""

    permission = "rollout.change_exposure"
    anchor = "#incident"

    def perform(self, request: HttpRequest, **kwargs: Any) -> str:
        incident = get_object_or_404(Incident, pk=kwargs["incident"])
        text = request.POST.get("reason", "")
        incidents.add_note(incident=incident, text=text, author=actor_of(request))
        return gettext("Noted on incident {pk}.").format(pk=incident.pk)


class Tick(DashboardForm):
    """Ticks a line of the checklist."""

    permission = "rollout.change_exposure"
    anchor = "#duties"

    def perform(self, request: HttpRequest, **kwargs: Any) -> str:
        item = get_object_or_404(ChecklistItem, pk=kwargs["item"])
        evidence = request.POST.get("reason", "")
        checklists.tick_line(item=item, by=actor_of(request), evidence=evidence)
        return gettext("Ticked: {text}").format(text=item.text)


class Probe(DashboardForm):
    """Sends a test request to the previous workflow."""

    permission = "rollout.change_exposure"
    anchor = "#previous"
    nothing_done = _("No request was answered.")

    def perform(self, request: HttpRequest, **kwargs: Any) -> str:
        probe = ports.probe_previous_workflow
        answered = probe() if probe else None
        if answered is None:
            raise RolloutError(gettext("No previous workflow is configured."))
        if not answered:
            raise RolloutError(gettext("The previous workflow did not answer."))
        return gettext("The previous workflow answered.")


class LookUp(DashboardForm):
    """Selects the person whose features are explained; the number is not kept."""

    permission = "rollout.view_agentflag"
    anchor = "#features"
    nothing_done = _("No person was looked up.")

    def perform(self, request: HttpRequest, **kwargs: Any) -> str:
        text = request.POST.get("who", "")
        if not text.strip():
            page.forget_person(request)
            return gettext("No person is selected now.")
        if not request.user.has_perm("vouchers.view_profile"):
            raise PermissionDenied
        person = page.look_up_person(request, text)
        return gettext("Showing what is on for {label}.").format(label=person.label)
