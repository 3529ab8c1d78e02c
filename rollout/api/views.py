"""The dashboard data as JSON, and rollbacks, for staff who are signed in.

API tokens do not work here: they belong to machines, and no scope of theirs covers
exposure. A script signs in like a person, with a session and Django's CSRF token, and
the audit log names that person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from easymo.backoffice import reauthentication
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
DENIED = {
    401: OpenApiResponse(errors.SCHEMA, "No user is signed in."),
    403: OpenApiResponse(errors.SCHEMA, "Without the permission, or the CSRF token."),
}
SERVICES: dict[str, Callable[..., RollbackResult]] = {
    RollbackEvent.Kind.QUICK: rollback.rollback_quick,
    RollbackEvent.Kind.PARTIAL: rollback.rollback_partial,
    RollbackEvent.Kind.FULL: rollback.rollback_full,
    RollbackEvent.Kind.RESTORE: rollback.restore,
}


@dataclass(frozen=True, slots=True)
class RollbackAnswer:
    """The answer to a rollback.

    `fence_proven`: no voucher operation that began before can still commit.
    """

    success: bool
    kind: RollbackEvent.Kind
    turned_off: tuple[str, ...]
    version: int
    fence_proven: bool
    incident: int
    receipt: str | None
    acknowledged: int | None
    processes: int | None
    ms: int | None


class ProofNeeded(APIException):
    """Features may come back only for a person who has just proved who they are."""

    status_code = 403
    default_detail = (
        "Confirm who you are first, at /admin/reauthenticate/. Then send it again."
    )


class StaffSession(SessionAuthentication):
    """Session authentication that answers 401, not 403, without a session."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class MayViewFlags(BasePermission):
    permission = "rollout.view_agentflag"

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return bool(user and user.is_staff and user.has_perm(self.permission))


class MayRollBack(MayViewFlags):
    permission = "rollout.rollback"


class RolloutView(APIView):
    """Session authentication, JSON, and one shape for all errors."""

    authentication_classes = (StaffSession,)
    parser_classes = (JSONParser,)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, RolloutError):
            status, body = errors.from_rollout_error(exc)
            return Response(body, status=status)
        answer = super().handle_exception(exc)
        answer.data = errors.from_framework(answer.status_code, answer.data)
        return answer


class Status(RolloutView):
    permission_classes = (MayViewFlags,)

    @extend_schema(
        operation_id="rollout_status",
        summary="State of the rollout",
        description="All data of the dashboard, for signed-in staff with the "
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
        data = read_dashboard(chart_range=request.query_params.get("range", ""))
        return Response(to_json(data), headers={"Cache-Control": "no-store"})


class Rollback(RolloutView):
    permission_classes = (MayRollBack,)

    @extend_schema(
        operation_id="rollout_rollback",
        summary="Roll back",
        description="For signed-in staff with the permission `rollout.rollback`, with "
        "Django's CSRF token in `X-CSRFToken`. Never blocked by gates or approvals, and "
        "safe to repeat. `restore` ends a full rollback and turns nothing on; it needs "
        "a proof of who it is, of the last ten minutes.",
        tags=["rollout"],
        auth=SIGNED_IN,
        request={"application/json": RollbackSerializer},
        responses={
            200: OpenApiResponse(
                json_schema(RollbackAnswer), "Done, and who has acknowledged it."
            ),
            400: OpenApiResponse(errors.SCHEMA, "Nothing was done."),
            409: OpenApiResponse(
                errors.SCHEMA, "Nothing was done: another change runs. Try again."
            ),
            **DENIED,
        },
    )
    def post(self, request: Request) -> Response:
        serializer = RollbackSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        is_restore = values["kind"] == RollbackEvent.Kind.RESTORE
        if is_restore and not reauthentication.is_fresh(request):
            raise ProofNeeded
        features = [Feature(each) for each in values.get("features") or ()]
        done = SERVICES[values["kind"]](
            **({"features": features} if features else {}),
            reason=values["reason"],
            actor=request.user.get_username(),
            source=FlagChange.Source.API,
        )
        return Response(to_json(_answer(values["kind"], done)))


def _answer(kind: str, done: RollbackResult) -> RollbackAnswer:
    receipt, rolled_back = done.receipt, done.rolled_back
    return RollbackAnswer(
        success=True,
        kind=RollbackEvent.Kind(kind),
        turned_off=tuple(rolled_back.turned_off),
        version=rolled_back.epoch,
        fence_proven=rolled_back.fence_proven,
        incident=rolled_back.incident.pk,
        receipt=str(receipt) if receipt else None,
        acknowledged=receipt.acknowledged if receipt else None,
        processes=receipt.processes if receipt else None,
        ms=receipt.ms if receipt else None,
    )
