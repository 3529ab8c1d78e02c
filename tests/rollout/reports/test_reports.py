from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from rollout.checklists import checklists
from rollout.core import clock
from rollout.core.features import Feature
from rollout.evidence import observations
from rollout.evidence.observations import FinishedConversation
from rollout.flags import flags
from rollout.incidents import incidents
from rollout.models import Notice
from rollout.reports import reports
from rollout.stages import waivers
from rollout.stages.rollback import rollback_quick
from tests.canaries import ALINE
from tests.rollout import guardrail_cases
from tests.rollout.guardrail_cases import FakeClock
from tests.rollout.incidents.test_incidents import at_once

if TYPE_CHECKING:
    from rollout.models import StageRun
    from tests.fakes.slack import FakeSlack
    from tests.fakes.smtp import FakeSmtp
    from tests.rollout.conftest import Switch

KIGALI = ZoneInfo("Africa/Kigali")


def next_monday(hour: int = 0) -> datetime:
    """Return a Monday after the plan began, whenever the tests run."""
    day = datetime.now(KIGALI).date()
    day += timedelta(days=14 - day.weekday())
    return datetime(day.year, day.month, day.day, hour, tzinfo=KIGALI)


def enter(stage: str, at: datetime) -> StageRun:
    with clock.use(FakeClock(at)):
        return guardrail_cases.enter(stage)


def converse(at: datetime, number: int, failed: int = 0) -> None:
    for each in range(number):
        observations.record_observation(
            FinishedConversation(
                source_key=f"chat:{at.isoformat()}:{each}",
                conversation_key="k",
                channel="chat",
                started_at=at - timedelta(minutes=5),
                finished_at=at,
                calls=1,
                failed=1 if each < failed else 0,
                turns=1,
                latencies_ms=[1200],
                cost="0.05",
                errors={"timeout": 1} if each < failed else {},
            )
        )


@pytest.mark.django_db
def test_daily__a_day__its_figures_and_those_of_the_day_before(switch: Switch) -> None:
    # Given
    monday = next_monday()
    enter("beta", monday - timedelta(days=1))
    converse(monday + timedelta(hours=9), 20, failed=2)
    converse(monday - timedelta(hours=9), 4)
    with clock.use(FakeClock(monday + timedelta(hours=10))):
        switch(CHAT=True)
        incidents.report_incident(
            title=f"About {ALINE.msisdn}", severity="low", text="x", by="odette"
        )

    # When
    with clock.use(FakeClock(monday + timedelta(days=2))):
        told = reports.daily(monday.date()).markdown

    # Then
    lines = told.splitlines()
    assert lines[0] == f"# Daily report of {monday:%d %b %Y}"
    assert "| Conversations | 20 | 4 |  |" in lines
    assert "| Tool call success rate | 90 % | 100 % | \\> 95 % |" in lines
    assert "| Cost per conversation | $0.0500 | $0.0500 | \\< $0.10 |" in lines
    assert "| OpenAI cost | $1.00 | $0.2000 |  |" in lines
    assert "| timeout | 2 |" in lines
    assert "on for everyone by odette" in told
    assert "\\#1 About" in told or "About" in told
    assert ALINE.msisdn[4:] not in told
    assert "- Stage beta since" in told
    rows = reports.Report("", "", told).sections[1].table
    assert ["Tool call success rate", "90 %", "100 %", "> 95 %"] in rows


@pytest.mark.django_db
def test_daily__what_went_round_the_rules__is_marked() -> None:
    # Given
    guardrail_cases.enter("smoke")
    rollback_quick(reason="outage", actor="odette", source="cli")
    flags.set_features(
        {Feature.CHAT: True},
        percent=10,
        override=True,
        reason="the fair",
        actor="odette",
        source="cli",
    )
    waivers.begin_override(reason="load test", actor="odette", hours=1)
    waivers.ask_for_waiver(gate="dwell", reason="the team is away", actor="odette")

    # When
    told = reports.daily().markdown

    # Then
    assert "Chat: on for 10 % by odette, by OVERRIDE. the fair" in told
    assert "FEATURE\\_AGENT\\_CHAT: off by odette. outage" not in told
    assert "rolled back, now smoke and rolled back, by odette. outage" in told
    assert "resumed, now smoke and recovery, by odette, by OVERRIDE" in told
    assert "OVERRIDE: automatic rollback held back until" in told
    assert "WAIVER of dwell until" in told
    assert "asked by odette, not approved. the team is away" in told


