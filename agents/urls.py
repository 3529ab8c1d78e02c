from __future__ import annotations

from django.urls import include, path

from agents.webhooks.health import FunctionHealth
from agents.webhooks.whatsapp import FUNCTION, WhatsAppWebhook
from rollout.features import Feature

HEALTH_ONLY = {
    "ai-realtime-webhook": Feature.VOICE,
    "ai-lookup-customer": Feature.CUSTOMER_LOOKUP,
    "ai-create-voucher": Feature.VOUCHERS,
    "ai-redeem-voucher": Feature.VOUCHERS,
    "ai-void-voucher": Feature.VOUCHERS,
}

urlpatterns = [
    path("simulator/", include("agents.simulator.urls")),
    path(f"functions/v1/{FUNCTION}", WhatsAppWebhook.as_view(), name=FUNCTION),
    *(
        path(
            f"functions/v1/{function}",
            FunctionHealth.as_view(function=function, feature=feature),
            name=function,
        )
        for function, feature in HEALTH_ONLY.items()
    ),
]
