from __future__ import annotations

import http.server
import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from easymo.database import units
from rollout import clock, slack, tasks
from rollout.models import Notice
from rollout.services import notify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings


pytestmark = pytest.mark.usefixtures("committed_db")


class Slack(http.server.ThreadingHTTPServer):
    """Answers with the next status, 200 when none is left; remembers the texts."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.statuses: list[int] = []
        self.texts: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/T/B/secret"


class Answer(http.server.BaseHTTPRequestHandler):
    server: Slack

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.texts.append(json.loads(body)["text"])
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.send_response(status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server(settings: Settings) -> Iterator[Slack]:
    slack_server = Slack()
    thread = threading.Thread(target=slack_server.serve_forever, args=[0.01])
    thread.start()
    settings.SLACK_WEBHOOK_URL = slack_server.url
    yield slack_server
    slack_server.shutdown()
    slack_server.server_close()
    thread.join()


class Later:
    """A clock an hour ahead."""

    def now(self) -> object:
        return clock.SYSTEM.now() + timedelta(hours=1)


async def test_deliver__slack_takes_it__sent_once(server: Slack) -> None:
    # Given
    notice = await units.run(notify.queue, text="a <b> & c +250788123456")

    # When
    await tasks.deliver_notices()
    await tasks.deliver_notices()

    # Then
    row = await units.run(Notice.objects.get, pk=notice.pk)
    assert row.status == "sent"
    assert len(server.texts) == 1
    assert server.texts[0].startswith("a &lt;b&gt; &amp; c ")
    assert "788123456" not in server.texts[0]


async def test_deliver__slack_down_then_up__sent_at_the_second_try(
    server: Slack,
) -> None:
    # Given
    server.statuses = [503]
    notice = await units.run(notify.queue, text="hello")

    # When
    await tasks.deliver_notices()
    first = await units.run(Notice.objects.get, pk=notice.pk)
    await tasks.deliver_notices()
    with clock.use(Later()):  # type: ignore[arg-type]
        await tasks.deliver_notices()
    second = await units.run(Notice.objects.get, pk=notice.pk)

    # Then
    assert (first.status, first.attempts, first.last_error) == (
        "pending",
        1,
        "HTTP 503",
    )
    assert (second.status, len(server.texts)) == ("sent", 2)


async def test_deliver__slack_refuses_for_good__failed(server: Slack) -> None:
    # Given
    server.statuses = [404]
    notice = await units.run(notify.queue, text="hello")

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
    notice = await units.run(notify.queue, text="look here")

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
    with pytest.raises(slack.SlackError) as caught:
        await slack.post(url=url, text="hello")
    assert url not in str(caught.value)


async def test_claim__crashed_worker__claimed_again_after_the_lease() -> None:
    # Given
    await units.run(notify.queue, text="hello")
    first = await units.run(notify.claim)

    # When
    second = await units.run(notify.claim)
    with clock.use(Later()):  # type: ignore[arg-type]
        third = await units.run(notify.claim)

    # Then
    assert first is not None
    assert second is None
    assert third == first
