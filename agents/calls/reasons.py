"""Why a call was rejected, and how calls end: the codes on the call's row."""

from __future__ import annotations

from enum import StrEnum


class RejectReason(StrEnum):
    # Why the agent does not take a call.
    VOICE_OFF = "feature_disabled"
    BLOCKED = "blocked"
    INACTIVE = "inactive"
    SANDBOX = "sandbox"
    OUTSIDE_HOURS = "outside_hours"
    BUSY = "max_calls"
    CALLER_BUDGET = "caller_budget"
    DAY_BUDGET = "day_budget"
    CLOSING_DOWN = "draining"
    NO_KEY = "not_configured"
    # Why it could not be taken.
    PROVIDER_BUSY = "provider_busy"
    PROVIDER_ERROR = "provider_error"
    PAYLOAD = "payload_invalid"
    WORKER_LOST = "worker_lost"


class EndReason(StrEnum):
    # Before the agent spoke.
    LATE = "late"
    CALLER_GONE = "caller_gone"
    NO_SESSION = "no_session"
    # Ordinary ends.
    CALLER_HUNG_UP = "caller_hung_up"
    GOODBYE = "goodbye"
    TRANSFERRED = "transferred"
    # Limits.
    SILENCE = "silence"
    NO_SPEECH = "no_speech"
    UNPRODUCTIVE = "unproductive"
    HARD_LIMIT = "hard_limit"
    SESSION_LIMIT = "session_limit"
    CALL_BUDGET = "call_budget"
    # Safety.
    PIN_LOCKED = "pin_locked"
    # The person answered on WhatsApp that the caller is another person.
    CALLER_DENIED = "caller_denied"
    UNSUPPORTED_CLAIMS = "unsupported_claims"
    VOICE_OFF = "voice_off"
    # Failures.
    DRAINED = "drained"
    CONNECTION_LOST = "connection_lost"
    SESSION_ERROR = "session_error"
    OVERFLOW = "overflow"
    WORKER_LOST = "worker_lost"
    ERROR = "error"


# The agent would have taken the call, and it or its provider could not.
FAILED_REJECTIONS = frozenset(
    {
        RejectReason.PROVIDER_BUSY,
        RejectReason.PROVIDER_ERROR,
        RejectReason.PAYLOAD,
        RejectReason.WORKER_LOST,
    }
)
# The agent or its provider failed; every other end is no failure.
FAILURES = frozenset(
    {
        EndReason.NO_SESSION,
        EndReason.UNPRODUCTIVE,
        EndReason.UNSUPPORTED_CLAIMS,
        EndReason.CONNECTION_LOST,
        EndReason.SESSION_ERROR,
        EndReason.OVERFLOW,
        EndReason.WORKER_LOST,
        EndReason.ERROR,
    }
)
