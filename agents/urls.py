from __future__ import annotations

from django.urls import include, path

from agents.api import realtime_endpoint, schema_pages, views
from agents.calls import pin_page
from agents.inbound import endpoint

FUNCTIONS = {
    endpoint.FUNCTION: endpoint.WhatsAppWebhook,
    realtime_endpoint.FUNCTION: realtime_endpoint.RealtimeWebhook,
    views.LookupCustomer.function.name: views.LookupCustomer,
    views.CreateVoucher.function.name: views.CreateVoucher,
    views.RedeemVoucher.function.name: views.RedeemVoucher,
    views.VoidVoucher.function.name: views.VoidVoucher,
}

urlpatterns = [
    path("simulator/", include("agents.simulator.urls")),
    path("station/", include("agents.station.urls")),
    path("pin/<str:token>/", pin_page.PinPage.as_view(), name="phone-pin"),
    path("api/schema/", schema_pages.schema, name="api-schema"),
    path("api/docs/", schema_pages.docs, name="api-docs"),
    *(
        path(f"functions/v1/{name}", view.as_view(), name=name)
        for name, view in FUNCTIONS.items()
    ),
]
