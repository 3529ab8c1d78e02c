"""The checks of the contract, in its order, around one function.

Before this: 405, 410, 413, 415, 401. Here: 403 scope, 400, 403 feature, 422 and 409
for the key, 429, and the rules of the business, whose refusals are answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction

from agents.api import functions, idempotency, rate_limits, refusals
from agents.api.functions import Call
from agents.api.idempotency import Key
from agents.api.serializers import validated
from easymo.observability.logs import get_logger
from rollout.flags.exposure import is_on
from vouchers import errors, selectors
from vouchers.models import VoucherEvent
from vouchers.services import envelopes

if TYPE_CHECKING:
    from agents.api.authentication import Principal
    from agents.api.functions import Function
    from agents.api.refusals import Body

logger = get_logger(__name__)

_LOGGED_AS = {
    "feature_disabled": "feature_disabled",
    "rate_limited": "rate_limited",
}


@dataclass(frozen=True, slots=True)
class Answer:
    body: Body
    replayed: bool


def require_scope(function: Function, principal: Principal) -> None:
    if function.scope not in principal.scopes:
        raise refusals.forbidden(f"This token has no scope {function.scope}.")


def perform(
    function: Function, principal: Principal, body: Body, key: Key | None
) -> Answer:
    """Run one call whose scope is checked; return its answer, or raise ``Refusal``."""
    values = validated(function.request, body)
    named = function.name_them(values, principal)
    _log("start", function, principal)
    try:
        if not is_on(function.feature, named.subject):
            raise refusals.feature_disabled()
        cause = key or Key(function.tool, str(uuid4()))
        call = Call(principal, values, named, idempotency.event_key(principal, cause))
        answer = _in_one_transaction(function, call, body, key)
    except refusals.Refusal as refusal:
        event = _LOGGED_AS.get(refusal.code, "error")
        _log(event, function, principal, code=refusal.code)
        raise
    code = answer.body.get("code") if not answer.body["success"] else None
    _log(
        "error" if code else "success",
        function,
        principal,
        **({"code": code} if code else {}),
        **({"replayed": True} if answer.replayed else {}),
    )
    return answer


def _in_one_transaction(
    function: Function, call: Call, body: Body, key: Key | None
) -> Answer:
    """Claim, count, act and keep the answer: all of it, or nothing."""
    with transaction.atomic():
        claim = idempotency.claim(call.principal, key, body)
        if claim.earlier is not None:
            return Answer(told_again(claim.earlier), replayed=True)
        rate_limits.take(call.principal, call.named.customer)
        answer = _ruled(function, call)
        claim.keep(_without_secrets(answer))
    return Answer(answer, replayed=False)


def _ruled(function: Function, call: Call) -> Body:
    """Act; a refusal by rule is an answer, and what it wrote stays."""
    try:
        return function.run(call)
    except errors.FeatureDisabled as error:
        raise refusals.feature_disabled() from error
    except errors.KeyReused as error:
        raise refusals.key_mismatch() from error
    except errors.NotAllowed as error:
        raise refusals.forbidden(str(error)) from error
    except errors.VoucherError as error:
        return refusals.refusal_body(error.code, str(error), **_facts(error))


def _facts(error: errors.VoucherError) -> Body:
    match error:
        case errors.VoucherNotIssued():
            return {"status": str(error.status)}
        case errors.LimitExceeded():
            return {"limit": error.limit}
        case errors.Locked():
            return {"retry_after": error.retry_after}
        case _:
            return {}


def _without_secrets(body: Body) -> Body:
    """Return the answer as it is kept: no code, no name, no number."""
    if not body["success"]:
        return body
    hidden = {"code", "name", "msisdn"} & set(body)
    return {**body, **dict.fromkeys(hidden)}


def told_again(kept: Body) -> Body:
    """Return the first answer, with what was kept out of it read anew."""
    body = dict(kept)
    if not body["success"]:
        return body
    if body.get("customer_id"):
        profile = selectors.profile_by_public_id(UUID(body["customer_id"]))
        body |= functions.described(profile) if profile else {}
    if body.get("status") == "issued":
        body["code"] = _code_of(UUID(body["voucher_id"]))
    return body


def _code_of(voucher_id: UUID) -> str | None:
    """Return the code that the first answer told, for its day; never a later one."""
    voucher = selectors.voucher_by_public_id(voucher_id)
    if (
        voucher is None
        or voucher.events.exclude(seq=1)
        .filter(kind=VoucherEvent.Kind.CODE_ROTATED)
        .exists()
    ):
        return None
    code = envelopes.read(voucher)
    return code.digits if code else None


def _log(
    event: str, function: Function, principal: Principal, **fields: object
) -> None:
    logger.info(
        f"ai.tool.{function.tool}.{event}",
        channel="api",
        token_id=principal.token_id,
        **fields,
    )


def key_for(function: Function, text: str | None) -> Key | None:
    """Return the caller's key; without one every call is a call of its own."""
    if text is None or not function.takes_key:
        return None
    return Key(function.tool, idempotency.valid_key(text))
