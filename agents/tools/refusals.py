"""A refusal of the business, in words for the person and for the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.runtime import texts
from agents.tools.base import ToolResult, refused
from vouchers import errors

if TYPE_CHECKING:
    from agents.tools.base import Payload

# In chat, somebody else's voucher is no voucher; and a role is not explained.
_TOLD_AS = {
    "not_owner": "voucher_not_found",
    "second_person_needed": "forbidden",
    "not_pending": "not_issued",
}
_TEXT_OF = {"invalid_reason": "ask.reason"}
# What became of a voucher that can no longer be used, and when.
_SINCE = {"redeemed": "refused.redeemed", "void": "refused.void"}


def refusal_of(error: errors.VoucherError, *, language: str) -> ToolResult:
    """Return the refusal as a result; its texts are ours, never the exception's."""
    code = _TOLD_AS.get(error.code, error.code)
    facts, values = _facts(error, language)
    key = _TEXT_OF.get(code, f"refused.{code}")
    if isinstance(error, errors.VoucherNotIssued) and error.at is not None:
        key = _SINCE.get(error.status, key)
        values["at"] = texts.format_date(error.at, language)
    key = key if texts.has(key) else "refused.other"
    sentence = (
        str(errors.VoucherNotFound()) if code == "voucher_not_found" else str(error)
    )
    return refused(code, sentence, texts.render(key, language, **values), **facts)


def _facts(error: errors.VoucherError, language: str) -> tuple[Payload, Payload]:
    match error:
        case errors.VoucherNotIssued() | errors.VoucherNotPending():
            status = texts.render(f"status.{error.status}", language)
            return {"status": error.status}, {"status": status}
        case errors.LimitExceeded():
            limit = texts.render(f"limit.{error.limit}", language, amount=error.cap)
            return {"limit": error.limit, "cap": error.cap}, {"limit": limit}
        case errors.Locked():
            minutes = max(1, -(-error.retry_after // 60))
            return {"retry_after": error.retry_after}, {"minutes": minutes}
        case _:
            return {}, {}
