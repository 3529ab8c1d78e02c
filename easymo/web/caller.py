"""Who calls: the address that may be counted or shut out."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """Return who called; behind our proxy, whom the proxy saw."""
    called = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.BEHIND_PROXY:
        return called
    nearest = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return _address(nearest) or _address(nearest.rpartition(":")[0]) or called


def _address(text: str) -> str:
    """Return an address as it is written everywhere, or nothing when it is none."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        return ""
