"""Map OpenAI's errors to ModelError: transient or permanent.

https://developers.openai.com/api/docs/guides/error-codes
"""

from __future__ import annotations

import email.utils
import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2

from agents.llm.model import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import openai

# A 429 or 403 with one of these codes concerns the account: waiting does not help.
ACCOUNT_CODES = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "account_deactivated",
        "access_terminated",
    }
)
PERMANENT_STATUSES = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "model_not_found",
    413: "too_large",
    422: "invalid_request",
}
# Timeouts and conflicts on the side of OpenAI.
TRANSIENT_STATUSES = frozenset({408, 409, 425})
# Values of `response.error.code` in an answer with the status "failed".
TRANSIENT_FAILURES = {
    "server_error": "server_error",
    "rate_limit_exceeded": "rate_limited",
}


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise ModelError for every error of a request to OpenAI."""
    import openai  # noqa: PLC0415 - see openai_client.load

    try:
        yield
    except openai.OpenAIError as error:
        raise classify(error) from None
    except TimeoutError:
        raise ModelError("timeout") from None
    except (httpx2.HTTPError, httpx2.StreamError):
        raise ModelError("connection") from None
    except (httpx2.InvalidURL, ValueError, TypeError):
        # The key is no valid header, the text no JSON, or the URL invalid.
        raise ModelError("invalid_request", permanent=True) from None


def classify(error: openai.OpenAIError) -> ModelError:
    """Return the ModelError for an error of the SDK, without its text."""
    import openai  # noqa: PLC0415 - see openai_client.load

    if isinstance(error, openai.APITimeoutError):
        return ModelError("timeout")
    if isinstance(error, openai.APIStatusError):
        return _classify_status(error)
    if isinstance(error, openai.APIConnectionError):
        return ModelError("connection")
    return ModelError("client_error", permanent=True)


def failed_answer(code: str) -> ModelError:
    """Return the ModelError for an answer with the status "failed"."""
    known = TRANSIENT_FAILURES.get(code)
    return ModelError(known or "failed", permanent=known is None)


def _classify_status(error: openai.APIStatusError) -> ModelError:
    codes = {error.code, error.type}
    if codes & ACCOUNT_CODES:
        return ModelError("quota", permanent=True)
    retry_after = retry_after_of(error.response.headers)
    status = error.status_code
    if status == 429:
        return ModelError("rate_limited", retry_after=retry_after)
    if "context_length_exceeded" in codes:
        return ModelError("too_long", permanent=True)
    code = PERMANENT_STATUSES.get(status)
    if code is None and 400 <= status < 500 and status not in TRANSIENT_STATUSES:
        code = "invalid_request"
    # This header of OpenAI overrides the meaning of the status.
    wanted = error.response.headers.get("x-should-retry")
    if wanted == "false" or (code and wanted != "true"):
        return ModelError(code or "server_error", permanent=True)
    return ModelError(code or "server_error", retry_after=retry_after)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Parse the seconds to wait from milliseconds, seconds or a date; None if invalid."""
    for name, divisor in (("retry-after-ms", 1_000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / divisor
        except (KeyError, ValueError):
            continue
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        moment = email.utils.parsedate_to_datetime(headers["retry-after"])
        return max(0.0, moment.timestamp() - time.time())
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
