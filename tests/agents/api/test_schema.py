from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from agents.api.schema_pages import build_schema
from agents.urls import FUNCTIONS
from easymo.wsgi import application
from tests.agents.api.conftest import ALINE, forget_rates
from vouchers.audit import verify as audit
from vouchers.models import Voucher

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.agents.api.conftest import Api

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# A release runs more: EASYMO_FUZZ_CASES=2000. A third of them are calls that follow
# from one another.
CASES = int(os.environ.get("EASYMO_FUZZ_CASES", "300"))
STEPS = 6
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
        max_examples=CASES * 2 // 3 // len(OPERATIONS),
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


def test_fuzz__calls_that_follow_from_one_another__keep_the_rules(
    committed_api: Api, settings: SettingsWrapper
) -> None:
    """Walk the links: what was issued is redeemed, voided, looked up, and again."""
    settings.VOUCHER_CUSTOMER_DAILY = settings.VOUCHER_ISSUER_DAILY = 10**9
    walked = Walked()

    class Walk(schema_of(committed_api).as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Any) -> None:
            forget_rates()
            walked.make_likely(case)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": {"Authorization": f"Bearer {committed_api.secret}"}}

        def validate_response(
            self, response: Any, case: Any, additional_checks: Any = (), **given: Any
        ) -> None:
            headers = self.get_call_kwargs(case)["headers"]
            case.validate_response(response, checks=CHECKS, headers=headers)
            walked.note(case, response)

    run_state_machine_as_test(
        Walk,
        settings=hypothesis_settings(
            max_examples=max(CASES // 3 // STEPS, 1),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    # Then: it was no walk among refusals, and every value is accounted for
    assert {"create_voucher", "redeem_voucher", "void_voucher"} <= walked.succeeded
    assert audit.verify().broken == []
    spent = walked.calls["redeem_voucher", True] + walked.calls["void_voucher", True]
    used = Voucher.objects.exclude(status__in=["issued", "pending_approval"]).count()
    assert used <= spent


@dataclass
class Walked:
    """What the walk asked, and how often it succeeded."""

    calls: Counter[tuple[str, bool]] = field(default_factory=Counter)

    @property
    def succeeded(self) -> set[str]:
        return {name for name, success in self.calls if success}

    @staticmethod
    def make_likely(case: Any) -> None:
        """Name who and what exists in every other call; links name the rest."""
        body = case.body
        if not isinstance(body, dict):
            return
        name = case.operation.definition.raw.get("operationId")
        if name == "create_voucher" and len(str(body)) % 2:
            body |= {"customer_msisdn": ALINE, "amount": 1_000}
            body.pop("currency", None)
        if name == "redeem_voucher" and body.get("customer_msisdn") == ALINE:
            body["station"] = "KIMIRONKO"
            body.pop("code", None)

    def note(self, case: Any, response: Any) -> None:
        name = str(case.operation.definition.raw.get("operationId"))
        body = response.json() if response.status_code == 200 else {}
        self.calls[name, bool(body.get("success"))] += 1
