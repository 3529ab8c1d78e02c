from __future__ import annotations

from django.urls import path

from agents.station import views

app_name = "station"
urlpatterns = [
    path("", views.Home.as_view(), name="home"),
    path("scan/", views.Scan.as_view(), name="scan"),
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("language/", views.Language.as_view(), name="language"),
    path("undo/<uuid:voucher>/", views.Undo.as_view(), name="undo"),
]
