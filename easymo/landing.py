from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import render
from django.views.decorators.http import require_safe

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Say what this is and where to go; no data."""
    has_simulator = settings.DEMONSTRATION or settings.SIMULATOR_ENABLED
    places = [
        (
            "/simulator/",
            "Simulator",
            "Play a telephone and see what happens behind it.",
        ),
        ("/admin/", "Back office", "People, vouchers, conversations, switches."),
        ("/readyz", "Readiness", "Whether everything that is needed runs."),
    ]
    return render(
        request, "landing.html", {"places": places[0 if has_simulator else 1 :]}
    )
