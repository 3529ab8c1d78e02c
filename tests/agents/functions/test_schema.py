from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from agents.functions.pages import build_schema
from agents.urls import FUNCTIONS
from easymo.wsgi import application
from tests.agents.functions.conftest import forget_rates

if TYPE_CHECKING:
    from tests.agents.functions.conftest import Api

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# `make bench` and a release run more: FUZZ_CASES=2000.
CASES = int(os.environ.get("FUZZ_CASES", "300"))
OPERATIONS = (
    "lookup_customer",
    "create_voucher",
    "redeem_voucher",
    "void_voucher",
    "tool_event",
)


def test_schema__every_function__is_in_it() -> None:
    described = build_schema()
    assert described["openapi"].startswith("3.1")
    # Meta's webhook is Meta's to describe.
    ours = {name for name in FUNCTIONS if name != "ai-whatsapp-webhook"}
    functions = {
        path: methods
        for path, methods in described["paths"].items()
        if not path.startswith("/api/rollout/")
    }
    assert set(functions) == {f"/functions/v1/{name}" for name in ours}
    for methods in functions.values():
        assert set(methods) == {"get", "post"}
        assert {"400", "401", "403", "405", "409", "410", "413", "415"} <= set(
            methods["post"]["responses"]
        )
        assert methods["post"]["security"]


def test_schema__committed_file__is_up_to_date() -> None:
    call_command("api_schema", "--check")


def schema_of(api: Api) -> Any:
    """Return the schema, its requests going straight into our application."""
    schema = schemathesis.openapi.from_dict(build_schema())
    schema.app = application
    return schema


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_fuzz__each_function__answers_as_described(
    committed_api: Api, operation_id: str
) -> None:
    schema = schema_of(committed_api)
    operation = schema.find_operation_by_id(operation_id)
    strategy = operation.as_strategy(
        generation_mode=schemathesis.GenerationMode.POSITIVE
    ) | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    headers = {"Authorization": f"Bearer {committed_api.secret}"}

    @hypothesis_settings(
        max_examples=CASES // len(OPERATIONS),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def fuzz(case: Any) -> None:
        forget_rates()
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS, headers=headers)

    fuzz()
