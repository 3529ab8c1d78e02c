from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import JsonResponse

from rollout.services.exposure import is_on_for_anyone

if TYPE_CHECKING:
    from rollout.features import Feature


def health_answer(function: str, feature: Feature) -> JsonResponse:
    """Say whether the function's feature is on for anyone."""
    return JsonResponse({"function": function, "enabled": is_on_for_anyone(feature)})
