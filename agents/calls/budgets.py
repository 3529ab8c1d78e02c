"""What calls may cost: one call, one caller a day, all calls a day.

The day is that of Africa/Kigali. The responses and transcriptions of real calls count;
an unknown price counts at the dearest known rate.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Q, Subquery, Sum
from django.utils import timezone

from agents.calls.prices import (
    of_response,
    of_transcription,
    price_of_response,
    price_of_transcription,
)
from agents.calls.reasons import RejectReason
from agents.models import Call, CallUsage
from agents.realtime.session import TRANSCRIPTION_MODEL

if TYPE_CHECKING:
    from agents.calls.prices import CallPrice, Usage
    from agents.calls.reference import CallRef
    from agents.realtime.provider import CallUsage as ResponseUsage
    from agents.realtime.provider import TranscriptionUsage
    from vouchers.models import Profile

Kind = CallUsage.Kind
COLUMNS = (
    "text_input",
    "cached_text_input",
    "audio_input",
    "cached_audio_input",
    "text_output",
    "audio_output",
    "seconds",
)


def over_budget(profile: Profile) -> RejectReason | None:
    """Return which daily budget is used up, if one is."""
    spent = CallUsage.objects.filter(at__gte=_start_of_day()).aggregate(
        day=Sum("counted_cost", filter=Q(call__is_synthetic=False)),
        caller=Sum("counted_cost", filter=Q(call__profile=profile)),
    )
    if _reaches(spent["day"], settings.VOICE_DAILY_COST_USD):
        return RejectReason.DAY_BUDGET
    if _reaches(spent["caller"], settings.VOICE_CALLER_DAILY_COST_USD):
        return RejectReason.CALLER_BUDGET
    return None


def record_response(ref: CallRef, response_id: str, used: ResponseUsage) -> bool:
    """Store what a response used, once; tell whether the call is over its budget."""
    usage, model = of_response(used), settings.OPENAI_REALTIME_MODEL
    price = price_of_response(model, usage)
    return _record(ref, (Kind.RESPONSE, response_id), model, usage, price)


def record_transcription(ref: CallRef, item_id: str, used: TranscriptionUsage) -> bool:
    """Store what a transcription used, once; tell whether the call is over its budget."""
    usage = of_transcription(used)
    price = price_of_transcription(TRANSCRIPTION_MODEL, usage)
    return _record(
        ref, (Kind.TRANSCRIPTION, item_id), TRANSCRIPTION_MODEL, usage, price
    )


def _record(
    ref: CallRef,
    cause: tuple[CallUsage.Kind, str],
    model: str,
    usage: Usage,
    price: CallPrice,
) -> bool:
    kind, provider_id = cause
    row = CallUsage(
        call_id=ref.pk,
        kind=kind,
        provider_id=provider_id[:120],
        model=model[:80],
        cost=price.cost,
        counted_cost=price.counted,
        price_version=price.version[:40],
        at=timezone.now(),
        **_bounded(usage),
    )
    CallUsage.objects.bulk_create([row], ignore_conflicts=True)
    Call.objects.filter(pk=ref.pk).update(
        counted_cost=Subquery(
            CallUsage.objects.filter(call=ref.pk)
            .values("call")
            .values(total=Sum("counted_cost"))
        ),
        price_version=row.price_version,
    )
    return is_over_call(ref)


def is_over_call(ref: CallRef) -> bool:
    """Tell whether the running call has used up a budget that ends it."""
    today = Q(at__gte=_start_of_day())
    spent = CallUsage.objects.filter(today | Q(call=ref.pk)).aggregate(
        own=Sum("counted_cost", filter=Q(call=ref.pk)),
        caller=Sum("counted_cost", filter=today & Q(call__profile=ref.profile_id)),
        day=Sum("counted_cost", filter=today & Q(call__is_synthetic=False)),
    )
    return (
        _reaches(spent["own"], settings.VOICE_CALL_COST_USD)
        or _reaches(spent["caller"], settings.VOICE_CALLER_DAILY_COST_USD)
        or _reaches(spent["day"], settings.VOICE_DAILY_COST_USD)
    )


def cost_of(call: Call) -> Decimal | None:
    """Return the cost of a call; None when one price is not known.

    An attached call without any figures has a cost too, and it is not known.
    """
    costs = list(CallUsage.objects.filter(call=call).values_list("cost", flat=True))
    if call.attached_at is not None and not costs:
        return None
    if any(cost is None for cost in costs):
        return None
    return sum(filter(None, costs), Decimal(0))


def _bounded(usage: Usage) -> dict[str, Any]:
    """Return the figures as the row takes them: cached ones within their whole."""
    found = {name: max(getattr(usage, name), 0) for name in COLUMNS}
    for kind in ("text", "audio"):
        cached = f"cached_{kind}_input"
        found[cached] = min(found[cached], found[f"{kind}_input"])
    return found


def _reaches(spent: Decimal | None, limit: float) -> bool:
    """Tell whether a limit is reached; 0 is no limit."""
    return limit > 0 and (spent or Decimal(0)) >= Decimal(str(limit))


def _start_of_day() -> Any:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
