"""What this app asks of those above it, which it must not import.

Each app fills its slots in `AppConfig.ready()`. A slot that nobody filled means "not
there": no data, or skipped, and never that all is well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from rollout.core.features import Feature


@dataclass(frozen=True, slots=True)
class Spend:
    """US dollars of real turns. `unpriced`: turns whose price is not known."""

    usd: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class PreviousWorkflow:
    """How the sending on to the previous workflow goes. Ages in seconds."""

    waiting: int
    oldest_age_s: float | None
    last_error: str
    last_error_at: datetime | None
    last_ok_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """Whether somebody was told: "sent", "skipped" (with why) or "failed" (with why)."""

    status: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one smoke test or probe came to; `detail` holds nothing personal."""

    name: str
    title: str
    passed: bool
    detail: str
    remedy: str
    duration_ms: int


class SmokeCase(Protocol):
    """One of the guide's smoke tests. `is_read_only`: fit to be a probe."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def needs(self) -> tuple[Feature, ...]:
        """What must be on for it to be answered."""

    @property
    def is_read_only(self) -> bool: ...

    def run(self, url: str | None, *, is_probe: bool = False) -> CaseResult:
        """Go through the deployment at `url`; None: through this process itself."""


@dataclass(slots=True)
class Ports:
    """The slots. None: nobody has filled it."""

    spend_since: Callable[[datetime], Spend] | None = None
    # By a number as E.164, which is kept nowhere: is it somebody's whom we know?
    is_customer: Callable[[str], bool] | None = None
    # By a subject: is she one of our own people?
    is_staff: Callable[[Sequence[str]], Mapping[str, bool]] | None = None
    # By subjects: what a page may call them, masked.
    labels: Callable[[Sequence[str]], Mapping[str, str]] | None = None
    # What an operator pasted (a number, an id) to a subject; None: a number of nobody
    # we know yet. Raises UnknownPerson for what is neither.
    subject_of: Callable[[str], str | None] | None = None
    previous_workflow: Callable[[], PreviousWorkflow | None] | None = None
    # True: it answered; False: it did not; None: none is configured.
    probe_previous_workflow: Callable[[], bool | None] | None = None
    # (subject, subject line, text, cause): a message over her channel, once per cause.
    tell: Callable[[str, str, str, str], DeliveryResult] | None = None
    # Every subject that may be told something, in batches after a given one.
    audience: Callable[[str, int], Sequence[str]] | None = None
    # By subjects: where those have e-mail who may be told something.
    mail_addresses: Callable[[Sequence[str]], Mapping[str, str]] | None = None
    # Ends what waits in the queues; the count of what was cancelled.
    cancel_waiting: Callable[[], int] | None = None
    # Broken rules of value since then: vouchers whose trail does not fit, and the like.
    value_errors_since: Callable[[datetime], int] | None = None
    smoke_cases: list[SmokeCase] = field(default_factory=list)


ports = Ports()
