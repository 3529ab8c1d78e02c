"""The views of the function API: the checks that need no body, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.api import functions, idempotency, parsing, refusals
from agents.api.authentication import HasScope, TokenAuthentication, token_of
from agents.api.calls import run_call
from agents.api.schema import documented
from agents.inbound.endpoint import health_answer
from rollout.flags.exposure import functions_are_removed

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponseBase
    from rest_framework.request import Request

    from agents.api.functions import Function


class ApiView(APIView):
    """A view that answers GET to anyone and POST to a token."""

    authentication_classes = [TokenAuthentication]
    permission_classes = [HasScope]
    parser_classes = [parsing.StrictJsonParser]
    renderer_classes = [JSONRenderer]
    http_method_names = ["get", "head", "post"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check 405, 410, 413, 415, then 401 and 403 in the framework."""
        if request.method not in self.allowed_methods:
            raise MethodNotAllowed(str(request.method))
        if request.method != "POST":
            return
        if functions_are_removed():
            raise refusals.Refusal("removed")
        parsing.check_size(request._request)
        parsing.check_type(request._request)
        super().initial(request, *args, **kwargs)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Answer JSON whatever the Accept header says."""
        return super().perform_content_negotiation(request, force=True)

    def get_exception_handler(self) -> Callable[[Exception, Any], Response]:
        return refusals.handle_exception

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Forbid storing an answer to POST: it may contain a voucher code."""
        if request.method == "POST":
            response["Cache-Control"] = "no-store"
        return super().finalize_response(request, response, *args, **kwargs)


class FunctionView(ApiView):
    """One function: GET tells whether it is on, POST calls it."""

    function: ClassVar[Function]

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer whether the feature of the function is on for anyone."""
        return health_answer(self.function.name, self.function.feature)

    def post(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Call the function."""
        key = None
        if self.function.takes_key:
            header = request.headers.get(idempotency.HEADER)
            key = idempotency.key_from_header(self.function.tool, header)
        body = parsing.object_of(request)
        answer = run_call(self.function, token_of(request), body, key)
        headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
        return Response(answer.body, headers=headers)


@documented(functions.LOOKUP)
class LookupCustomer(FunctionView):
    """Look up a customer by number."""

    function = functions.LOOKUP


@documented(functions.CREATE)
class CreateVoucher(FunctionView):
    """Issue a voucher for a customer."""

    function = functions.CREATE


@documented(functions.REDEEM)
class RedeemVoucher(FunctionView):
    """Redeem a customer's voucher at a station."""

    function = functions.REDEEM


@documented(functions.VOID)
class VoidVoucher(FunctionView):
    """Void an issued voucher."""

    function = functions.VOID
