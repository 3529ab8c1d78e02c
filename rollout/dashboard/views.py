"""The buttons of the operator's page. The page itself is the admin's first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View

from easymo.backoffice.pages import actor_of
from rollout.admin.rollback_actions import rollback_message
from rollout.checklists import checklists
from rollout.core.errors import NotMet, RolloutError
from rollout.core.features import Feature
from rollout.core.ports import ports
from rollout.dashboard import subject
from rollout.dashboard.features import LABELS
from rollout.incidents import incidents
from rollout.models import ChecklistItem, FlagChange, Incident, Plan
from rollout.stages import stages, state
from rollout.stages.rollback import rollback_partial, rollback_quick

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from rollout.models import PlanChange

# What somebody typed before a refusal is given back to her.
TYPED = "room_typed"
ALL = "all"
THAWED = "No longer frozen: try it with the smoke tests, then resume once more"


class Button(View):
    """One press: a right, a service, a sentence, and back to the page."""

    http_method_names = ["post"]
    permission = ""
    place = ""

    @method_decorator(staff_member_required)
    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Refuse those without the right before anything is read."""
        if not request.user.has_perm(self.permission):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Do it, or say why not; what was typed is not lost."""
        try:
            messages.success(request, self.press(request, **kwargs))
        except RolloutError as error:
            missing = error.unmet if isinstance(error, NotMet) else ()
            said = " · ".join([f"{self.nothing_done} {error}", *missing])
            messages.error(request, said)
            request.session[TYPED] = request.POST.get("reason", "")[:500]
        return redirect(f"{reverse('admin:index')}?page=room{self.place}")

    nothing_done = "Nothing was changed."

    def press(self, request: HttpRequest, **kwargs: Any) -> str:
        """Return what happened, as a sentence."""
        raise NotImplementedError


class Kill(Button):
    """Turn everything off, or one feature: a reason and one press."""

    permission = "rollout.rollback"
    nothing_done = "NOTHING WAS TURNED OFF."

    def press(self, request: HttpRequest, **kwargs: Any) -> str:
        """Roll back quickly, or partially."""
        asked = {
            "reason": request.POST.get("reason", ""),
            "actor": actor_of(request),
            "source": FlagChange.Source.ADMIN,
        }
        what = request.POST.get("kill", ALL)
        if what == ALL:
            return rollback_message(rollback_quick(**asked))
        feature = Feature(what) if what in list(Feature) else None
        if feature is None:
            raise RolloutError("There is no such feature.")
        done = rollback_partial(features=[feature], **asked)
        proof = (
            ""
            if done.rolled_back.fence_proven
            else " FENCE NOT PROVEN: a voucher operation ran on and may still commit."
        )
        return (
            f"{LABELS[feature]} is off; {done.receipt or 'receipt unknown'}."
            f" Incident {done.rolled_back.incident.pk}.{proof}"
        )


class Move(Button):
    """Move the stage or its state; gates and lessons are asked for by the service."""

    permission = "rollout.move_stage"
    place = "#gates"

    moves: ClassVar[dict[str, tuple[Callable[..., PlanChange | None], str]]] = {
        "advance": (stages.advance, "The next stage has begun"),
        "demote": (stages.demote, "Back to the stage before"),
        "hold": (state.hold, "Held: nothing advances"),
        "release": (state.release, "The hold has ended"),
        "resume": (state.resume, "Resumed: turn on what shall be on"),
    }

    def press(self, request: HttpRequest, **kwargs: Any) -> str:
        """Do what the button says."""
        asked = request.POST.get("move", "")
        if asked not in self.moves:
            raise RolloutError("There is no such move.")
        service, words = self.moves[asked]
        change = service(
            reason=request.POST.get("reason", ""),
            actor=actor_of(request),
            source=FlagChange.Source.ADMIN,
        )
        if change is not None and change.after["state"] == Plan.State.ROLLED_BACK:
            words = THAWED
        return f"{words}."


class Note(Button):
    """Add a line to an incident's story."""

    permission = "rollout.change_exposure"
    place = "#incident"

    def press(self, request: HttpRequest, **kwargs: Any) -> str:
        """Write it down; numbers and codes are taken out."""
        incident = get_object_or_404(Incident, pk=kwargs["incident"])
        incidents.add_note(
            incident=incident,
            text=request.POST.get("reason", ""),
            author=actor_of(request),
        )
        return f"Noted on incident {incident.pk}."


class Tick(Button):
    """Say that a line of the guide was done, and what shows it."""

    permission = "rollout.change_exposure"
    place = "#duties"

    def press(self, request: HttpRequest, **kwargs: Any) -> str:
        """Tick it for the time that it is due for."""
        item = get_object_or_404(ChecklistItem, pk=kwargs["item"])
        checklists.tick(
            item=item, by=actor_of(request), evidence=request.POST.get("reason", "")
        )
        return f"Ticked: {item.text}"


class Probe(Button):
    """Ask the previous workflow now."""

    permission = "rollout.change_exposure"
    place = "#previous"
    nothing_done = "It was not asked."

    def press(self, request: HttpRequest, **kwargs: Any) -> str:
        """Send it nothing that it could mistake for a customer's message."""
        if ports.probe_previous_workflow is None:
            raise RolloutError("No previous workflow is configured.")
        answered = ports.probe_previous_workflow()
        if answered is None:
            raise RolloutError("No previous workflow is configured.")
        if not answered:
            raise RolloutError("The previous workflow did not answer.")
        return "The previous workflow answered."


class Look(Button):
    """Choose whose switches the page explains; a number never enters an address."""

    permission = "rollout.view_agentflag"
    place = "#features"
    nothing_done = "Nobody was looked up."

    def press(self, request: HttpRequest, **kwargs: Any) -> str:
        """Remember the subject in the session: never what was pasted."""
        if not request.POST.get("who", "").strip():
            subject.forget(request)
            return "Nobody is looked at any more."
        if not request.user.has_perm("vouchers.view_profile"):
            raise PermissionDenied
        person = subject.look(request, request.POST["who"])
        return f"Showing what is on for {person.label}."
