"""The telephone page of the simulator: call, speak, press, hang up."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)

from agents.admin import overview
from agents.content import answers, in_force
from agents.simulator import page_data as simulator_data
from agents.simulator import suggestions
from agents.simulator.access import SimulatorView
from agents.simulator.fragments import fragment
from agents.simulator.phone import client, delivery, page_data
from agents.simulator.phone.exchange import ACTS, PACES
from agents.simulator.webhook_post import NotAccepted
from easymo.start import SUPERVISOR

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

    from agents.models import Call

MAX_WORDS = 1_000
KEYS = re.compile(r"[0-9*#]{1,20}")
SPOKEN = frozenset({"say", "speak_over"})


class PhonePage(SimulatorView):
    def get(self, request: HttpRequest, person: UUID) -> HttpResponse:
        caller = self.person()
        context = page_data.screen(caller) | page_data.call_traces(caller)
        context |= {
            "people": simulator_data.people(),
            "features": overview.features(),
            "suggestions": suggestions.on_the_phone(caller),
            "pin": page_data.pin_shown(caller),
            "can_kill_worker": page_data.can_kill_worker(),
            "is_phone": True,
        }
        return render(request, "simulator/phone.html", context)


class Screen(SimulatorView):
    def get(self, request: HttpRequest, person: UUID) -> HttpResponse:
        context = page_data.screen(self.person())
        return fragment(request, "simulator/_call.html", context)


class CallTracePanel(SimulatorView):
    def get(self, request: HttpRequest, person: UUID) -> HttpResponse:
        context = page_data.call_traces(self.person()) | {
            "features": overview.features()
        }
        return fragment(request, "simulator/_call_behind.html", context)


class Ring(SimulatorView):
    def post(self, request: HttpRequest, person: UUID) -> HttpResponse:
        """Call: a server of this process rings, and our webhook is told."""
        caller = self.person()
        if not caller.msisdn:
            return _refused(gettext("This person has no telephone number."), 409)
        if page_data.screen(caller)["is_running"]:
            return _refused(gettext("This telephone is in a call."), 409)
        pace = request.POST.get("pace", "normal")
        try:
            call_id = client.ring(
                caller=caller.msisdn,
                role=caller.role,
                pace=pace if pace in PACES else "normal",
                fails_transfer=request.POST.get("fails_transfer") == "1",
                topics=answers.askable(in_force.for_person(caller)),
            )
            _deliver(request, call_id, caller.msisdn)
        except (client.NoLine, NotAccepted) as error:
            return _refused(str(error), 502)
        return JsonResponse({"call_id": call_id})


def _deliver(request: HttpRequest, call_id: str, caller: str) -> None:
    """Deliver the webhook; a call that it does not take is hung up."""
    twice = request.POST.get("twice") == "1"
    try:
        delivery.deliver(request, call_id=call_id, caller=caller, twice=twice)
    except NotAccepted:
        client.act(call_id, "hang_up")
        raise


@method_decorator([sensitive_post_parameters(), sensitive_variables()], "dispatch")
class Act(SimulatorView):
    def post(self, request: HttpRequest, person: UUID) -> HttpResponse:
        """Speak, press keys, hang up, or disturb the call."""
        caller = self.person()
        call = page_data.last_call(caller)
        if call is None:
            return _refused(gettext("There is no call."), 409)
        name = request.POST.get("act", "")
        try:
            if name == "webhook_again":
                delivery.deliver_again(request, call)
            elif name == "kill_worker":
                return _kill_worker()
            elif name in ACTS:
                return self._act(call, name, self._words(request))
            else:
                return _refused(gettext("There is no such button."), 400)
        except (client.NoLine, NotAccepted) as error:
            return _refused(str(error), 409)
        return JsonResponse({"done": True})

    def _words(self, request: HttpRequest) -> str:
        given = request.POST.get("words", "")
        if given == "pin":
            return page_data.pin_shown(self.person())
        return " ".join(given.split())[:MAX_WORDS]

    def _act(self, call: Call, name: str, words: str) -> HttpResponse:
        if name == "press" and not KEYS.fullmatch(words):
            return _refused(gettext("Only 0 to 9, * and # are keys."), 400)
        if name in SPOKEN and not words:
            return _refused(gettext("Enter some words first."), 400)
        client.act(call.call_id, name, words)
        return JsonResponse({"done": True})


def _kill_worker() -> HttpResponse:
    """Let `make run` kill the worker at once; it starts another one."""
    if not page_data.can_kill_worker():
        return _refused(gettext("Only `make run` can start the worker again."), 409)
    os.kill(int(os.environ[SUPERVISOR]), signal.SIGUSR1)
    return JsonResponse({"done": True})


def _refused(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=status)