@pytest.mark.django_db
def test_daily__nothing_happened__nothing_known_is_not_zero() -> None:
    told = reports.daily().markdown

    assert "| Tool call success rate | — | — |" in told
    assert "| Personal data in logs, since then | — | — | 0 |" in told
    assert "## Incidents and rollbacks\n\nNone." in told


@pytest.mark.django_db
def test_weekly__a_wednesday__the_whole_week_before_day_by_day() -> None:
    monday = next_monday()
    enter("beta", monday - timedelta(days=8))
    converse(monday - timedelta(days=6, hours=-9), 3)

    with clock.use(FakeClock(monday + timedelta(days=2))):
        made = reports.weekly((monday + timedelta(days=2)).date())

    days = next(each for each in made.sections if each.title == "Day by day")
    assert made.title == f"Weekly report from {monday - timedelta(days=7):%d %b %Y}"
    assert days.table[1][0] == f"{monday - timedelta(days=7):%a %d %b}"
    assert [row[1] for row in days.table[1:]] == ["0", "3", "0", "0", "0", "0", "0"]


@pytest.mark.django_db
def test_report__checklist_left_undone__counted() -> None:
    monday = next_monday()
    enter("production", monday)

    with clock.use(FakeClock(monday + timedelta(hours=5))):
        told = reports.daily().markdown

    assert "overdue: Monitor metrics hourly (hourly)" in told
    assert "- Overdue: 1" in told
    assert checklists.current_run() is not None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("stage", "days", "hour", "sent"),
    [
        ("smoke", 1, 9, []),
        ("beta", 1, 6, []),
        ("beta", 1, 7, ["daily"]),
        # The worker was away in the morning.
        ("beta", 1, 23, ["daily"]),
        ("beta", 8, 7, ["daily", "weekly"]),
        ("production", 7, 7, ["daily", "summary", "weekly"]),
        ("production", 9, 7, ["summary", "weekly"]),
    ],
)
def test_send_due__mornings__what_the_stage_asks_for(
    stage: str, days: int, hour: int, sent: list[str]
) -> None:
    # Entered on a Monday at midnight.
    monday = next_monday()
    enter(stage, monday)

    now = monday + timedelta(days=days, hours=hour)
    with clock.use(FakeClock(now)):
        first = reports.send_due()
        again = reports.send_due()

    keys = Notice.objects.exclude(key="").values_list("key", flat=True)
    assert sorted({key.split(":")[1] for key in keys}) == sent
    assert (first, again) == (len(sent), 0)


@pytest.mark.django_db
def test_send__slack_and_mail__the_whole_report_over_both(
    slack_server: FakeSlack, smtp: FakeSmtp
) -> None:
    enter("beta", next_monday())

    with clock.use(FakeClock(next_monday(12))):
        sent = reports.send(reports.daily(date(2027, 1, 4)))

    assert [notice.medium for notice in sent] == ["chat", "email"]
    assert sent[0].subject.startswith("[easymo] Daily report of")
    assert "## Gates of this stage" in sent[1].text


@pytest.mark.usefixtures("committed_db")
def test_send_due__two_workers_at_once__sent_once() -> None:
    monday = next_monday()
    enter("beta", monday)
    now = monday + timedelta(days=1, hours=7)
    refused: list[Exception] = []

    def work() -> None:
        with clock.use(FakeClock(now)):
            reports.send_due()

    at_once([work, work], refused)

    assert refused == []
    assert Notice.objects.filter(key__startswith="report:").count() == 1
