from __future__ import annotations

from django.urls import path

from rollout.api import views

app_name = "rollout-api"
urlpatterns = [
    path("status", views.Status.as_view(), name="status"),
    path("rollback", views.Rollback.as_view(), name="rollback"),
]
