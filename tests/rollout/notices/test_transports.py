from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollout.models import Notice
from rollout.notices import notices
from tests.rollout.people import critical, name_the_on_call

if TYPE_CHECKING:
    from tests.fakes.slack import FakeSlack
    from tests.fakes.smtp import FakeSmtp

pytestmark = pytest.mark.django_db


def test_queue__critical__every_road_and_whom_to_call(
    slack_server: FakeSlack, smtp: FakeSmtp
) -> None:
    # Given
    name_the_on_call("lead@example.rw")

    # When
    rows = critical()

    # Then
    assert [(row.medium, row.recipient) for row in rows] == [
        ("chat", ""),
        ("email", "duty@example.rw"),
        ("email", "lead@example.rw"),
    ]
    assert {row.text for row in rows} == {
        "All is off. On call: 1. On-call Engineer, 2. Platform Lead"
    }


def test_queue__on_call_gets_alerts_too__one_row_for_one_address(
    slack_server: FakeSlack, smtp: FakeSmtp
) -> None:
    name_the_on_call("Duty@example.rw")

    assert len(critical()) == 2


@pytest.mark.parametrize(
    ("severity", "media"), [("low", 1), ("medium", 1), ("high", 2)]
)
def test_queue__less_than_critical__slack_and_from_high_on_mail(
    slack_server: FakeSlack, smtp: FakeSmtp, severity: str, media: int
) -> None:
    name_the_on_call("lead@example.rw")

    assert len(notices.queue_notice(text="x", severity=severity)) == media


def test_queue__mail_is_the_only_road__it_gets_everything(smtp: FakeSmtp) -> None:
    assert len(notices.queue_notice(text="x", severity="low")) == 2


def test_queue__same_key_again__told_once(
    slack_server: FakeSlack, smtp: FakeSmtp
) -> None:
    notices.queue_report(subject="Daily", text="a", key="daily:1")
    notices.queue_report(subject="Daily", text="b", key="daily:1")

    assert sorted(Notice.objects.values_list("medium", "text")) == [
        ("chat", "a"),
        ("email", "a"),
    ]
