"""Who may use the simulator: staff with the permission, sandbox people only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.mixins import AccessMixin
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.views import View

from vouchers.models import Profile

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

PERMISSION = "agents.use_simulator"


def is_switched_on() -> bool:
    """Tell whether the simulator is enabled here."""
    return bool(settings.DEMONSTRATION or settings.SIMULATOR_ENABLED)


def may_use(request: HttpRequest) -> bool:
    """Tell whether the user may write as sandbox people."""
    user = request.user
    return is_switched_on() and user.is_staff and user.has_perm(PERMISSION)


class SimulatorView(AccessMixin, View):
    """A view for staff with the permission, where the simulator is enabled."""

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if not is_switched_on():
            raise Http404
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if not may_use(request):
            self.raise_exception = True
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)

    def person(self) -> Profile:
        """Return the sandbox person named in the address."""
        return get_object_or_404(
            Profile.objects.select_related("station"),
            public_id=self.kwargs["person"],
            is_sandbox=True,
            is_active=True,
        )
