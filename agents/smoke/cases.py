"""The guide's five smoke tests. Whatever they issue is voided again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from agents.smoke import api, whatsapp
from agents.smoke.trouble import Failed
from easymo.observability.logs import get_logger
from rollout.features import Feature
from rollout.ports import CaseResult
from rollout.probes import new_subject
from rollout.services.exposure import functions_are_removed, is_on

if TYPE_CHECKING:
    from collections.abc import Callable

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Case:
    """One test: what it needs to be on, and how it goes."""

    name: str
    title: str
    needs: tuple[Feature, ...]
    go: Callable[[str | None, bool], str]
    is_read_only: bool = False

    def run(self, url: str | None, *, is_probe: bool = False) -> CaseResult:
        """Go through the deployment at ``url``; None: through this process itself."""
        started = time.monotonic()
        passed, detail, remedy = False, "", ""
        try:
            _need(self.needs)
            detail, passed = self.go(url, is_probe), True
        except Failed as failed:
            detail, remedy = failed.detail, failed.remedy
        except Exception as error:
            logger.exception("smoke.case.broken", case=self.name)
            detail = f"The test itself broke off ({type(error).__name__})."
            remedy = "The log tells more: smoke.case.broken."
        took = round((time.monotonic() - started) * 1_000)
        return CaseResult(self.name, self.title, passed, detail, remedy, took)


def _need(features: tuple[Feature, ...]) -> None:
    if functions_are_removed():
        raise Failed(
            "A full rollback is in force.", "`manage.py rollback restore` ends it."
        )
    for feature in features:
        if feature in settings.FEATURES_FORCED_OFF:
            raise Failed(
                f"{feature} is forced off by the environment.",
                f"Take {feature}=false out of the environment.",
            )
    probe = str(new_subject())
    if off := [one for one in features if not is_on(one, probe)]:
        wanted = " ".join(f"{one}=on" for one in off)
        raise Failed(
            f"{' and '.join(off)} {'is' if len(off) == 1 else 'are'} off.",
            f"Turn it on: `manage.py flags set {wanted} --reason …`"
            " (with `--cohort smoke` for nobody else).",
        )


CASES = (
    Case(
        "whatsapp.hello",
        "WhatsApp: hello is greeted",
        (Feature.CHAT,),
        whatsapp.hello,
        True,
    ),
    Case(
        "whatsapp.lookup",
        "WhatsApp: a customer is looked up",
        (Feature.CHAT, Feature.CUSTOMER_LOOKUP),
        whatsapp.lookup,
        True,
    ),
    Case(
        "whatsapp.create",
        "WhatsApp: a voucher is created",
        (Feature.CHAT, Feature.VOUCHERS),
        whatsapp.create,
    ),
    Case(
        "api.lookup",
        "API: a customer is looked up",
        (Feature.CUSTOMER_LOOKUP,),
        api.lookup,
    ),
    Case("api.create", "API: a voucher is created", (Feature.VOUCHERS,), api.create),
)
