from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from easymo.database import units
from rollout import tasks
from rollout.core import clock
from rollout.models import Notice
from rollout.notices import notices, transports
from tests.fakes.smtp import FakeSmtp
from tests.rollout.people import At, critical, name_the_on_call

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.fakes.slack import FakeSlack

pytestmark = pytest.mark.usefixtures("committed_db")


async def test_deliver__slack_takes_it__sent_once(slack_server: FakeSlack) -> None:
    # Given
    (notice,) = await units.run(notices.queue_notice, text="a <b> & c +250788123456")

    # When
    await tasks.deliver_notices()
    await tasks.deliver_notices()

    # Then
    row = await units.run(Notice.objects.get, pk=notice.pk)
    assert row.status == "sent"
    assert len(slack_server.texts) == 1
    assert slack_server.texts[0].startswith("a &lt;b&gt; &amp; c ")
    assert "788123456" not in slack_server.texts[0]


async def test_deliver__slack_down_then_up__sent_at_the_second_try(
    slack_server: FakeSlack,
) -> None:
    # Given
    slack_server.statuses = [503]
    (notice,) = await units.run(notices.queue_notice, text="hello")

    # When
    await tasks.deliver_notices()
    first = await units.run(Notice.objects.get, pk=notice.pk)
    await tasks.deliver_notices()
    with clock.use(At(1)):
        await tasks.deliver_notices()
    second = await units.run(Notice.objects.get, pk=notice.pk)

    # Then
    assert (first.status, first.attempts, first.last_error) == (
        "pending",
        1,
        "HTTP 503",
    )
    assert (second.status, len(slack_server.texts)) == ("sent", 2)


async def test_deliver__slack_refuses_for_good__failed(slack_server: FakeSlack) -> None:
    # Given
    slack_server.statuses = [404]
    (notice,) = await units.run(notices.queue_notice, text="hello")

    # When
    await tasks.deliver_notices()

    # Then
    row = await units.run(Notice.objects.get, pk=notice.pk)
    assert (row.status, row.last_error) == ("failed", "HTTP 404")


async def test_deliver__no_slack__goes_to_the_log(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    # Given
    settings.SLACK_WEBHOOK_URL = ""
    (notice,) = await units.run(notices.queue_notice, text="look here")

    # When
    await tasks.deliver_notices()

    # Then
    row = await units.run(Notice.objects.get, pk=notice.pk)
    assert row.status == "sent"
    assert "rollout.notice" in caplog.text


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x", "nonsense", "ftp://127.0.0.1/", "http://[::1"]
)
async def test_post__no_such_place__slack_error_without_the_secret(url: str) -> None:
    with pytest.raises(transports.TransportError) as caught:
        await transports.post_to_slack(url=url, text="hello")
    assert url not in str(caught.value)


async def test_claim__crashed_worker__claimed_again_after_the_lease() -> None:
    # Given
    await units.run(notices.queue_notice, text="hello")
    first = await units.run(notices.claim, medium="chat")

    # When
    second = await units.run(notices.claim, medium="chat")
    with clock.use(At(1)):
        third = await units.run(notices.claim, medium="chat")

    # Then
    assert first is not None
    assert second is None
    assert third == first


async def test_deliver__critical__slack_and_both_mailboxes_have_it(
    slack_server: FakeSlack, smtp: FakeSmtp
) -> None:
    # Given
    await units.run(name_the_on_call, "lead@example.rw")
    await units.run(critical)

    # When
    await tasks.deliver_notices()

    # Then
    assert len(slack_server.texts) == 1
    assert sorted(mail.to[0] for mail in smtp.mails) == [
        "duty@example.rw",
        "lead@example.rw",
    ]
    assert smtp.mails[0].subject.startswith("[easymo] critical: All is off.")
    assert await units.run(Notice.objects.filter(status="sent").count) == 3


async def test_deliver__slack_silent__mail_arrives_meanwhile(
    slack_server: FakeSlack, smtp: FakeSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(transports, "SLACK_TIMEOUT_S", 250.0)
    slack_server.statuses = [0]
    await units.run(critical)

    # When
    delivering = asyncio.create_task(tasks.deliver_notices())
    async with asyncio.timeout(90):
        while not smtp.mails:  # noqa: ASYNC110 - it is a thread that receives
            await asyncio.sleep(0.02)

    # Then
    assert delivering.done() is False
    slack_server.released.set()
    await delivering
    assert await units.run(Notice.objects.get, medium="chat", status="pending")


async def test_deliver__mail_server_dead__slack_has_it_and_mail_is_tried_again(
    slack_server: FakeSlack, settings: Settings
) -> None:
    # Given
    with FakeSmtp() as gone:
        settings.MAILERS = gone.mailers
    settings.ALERT_EMAILS = ["duty@example.rw", "other@example.rw"]
    await units.run(critical)

    # When
    await tasks.deliver_notices()

    # Then: the second address was not even tried, nothing got through
    mails = await units.run(list, Notice.objects.filter(medium="email").order_by("id"))
    assert [mail.attempts for mail in mails] == [1, 0]
    assert [mail.status for mail in mails] == ["pending", "pending"]
    assert len(slack_server.texts) == 1


async def test_deliver__one_mailbox_refused_for_good__the_others_get_it(
    smtp: FakeSmtp, settings: Settings
) -> None:
    # Given
    settings.ALERT_EMAILS = ["gone@example.rw", "duty@example.rw"]
    smtp.script = {"RCPT": [550]}
    await units.run(notices.queue_notice, text="x", severity="high")

    # When
    await tasks.deliver_notices()

    # Then
    assert [mail.to for mail in smtp.mails] == [["duty@example.rw"]]
    refused = await units.run(Notice.objects.get, recipient="gone@example.rw")
    assert (refused.status, refused.last_error) == ("failed", "SMTP 550")


async def test_deliver__never_taken__given_up_and_in_the_log(
    slack_server: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    # Given
    (notice,) = await units.run(notices.queue_notice, text="look here")
    slack_server.statuses = [503] * (notices.MOST_ATTEMPTS + 1)

    # When
    for hours in range(notices.MOST_ATTEMPTS + 2):
        with clock.use(At(hours)):
            await tasks.deliver_notices()

    # Then
    row = await units.run(Notice.objects.get, pk=notice.pk)
    assert (row.status, row.attempts) == ("failed", notices.MOST_ATTEMPTS)
    assert len(slack_server.texts) == notices.MOST_ATTEMPTS
    assert "rollout.notice.failed" in caplog.text
