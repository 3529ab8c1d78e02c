from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@csrf_exempt
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Say what this is and where to go; no data."""
    context = {
        "demonstration": settings.DEMONSTRATION,
        "simulator": settings.DEMONSTRATION or settings.SIMULATOR_ENABLED,
    }
    return render(request, "landing.html", context)
