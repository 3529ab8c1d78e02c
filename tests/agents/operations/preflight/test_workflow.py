from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.easymo.preflight.requests import look

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper


def test_previous__none__warning() -> None:
    found = look("workflow.previous")

    assert (found.status, found.setting) == ("warning", "LEGACY_WEBHOOK_URL")


@pytest.mark.parametrize(
    ("message_ids", "status"),
    [((), "ok"), (("agents.W005",), "warning"), (("agents.E002",), "failed")],
)
def test_previous__named__as_the_check_framework_says(
    settings: SettingsWrapper, message_ids: tuple[str, ...], status: str
) -> None:
    settings.LEGACY_WEBHOOK_URL = "https://old.example.rw/hook"

    assert look("workflow.previous", message_ids=message_ids).status == status
