"""The operator's page as JSON, and rollbacks, for staff who are signed in.

No token opens these: API tokens belong to machines of the business, and none of their
scopes is about exposure. A script signs in as a person does, with her session and
Django's CSRF token, and the audit log names her.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from rollout.api import errors
from rollout.api.dataclass_json import json_schema, to_json
from rollout.api.serializers import RollbackSerializer
from rollout.core.errors import RolloutError
from rollout.core.features import Feature
from rollout.dashboard.data import DashboardData, read_dashboard
from rollout.models import FlagChange, RollbackEvent
from rollout.stages import rollback

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.request import Request

    from rollout.stages.rollback import RollbackResult

SIGNED_IN: Any = [{"session": []}]
DONE = {
    "type": "object",
    "properties": {
        "success": {"const": True},
        "kind": {"enum": RollbackEvent.Kind.values},
        "turned_off": {"type": "array", "items": {"type": "string"}},
        "version": {"type": "integer"},
        "fence_proven": {
            "type": "boolean",
            "description": "True: no voucher operation begun before can still commit.",
        },
        "incident": {"type": "integer"},
        "receipt": {"type": ["string", "null"]},
        "acknowledged": {"type": ["integer", "null"]},
        "processes": {"type": ["integer", "null"]},
        "ms": {"type": ["integer", "null"]},
    },
    "required": [
        "success",
        "kind",
        "turned_off",
        "version",
        "fence_proven",
        "incident",
    ],
}
DENIED = {
    401: OpenApiResponse(errors.SCHEMA, "Nobody is signed in."),
    403: OpenApiResponse(errors.SCHEMA, "Without the permission, or the CSRF token."),
}
SERVICES: dict[str, Callable[..., RollbackResult]] = {
    RollbackEvent.Kind.QUICK: rollback.rollback_quick,
    RollbackEvent.Kind.PARTIAL: rollback.rollback_partial,
    RollbackEvent.Kind.FULL: rollback.rollback_full,
    RollbackEvent.Kind.RESTORE: rollback.restore,
}


class Session(SessionAuthentication):
    """A signed-in person; whoever is not is told so, and not that she may not."""

    def authenticate_header(self, request: Request) -> str:
        """Make the answer 401."""
        return "Session"


class MayLook(BasePermission):
    """Staff who may see the switches."""

    permission = "rollout.view_agentflag"

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Ask for staff and the permission."""
        user = request.user
        return bool(user and user.is_staff and user.has_perm(self.permission))


class MayRollBack(MayLook):
    """Staff who may turn everything off."""

    permission = "rollout.rollback"


class RolloutView(APIView):
    """What both have in common."""

    authentication_classes = (Session,)
    parser_classes = (JSONParser,)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer every refusal in the same shape."""
        if isinstance(exc, RolloutError):
            status, body = errors.of_service(exc)
            return Response(body, status=status)
        answer = super().handle_exception(exc)
        answer.data = errors.of_framework(answer.status_code, answer.data)
        return answer


class Status(RolloutView):
    """Everything on the operator's page."""

    permission_classes = (MayLook,)

    @extend_schema(
        operation_id="rollout_status",
        summary="How the rollout stands",
        description="Everything on the operator's page, for signed-in staff with the "
        "permission `rollout.view_agentflag`. `range` is that of the charts.",
        tags=["rollout"],
        auth=SIGNED_IN,
        parameters=[],
        responses={
            200: OpenApiResponse(json_schema(DashboardData), "As of `at`."),
            **DENIED,
        },
    )
    def get(self, request: Request) -> Response:
        """Answer what the page would show."""
        data = read_dashboard(chart_range=request.query_params.get("range", ""))
        return Response(to_json(data), headers={"Cache-Control": "no-store"})


class Rollback(RolloutView):
    """Turn features off: everything, some, or the functions as well; and its end."""

    permission_classes = (MayRollBack,)

    @extend_schema(
        operation_id="rollout_rollback",
        summary="Roll back",
        description="For signed-in staff with the permission `rollout.rollback`, with "
        "Django's CSRF token in `X-CSRFToken`. Never blocked by gates or approvals, and "
        "safe to repeat. `restore` ends a full rollback and turns nothing on.",
        tags=["rollout"],
        auth=SIGNED_IN,
        request={"application/json": RollbackSerializer},
        responses={
            200: OpenApiResponse(DONE, "Done, and who has taken it in."),
            400: OpenApiResponse(errors.SCHEMA, "Nothing was done."),
            409: OpenApiResponse(
                errors.SCHEMA, "Nothing was done: another change runs. Ask again."
            ),
            **DENIED,
        },
    )
    def post(self, request: Request) -> Response:
        """Carry it out and answer with its receipt."""
        asked = RollbackSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        kind = asked.validated_data["kind"]
        named = asked.validated_data.get("features") or ()
        some = {"features": [Feature(each) for each in named]} if named else {}
        done = SERVICES[kind](
            **some,
            reason=asked.validated_data["reason"],
            actor=request.user.get_username(),
            source=FlagChange.Source.API,
        )
        return Response(_answer(kind, done))


def _answer(kind: str, done: RollbackResult) -> dict[str, Any]:
    receipt, back = done.receipt, done.rolled_back
    return {
        "success": True,
        "kind": kind,
        "turned_off": list(back.turned_off),
        "version": back.epoch,
        "fence_proven": back.fence_proven,
        "incident": back.incident.pk,
        "receipt": str(receipt) if receipt else None,
        "acknowledged": receipt.acknowledged if receipt else None,
        "processes": receipt.processes if receipt else None,
        "ms": receipt.ms if receipt else None,
    }
