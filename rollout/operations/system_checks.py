from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import Error, register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.apps import AppConfig
    from django.core.checks import CheckMessage


@register("rollout")
def check_waffle(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse the settings with which waffle would go round the switches."""
    found: list[CheckMessage] = []
    if getattr(settings, "WAFFLE_OVERRIDE", False):
        found.append(
            Error(
                "WAFFLE_OVERRIDE lets anybody turn a feature on in the address.",
                hint="Take it out of the settings.",
                id="rollout.E001",
            )
        )
    if getattr(settings, "WAFFLE_FLAG_MODEL", "") != "rollout.AgentFlag":
        found.append(
            Error(
                "WAFFLE_FLAG_MODEL is not rollout.AgentFlag.",
                hint="Features would be asked in two places.",
                id="rollout.E002",
            )
        )
    found.extend(
        Error(
            f"WAFFLE_{name} would turn unknown features on.",
            hint="Take it out of the settings; migrate registers features.",
            id="rollout.E003",
        )
        for name in ("CREATE_MISSING_FLAGS", "FLAG_DEFAULT")
        if getattr(settings, f"WAFFLE_{name}", False)
    )
    return found
