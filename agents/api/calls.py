"""Run one function for a token, with the checks that need the body, in their order.

1. 400: the fields of the body (the views check everything before).
2. 403: the feature is off for the customer.
3. 422 and 409: the idempotency key.
4. 429: the rates of the token and of the customer.
5. The rules of the business, whose refusals are answers with HTTP 200.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction

from agents.api import functions, idempotency
from agents.api.functions import Call
from agents.api.idempotency import Key
from agents.api.refusals import Refusal
from agents.core import call_rate
from easymo.observability.logs import get_logger
from easymo.web.refusals import refusal_body
from rollout.flags.exposure import is_on, is_on_for_anyone
from vouchers import errors, selectors
from vouchers.models import VoucherEvent
from vouchers.services import envelopes, guesses

if TYPE_CHECKING:
    from agents.api.functions import Function
    from agents.api.refusals import Body
    from agents.models import ApiToken

logger = get_logger(__name__)

TOKEN_CALLS_A_MINUTE = 120
# Other refusals are logged as "error".
_LOGGED_REFUSALS = {"feature_disabled", "rate_limited"}


@dataclass(frozen=True, slots=True)
class Answer:
    body: Body
    replayed: bool


def run_call(
    function: Function, token: ApiToken, body: Body, key: Key | None
) -> Answer:
    """Return the answer of a call whose scope is checked, or raise `Refusal`."""
    request = function.request(data=body)
    request.is_valid(raise_exception=True)
    values = request.validated_data
    subjects = function.find_subjects(values, token)
    _log("start", function, token)
    try:
        cause = key or Key(function.tool, str(uuid4()))
        call = Call(token, values, subjects, idempotency.event_key(token, cause))
        if is_on(function.feature, subjects.subject):
            answer = _in_one_transaction(function, call, body, key)
        else:
            answer = Answer(_refuse_disabled(function, call), replayed=False)
    except Refusal as refusal:
        event = refusal.code if refusal.code in _LOGGED_REFUSALS else "error"
        _log(event, function, token, code=refusal.code)
        raise
    fields: dict[str, object] = {"replayed": True} if answer.replayed else {}
    if answer.body["success"]:
        _log("success", function, token, **fields)
    else:
        _log("error", function, token, code=answer.body["code"], **fields)
    return answer


def _refuse_disabled(function: Function, call: Call) -> Body:
    """Refuse a customer whose feature is off; count an unknown number first.

    While the feature is on for some, the refusal would tell them from unknown numbers.
    """
    if call.names_number and is_on_for_anyone(function.feature):
        try:
            guesses.check_unknown(actor=call.actor)
            if call.subjects.customer is None:
                guesses.count_unknown(actor=call.actor)
        except errors.Locked as error:
            return refusal_body(error.code, str(error), **error.facts)
    raise Refusal("feature_disabled")


def _in_one_transaction(
    function: Function, call: Call, body: Body, key: Key | None
) -> Answer:
    """Claim the key, count the rates, run the function and store the answer."""
    with transaction.atomic():
        claim = idempotency.claim(call.token, key, body)
        if claim.earlier is not None:
            return Answer(_restore_secrets(claim.earlier), replayed=True)
        _count_rates(call)
        answer = _run(function, call)
        claim.store(_without_secrets(answer))
    return Answer(answer, replayed=False)


def _count_rates(call: Call) -> None:
    seconds = call_rate.take(f"token:{call.token.pk}", limit=TOKEN_CALLS_A_MINUTE)
    if seconds:
        raise Refusal("rate_limited", retry_after=seconds)
    customer = call.subjects.customer
    if customer is None:
        return
    # By token too: one token cannot use up the calls of another one.
    subject = f"api:{call.token.pk}:{customer.public_id}"
    limit = call_rate.limit_for(customer)
    if seconds := call_rate.take(subject, limit=limit):
        raise Refusal(
            "rate_limited",
            "Too many calls for this customer in a minute.",
            retry_after=seconds,
        )


def _run(function: Function, call: Call) -> Body:
    """Run the function; a refusal by rule is an answer, and its rows are committed."""
    try:
        return function.run(call)
    except errors.FeatureDisabled as error:
        raise Refusal("feature_disabled") from error
    except errors.KeyReused as error:
        raise Refusal("idempotency_mismatch") from error
    except errors.NotAllowed as error:
        raise Refusal("forbidden", str(error)) from error
    except errors.VoucherError as error:
        return refusal_body(error.code, str(error), **error.facts)


def _without_secrets(body: Body) -> Body:
    """Blank code, name and number: they are not stored with the answer."""
    if not body["success"]:
        return body
    return {**body, **dict.fromkeys({"code", "name", "msisdn"} & set(body))}


def _restore_secrets(stored: Body) -> Body:
    """Return the first answer; what `_without_secrets` blanked is read again."""
    body = dict(stored)
    if not body["success"]:
        return body
    if body.get("customer_id"):
        profile = selectors.profile_by_public_id(UUID(body["customer_id"]))
        body |= functions.customer_facts(profile) if profile else {}
    if body.get("status") == "issued":
        body["code"] = _first_code(UUID(body["voucher_id"]))
    return body


def _first_code(voucher_id: UUID) -> str | None:
    """Return the code of the first answer for 24 hours; never a later code."""
    voucher = selectors.voucher_by_public_id(voucher_id)
    if voucher is None:
        return None
    rotations = voucher.events.filter(kind=VoucherEvent.Kind.CODE_ROTATED)
    if rotations.exclude(seq=1).exists():
        return None
    code = envelopes.read(voucher)
    return code.digits if code else None


def _log(event: str, function: Function, token: ApiToken, **fields: object) -> None:
    logger.info(
        f"ai.tool.{function.tool}.{event}", channel="api", token_id=token.pk, **fields
    )
