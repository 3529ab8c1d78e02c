"""This app's lines of the pre-deployment checklist."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Count

from easymo.preflight.registry import Asked, Found, Section, failed, line, ok
from vouchers.models import Voucher


@line(
    "vouchers.codes",
    "Every code in circulation can be checked",
    Section.RUNNING,
    reads_rows=True,
)
def codes_can_be_checked(asked: Asked) -> Found:
    """A code is known by a digest under one of our keys: without that key, by nobody."""
    used = (
        Voucher.objects.filter(status=Voucher.Status.ISSUED)
        .values_list("code_key_id")
        .annotate(Count("id"))
    )
    by_key = dict(used)
    lost = {name: n for name, n in by_key.items() if name not in settings.EASYMO_KEYS}
    if lost:
        return failed(
            f"The codes of {sum(lost.values())} issued vouchers were made under "
            f"{len(lost)} keys that are not set: nobody can redeem them.",
            f"Put the keys back: {', '.join(sorted(lost))}. Else give those vouchers new "
            "codes, one by one, in the back office.",
            "EASYMO_KEYS",
        )
    return ok(f"{sum(by_key.values())} issued vouchers, every key of theirs is there.")


@line("vouchers.limits", "The limits of vouchers make sense", Section.RUNNING)
def limits_make_sense(asked: Asked) -> Found:
    ids = [f"vouchers.E00{n}" for n in range(1, 6)]
    if message := asked.said(*ids):
        return failed(str(message.msg), str(message.hint or "See .env.example."))
    if settings.VOUCHER_APPROVE_ABOVE > settings.VOUCHER_MAX:
        return failed(
            "VOUCHER_APPROVE_ABOVE is over VOUCHER_MAX: no voucher is ever approved by "
            "a second person.",
            "Lower it, so that large vouchers need two people.",
            "VOUCHER_APPROVE_ABOVE",
        )
    return ok(
        f"{settings.VOUCHER_MAX:,} at most, a second person above "
        f"{settings.VOUCHER_APPROVE_ABOVE:,}."
    )
