"""The OpenAPI description of the function API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)

from agents.api.schema_answers import (
    answer_examples,
    answer_schema,
    refusal_examples,
    refusal_schemas,
    request_example,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from agents.api.functions import Function

PREFIX = "/functions/v1/"
ROLLOUT = "/api/rollout/"
SUMMARIES = {
    "lookup_customer": "Look a customer up",
    "create_voucher": "Issue a voucher",
    "redeem_voucher": "Redeem a voucher",
    "void_voucher": "Void a voucher",
}
# The rollout API: a signed-in person, and for a change Django's CSRF token.
SESSION = {"type": "apiKey", "in": "cookie", "name": "easymo_session"}
CORRELATION = OpenApiParameter(
    "X-Correlation-ID",
    {"type": "string", "format": "uuid"},
    OpenApiParameter.HEADER,
    description="Taken, or made; answered, and on every log line.",
)
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    OpenApiParameter.HEADER,
    description="The same key with the same body replays the first answer.",
)
HEALTH = {
    "type": "object",
    "properties": {"function": {"type": "string"}, "enabled": {"type": "boolean"}},
    "required": ["function", "enabled"],
}


def documented(function: Function) -> Callable[[type], type]:
    """Describe both methods of the view of a function."""
    tool = function.tool
    post = extend_schema(
        operation_id=tool,
        summary=SUMMARIES[tool],
        description=f"Needs a token with the scope `{function.scope}`.",
        tags=["functions"],
        request={"application/json": function.request},
        parameters=[CORRELATION, *([KEY] if function.takes_key else [])],
        responses={
            200: OpenApiResponse(
                answer_schema(tool),
                "Done; or refused by a rule of the business, with `success: false`.",
            ),
            **_refusals(),
        },
        examples=[
            OpenApiExample("Request", request_example(function), request_only=True),
            *(
                _response_example(name, body, 200)
                for name, body in answer_examples(tool).items()
            ),
            *(
                _response_example(body["code"], body, status)
                for status, body in refusal_examples().items()
            ),
        ],
    )
    return extend_schema_view(get=_health(f"{tool}_health"), post=post)


def _health(operation_id: str) -> Any:
    return extend_schema(
        operation_id=operation_id,
        summary="Is it turned on for anyone?",
        tags=["health"],
        responses={200: OpenApiResponse(HEALTH, "Needs no token.")},
        auth=[],
    )


def _refusals() -> dict[int, OpenApiResponse]:
    examples = refusal_examples()
    return {
        status: OpenApiResponse(schema, examples[status]["error"])
        for status, schema in refusal_schemas().items()
    }


def _response_example(name: str, body: Any, status: int) -> OpenApiExample:
    return OpenApiExample(name, body, response_only=True, status_codes=[str(status)])


TOOL_EVENT = {
    "type": "object",
    "properties": {
        "type": {"enum": ["response.function_call_arguments.done", "call_tool"]},
        "event_id": {"type": "string"},
        "call_id": {"type": "string", "pattern": "^[!-~]{1,255}$"},
        "name": {"enum": list(SUMMARIES)},
        "arguments": {
            "description": "The function's body, as JSON text.",
            "type": "string",
        },
    },
    "required": ["type", "call_id", "name", "arguments"],
}
TOOL_OUTPUT = {
    "type": "object",
    "properties": {
        "type": {"const": "function_call_output"},
        "call_id": {"type": "string"},
        "output": {"type": "string", "description": "The answer, as JSON text."},
    },
    "required": ["type", "call_id", "output"],
}
TOOL_EXAMPLE = {
    "type": "call_tool",
    "event_id": "event_1",
    "call_id": "call_1",
    "name": "lookup_customer",
    "arguments": '{"msisdn": "+250788123456"}',
}
documented_realtime = extend_schema_view(
    get=_health("realtime_health"),
    post=extend_schema(
        operation_id="tool_event",
        summary="A tool event of the earlier system",
        description="The function of that name, with the token as principal. A "
        "repeated `call_id` replays the first output. With any `webhook-*` header it "
        "is OpenAI's webhook instead, and OpenAI's signature rules hold.",
        tags=["functions"],
        request={"application/json": TOOL_EVENT},
        parameters=[CORRELATION],
        responses={
            200: OpenApiResponse(TOOL_OUTPUT, "The function's answer."),
            **_refusals(),
        },
        examples=[OpenApiExample("Request", TOOL_EXAMPLE, request_only=True)],
    ),
)


def only_functions(
    endpoints: list[tuple[str, str, str, Any]], **_: Any
) -> list[tuple[str, str, str, Any]]:
    """Leave out every address that is not part of an API."""
    return [found for found in endpoints if found[0].startswith((PREFIX, ROLLOUT))]


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add what the generator does not know: strictness, the session, the links."""
    components = result.setdefault("components", {})
    components.setdefault("securitySchemes", {})["session"] = SESSION
    schemas = components.get("schemas", {})
    for schema in schemas.values():
        schema["additionalProperties"] = False
    if redeem := schemas.get("RedeemRequest"):
        redeem["oneOf"] = [{"required": ["voucher_id"]}, {"required": ["code"]}]
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            if path.startswith(ROLLOUT):
                operation["security"] = [{"session": []}]
            if method == "post":
                operation["requestBody"]["required"] = True
    add_links(
        {path: found for path, found in result["paths"].items() if PREFIX in path}
    )
    return result


VOUCHER = "$response.body#/voucher_id"
CUSTOMER = "$request.body#/customer_msisdn"

LINKS: dict[str, dict[str, tuple[str, dict[str, str]]]] = {
    "create_voucher": {
        "Redeem it": (
            "redeem_voucher",
            {"voucher_id": VOUCHER, "customer_msisdn": CUSTOMER},
        ),
        "Void it": ("void_voucher", {"voucher_id": VOUCHER}),
        "Look its owner up": ("lookup_customer", {"msisdn": CUSTOMER}),
    },
    "redeem_voucher": {
        "Try to void it": ("void_voucher", {"voucher_id": VOUCHER}),
        "Redeem it again": (
            "redeem_voucher",
            {"voucher_id": VOUCHER, "customer_msisdn": CUSTOMER},
        ),
    },
    "void_voucher": {"Void it again": ("void_voucher", {"voucher_id": VOUCHER})},
}


def add_links(paths: dict[str, Any]) -> None:
    """Put each link on the answer that it follows from."""
    for methods in paths.values():
        operation = methods.get("post", {})
        for name, (follower, body) in LINKS.get(operation["operationId"], {}).items():
            links = operation["responses"]["200"].setdefault("links", {})
            links[name.replace(" ", "_")] = {
                "operationId": follower,
                "description": name,
                "requestBody": body,
            }
