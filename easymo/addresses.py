"""The address of a caller, and the network that it is counted under."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

# One subscriber of IPv6 usually has the whole network and any address in it.
IPV6_NETWORK_BITS = 64


def address_of(request: HttpRequest) -> str:
    """Return the caller's address; behind our proxy, the one that the proxy saw."""
    return caller_of(request.META)


def caller_of(environ: Mapping[str, Any]) -> str:
    """Return the caller's address from the WSGI variables of a request."""
    called = str(environ.get("REMOTE_ADDR", ""))
    if not settings.BEHIND_PROXY:
        return called
    nearest = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    return _address(nearest) or _address(nearest.rpartition(":")[0]) or called


def network_of(address: str) -> str:
    """Return the address that limits count: of IPv6 the network of 64 bits."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, IPV6_NETWORK_BITS), strict=False))


def _address(text: str) -> str:
    """Return the canonical form of an IP address, or an empty string."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        return ""
