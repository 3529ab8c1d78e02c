"""The development database of demonstration mode."""

from __future__ import annotations

from django.conf import settings

from easymo.development import embedded


def cluster() -> embedded.Cluster:
    """Return the server that demonstration mode uses."""
    return embedded.Cluster(home=settings.DEMONSTRATION_HOME)


def hold() -> None:
    """Start it where it is needed, and keep it while this process lives."""
    if settings.DEMONSTRATION:
        embedded.hold(cluster(), database=settings.DEMONSTRATION_DATABASE)


def release(*, wait_seconds: float = 0) -> None:
    """Let go of it; the last one to do so stops it."""
    if settings.DEMONSTRATION:
        embedded.release(cluster(), wait_seconds=wait_seconds)
