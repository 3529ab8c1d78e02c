from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from easymo.observability import correlation
from rollout.features import Feature
from rollout.services.exposure import is_on_for_anyone


def health_answer(function: str, feature: Feature) -> JsonResponse:
    """Say whether the function's feature is on for anyone."""
    return JsonResponse({"function": function, "enabled": is_on_for_anyone(feature)})


def wrong_method(allowed: list[str]) -> JsonResponse:
    """Refuse a method in the shape of every refusal of a function."""
    body = {
        "success": False,
        "error": "This function does not take that method.",
        "code": "method_not_allowed",
        "correlation_id": str(correlation.current()),
    }
    return JsonResponse(body, status=405, headers={"Allow": ", ".join(allowed)})


@method_decorator(csrf_exempt, name="dispatch")
class FunctionHealth(View):
    """The part of a function that anyone may ask: is it switched on?"""

    http_method_names = ["get", "head"]
    function = ""
    feature = Feature.VOUCHERS

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return health_answer(self.function, self.feature)

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return wrong_method([name.upper() for name in self.http_method_names])
