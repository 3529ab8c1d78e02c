"""Pre-flight lines of the previous workflow."""

from __future__ import annotations

from django.conf import settings

from easymo.preflight.registry import (
    Circumstances,
    LineResult,
    Section,
    failed,
    line,
    ok,
    skipped,
    warning,
)


@line(
    "workflow.previous", "The previous workflow takes what we do not", Section.RUNNING
)
def previous_workflow_is_there(circumstances: Circumstances) -> LineResult:
    setting = "LEGACY_WEBHOOK_URL"
    if message := circumstances.message("agents.E002"):
        return failed(str(message.msg), str(message.hint), setting)
    unsigned = circumstances.message("agents.W005")
    if not settings.LEGACY_WEBHOOK_URL and circumstances.is_demonstration:
        return skipped("A demonstration: nothing is passed on.", "", setting)
    if not settings.LEGACY_WEBHOOK_URL:
        return warning(
            "None is set: after a rollback incoming messages are not answered.",
            "Name the webhook of the earlier system, where there is one.",
            setting,
        )
    if unsigned:
        return warning(str(unsigned.msg), str(unsigned.hint), "LEGACY_WEBHOOK_SECRET")
    return ok("It is named, and signed to with a secret of its own.")
