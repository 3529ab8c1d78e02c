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
    """Refuse waffle settings that bypass the flags."""
    found: list[CheckMessage] = []
    if getattr(settings, "WAFFLE_OVERRIDE", False):
        found.append(
            Error(
                "WAFFLE_OVERRIDE lets anyone turn a feature on by a URL parameter.",
                hint="Remove it from the settings.",
                id="rollout.E001",
            )
        )
    if getattr(settings, "WAFFLE_FLAG_MODEL", "") != "rollout.AgentFlag":
        found.append(
            Error(
                "WAFFLE_FLAG_MODEL is not rollout.AgentFlag.",
                hint="Flags would be read from two models.",
                id="rollout.E002",
            )
        )
    found.extend(
        Error(
            f"WAFFLE_{name} would turn unknown features on.",
            hint="Remove it from the settings; migrate registers features.",
            id="rollout.E003",
        )
        for name in ("CREATE_MISSING_FLAGS", "FLAG_DEFAULT")
        if getattr(settings, f"WAFFLE_{name}", False)
    )
    return found
