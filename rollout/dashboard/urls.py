from __future__ import annotations

from django.urls import path

from rollout.dashboard import views

app_name = "dashboard"
urlpatterns = [
    path("kill/", views.Kill.as_view(), name="kill"),
    path("move/", views.Move.as_view(), name="move"),
    path("incidents/<int:incident>/note/", views.Note.as_view(), name="note"),
    path("checklist/<int:item>/tick/", views.Tick.as_view(), name="tick"),
    path("probe/", views.Probe.as_view(), name="probe"),
    path("look/", views.LookUp.as_view(), name="look-up"),
]
