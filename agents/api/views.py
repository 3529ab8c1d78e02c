"""The function API: the checks that need no body, then the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.http import JsonResponse
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from agents.api import functions, idempotency, parsing, pipeline, refusals
from agents.api.authentication import authenticate
from agents.api.schema import documented
from agents.inbound.endpoint import health_answer
from easymo.database.errors import is_passing
from easymo.observability.logs import get_logger
from rollout.flags.exposure import functions_are_removed

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase
    from rest_framework.request import Request

    from agents.api.functions import Function

logger = get_logger(__name__)


class OnlyJson(BaseContentNegotiation):
    """Answer JSON whatever the caller says it would like."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """Choose nothing: bodies are read as bytes, strictly."""
        return None

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """Choose JSON."""
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """One shape for every refusal, and no method but GET and POST."""

    # Tokens are checked after size and type, in the contract's order.
    authentication_classes = []
    permission_classes = [AllowAny]
    parser_classes = []
    renderer_classes = [JSONRenderer]
    throttle_classes = []
    content_negotiation_class = OnlyJson
    http_method_names = ["get", "head", "post"]

    def handle_exception(self, exc: Exception) -> HttpResponseBase:  # type: ignore[override]
        """Answer a refusal as one; what nobody foresaw is logged and says little."""
        match exc:
            case refusals.Refusal():
                refusal = exc
            case exceptions.MethodNotAllowed():
                refusal = refusals.method_not_allowed("GET, HEAD, POST")
            case _ if is_passing(exc):
                logger.warning("api.database.unreachable", exc_info=exc)
                refusal = refusals.unavailable()
            case _:
                logger.error("api.request.failed", exc_info=exc)
                refusal = refusals.broken()
        logger.info(
            "api.request.refused", status=refusal.status, refused_as=refusal.code
        )
        return refusals.answer(refusal)


class FunctionView(ApiView):
    """One function: GET tells whether it is on, POST calls it."""

    function: ClassVar[Function]

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Tell whether the function is switched on for anyone."""
        return health_answer(self.function.name, self.function.feature)

    def post(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Call the function."""
        http: HttpRequest = request._request
        if functions_are_removed():
            raise refusals.removed()
        raw = parsing.read_body(http)
        parsing.check_type(http)
        principal = authenticate(http)
        pipeline.require_scope(self.function, principal)
        body = parsing.read_object(raw)
        key = pipeline.key_for(self.function, http.headers.get(idempotency.HEADER))
        answer = pipeline.perform(self.function, principal, body, key)
        headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
        return JsonResponse(answer.body, headers=headers)


@documented(functions.LOOKUP)
class LookupCustomer(FunctionView):
    """Who has this number."""

    function = functions.LOOKUP


@documented(functions.CREATE)
class CreateVoucher(FunctionView):
    """A voucher for a customer."""

    function = functions.CREATE


@documented(functions.REDEEM)
class RedeemVoucher(FunctionView):
    """A customer's voucher, spent at a station."""

    function = functions.REDEEM


@documented(functions.VOID)
class VoidVoucher(FunctionView):
    """An issued voucher, taken back."""

    function = functions.VOID
