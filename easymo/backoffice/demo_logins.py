"""The sign-ins of a demonstration: their passwords, kept under ``var/``.

They are random for each installation, and shown on its own machine only.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise

FILE = "demo-logins.json"


@dataclass(frozen=True, slots=True)
class DemoRole:
    """An account of the demonstration, and what its person does."""

    username: str
    does: str | _StrPromise
    groups: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    # The account signs in at the station page, not here.
    is_station: bool = False


OPERATOR = DemoRole("operator", _("runs everything"), ("operator",))
ROLES = (
    DemoRole("support", _("answers customers"), ("support",)),
    DemoRole(
        "approver",
        _("approves large vouchers"),
        ("viewer",),
        ("approve_voucher", "see_numbers"),
    ),
    DemoRole("accountant", _("settles with the stations"), ("viewer",)),
    DemoRole("station", _("redeems at Kimironko"), is_station=True),
    DemoRole("viewer", _("may only look"), ("viewer",)),
)


def kept() -> dict[str, str]:
    """Return the passwords by their username."""
    try:
        text = (Path(settings.VAR) / FILE).read_text(encoding="utf-8")
        found = json.loads(text)
    except (OSError, ValueError):
        return {}
    return {str(name): str(word) for name, word in found.items()}


def keep(passwords: dict[str, str]) -> None:
    file = Path(settings.VAR) / FILE
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as output:
        json.dump(passwords, output, indent=2)


def shown_to(request: HttpRequest | None) -> list[tuple[DemoRole, str]]:
    """Return roles and passwords for the sign-in page of a demonstration."""
    if not settings.DEMONSTRATION or request is None or not _is_local(request):
        return []
    passwords = kept()
    roles = (OPERATOR, *ROLES)
    return [
        (role, passwords[role.username]) for role in roles if role.username in passwords
    ]


def _is_local(request: HttpRequest) -> bool:
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
