"""The lines of vouchers in the pre-deployment checklist."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Count

from easymo.preflight.registry import (
    Circumstances,
    LineResult,
    Section,
    failed,
    line,
    ok,
)
from vouchers.models import Voucher


@line(
    "vouchers.codes",
    "The keys of all issued codes are set",
    Section.RUNNING,
    reads_rows=True,
)
def codes_can_be_checked(circumstances: Circumstances) -> LineResult:
    """Check that the key of every stored code HMAC is set."""
    by_key = dict(
        Voucher.objects.filter(status=Voucher.Status.ISSUED)
        .values_list("code_key_id")
        .annotate(Count("id"))
    )
    lost = {name: n for name, n in by_key.items() if name not in settings.EASYMO_KEYS}
    if lost:
        return failed(
            f"The codes of {sum(lost.values())} issued vouchers were made under "
            f"{len(lost)} keys that are not set: they cannot be redeemed.",
            f"Restore the keys {', '.join(sorted(lost))}, or replace the codes of these "
            "vouchers in the back office.",
            "EASYMO_KEYS",
        )
    return ok(f"{sum(by_key.values())} issued vouchers; all their keys are set.")


@line("vouchers.limits", "The voucher limits are consistent", Section.RUNNING)
def limits_make_sense(circumstances: Circumstances) -> LineResult:
    ids = [f"vouchers.E00{n}" for n in range(1, 6)]
    if message := circumstances.message(*ids):
        return failed(str(message.msg), str(message.hint or "See .env.example."))
    if settings.VOUCHER_APPROVE_ABOVE > settings.VOUCHER_MAX:
        return failed(
            "VOUCHER_APPROVE_ABOVE is above VOUCHER_MAX: no voucher ever needs a second "
            "person.",
            "Lower VOUCHER_APPROVE_ABOVE.",
            "VOUCHER_APPROVE_ABOVE",
        )
    return ok(
        f"At most {settings.VOUCHER_MAX:,} for one voucher; approval by a second person "
        f"above {settings.VOUCHER_APPROVE_ABOVE:,}."
    )
