"""Callables of the apps above, which rollout must not import.

`agents` registers its own in `AppConfig.ready()`, by import path: a command that asks
nothing imports nothing. A callable that is not registered means no data or skipped,
never OK.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from rollout.core.features import Feature


@dataclass(frozen=True, slots=True)
class Spend:
    """The cost of real turns in US dollars. `unpriced`: turns without a known price."""

    usd: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class PreviousWorkflow:
    """The state of the forwarding to the previous workflow."""

    waiting: int
    oldest_age_s: float | None
    last_error: str
    last_error_at: datetime | None
    last_ok_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The result of a delivery: "sent", "skipped" or "failed", with the reason."""

    status: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of one smoke test or probe; `detail` holds no personal data."""

    name: str
    title: str
    passed: bool
    detail: str
    remedy: str
    duration_ms: int


class SmokeCase(Protocol):
    """One smoke test of the guide. `is_read_only`: it can be a probe."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def needs(self) -> tuple[Feature, ...]:
        """Return the features that it needs."""

    @property
    def is_read_only(self) -> bool: ...

    def why_skipped(self) -> str:
        """Return why the test does not apply to this deployment; "" when it does."""

    def run(self, url: str | None, *, is_probe: bool = False) -> CaseResult:
        """Run against the deployment at `url`; None: inside this process."""


@dataclass(slots=True)
class Ports:
    """The callables; None: not registered."""

    spend_since: Callable[[datetime], Spend] | None = None
    # By an E.164 number, which is not stored: does it belong to a customer?
    is_customer: Callable[[str], bool] | None = None
    # By subjects: which are staff?
    is_staff: Callable[[Sequence[str]], Mapping[str, bool]] | None = None
    # By subjects: their masked names.
    labels: Callable[[Sequence[str]], Mapping[str, str]] | None = None
    # A number or id to a subject; None: an unknown number. Raises UnknownPerson for
    # other text.
    subject_of: Callable[[str], str | None] | None = None
    previous_workflow: Callable[[], PreviousWorkflow | None] | None = None
    # True: it answered; False: it did not; None: none is configured.
    probe_previous_workflow: Callable[[], bool | None] | None = None
    # (subject, subject line, text, cause): sends a message, once per cause.
    tell: Callable[[str, str, str, str], DeliveryResult] | None = None
    # The subjects that may receive announcements, in batches after a given one.
    audience: Callable[[str, int], Sequence[str]] | None = None
    # By subjects: the e-mail addresses of those who may receive announcements.
    mail_addresses: Callable[[Sequence[str]], Mapping[str, str]] | None = None
    # Cancels all waiting messages; returns their number.
    cancel_waiting: Callable[[], int] | None = None
    # The number of violated value rules since then, such as broken voucher trails.
    value_errors_since: Callable[[datetime], int] | None = None
    smoke_cases: Callable[[], Sequence[SmokeCase]] = tuple


ports = Ports()


def on_first_call(path: str) -> Any:
    """Return a callable that imports the callable at a path when it is called."""

    def call(*args: Any) -> Any:
        return import_string(path)(*args)

    return call
