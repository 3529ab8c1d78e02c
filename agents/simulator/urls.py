from __future__ import annotations

from django.urls import path

from agents.simulator import sentences, views
from agents.simulator.phone import views as phone

app_name = "simulator"
urlpatterns = [
    path("", views.Page.as_view(), name="home"),
    path("<uuid:person>/", views.Page.as_view(), name="person"),
    path("<uuid:person>/chat/", views.Chat.as_view(), name="chat"),
    path("<uuid:person>/behind/", views.TracePanel.as_view(), name="behind"),
    path("<uuid:person>/send/", views.Send.as_view(), name="send"),
    path("<uuid:person>/photo/<int:media>/", views.Photo.as_view(), name="photo"),
    path("<uuid:person>/phone/", phone.PhonePage.as_view(), name="phone"),
    path("<uuid:person>/phone/screen/", phone.Screen.as_view(), name="phone-screen"),
    path(
        "<uuid:person>/phone/behind/",
        phone.CallTracePanel.as_view(),
        name="phone-behind",
    ),
    path("<uuid:person>/phone/call/", phone.Ring.as_view(), name="phone-call"),
    path("<uuid:person>/phone/act/", phone.Act.as_view(), name="phone-act"),
    path("sentences/", sentences.Sentences.as_view(), name="sentences"),
    path("sentences/teach/", sentences.Teach.as_view(), name="teach"),
    path("sentences/export/", sentences.Export.as_view(), name="sentences-export"),
    path("features/", views.Features.as_view(), name="features"),
]
