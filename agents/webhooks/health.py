from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View
from rollout.services.exposure import is_on_for_anyone

from rollout.features import Feature


def health_answer(function: str, feature: Feature) -> JsonResponse:
    """Say whether the function's feature is on for anyone."""
    return JsonResponse({"function": function, "enabled": is_on_for_anyone(feature)})


class FunctionHealth(View):
    """The part of a function that anyone may ask: is it switched on?"""

    http_method_names = ["get", "head"]
    function = ""
    feature = Feature.VOUCHERS

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return health_answer(self.function, self.feature)
