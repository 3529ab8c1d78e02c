from __future__ import annotations

from django.urls import include, path

from agents.functions import pages, views
from agents.webhooks import realtime, whatsapp

FUNCTIONS = {
    whatsapp.FUNCTION: whatsapp.WhatsAppWebhook,
    realtime.FUNCTION: realtime.RealtimeWebhook,
    views.LookupCustomer.function.name: views.LookupCustomer,
    views.CreateVoucher.function.name: views.CreateVoucher,
    views.RedeemVoucher.function.name: views.RedeemVoucher,
    views.VoidVoucher.function.name: views.VoidVoucher,
}

urlpatterns = [
    path("simulator/", include("agents.simulator.urls")),
    path("api/schema/", pages.schema, name="api-schema"),
    path("api/docs/", pages.docs, name="api-docs"),
    *(
        path(f"functions/v1/{name}", view.as_view(), name=name)
        for name, view in FUNCTIONS.items()
    ),
]
