"""A breach made on purpose is noticed, rolled back, written up and told by itself.

Nobody touches anything but the customers' telephones.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from rollout.models import (
    AgentFlag,
    FlagChange,
    Incident,
    Observation,
    Plan,
    RollbackEvent,
)
from rollout.services import stages
from rollout.services.postmortem import postmortem
from tests import payloads
from tests.fakes import openai_answers as say
from tests.fakes.slack import FakeSlack
from tests.flows.watchful_worker import COMMAND
from tests.live import post, until
from tests.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from tests.agents.cast import Cast
    from tests.fakes.graph import FakeGraph
    from tests.fakes.openai import FakeOpenAI, Reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PEOPLE = 14
CHAT = "FEATURE_AGENT_CHAT"
EXPENSIVE = say.Answer(say.text("Here I am.").output, output_tokens=450_000)
Kind = RollbackEvent.Kind


@pytest.fixture
def cast(cast: Cast) -> Cast:
    """Begin the beta stage, in which everybody is served."""
    stages.set_stage("beta", reason="tests", actor="tests", source="cli", override=True)
    return cast


@contextmanager
def watched(
    database_url: str, graph: FakeGraph, openai: FakeOpenAI, **settings: str
) -> Iterator[FakeSlack]:
    """Run a worker, and Slack on the loopback."""
    with (
        FakeSlack() as slack,
        Worker(
            database_url=database_url,
            graph=graph,
            openai=openai,
            command=COMMAND,
            SLACK_WEBHOOK_URL=slack.url,
            **settings,
        ),
    ):
        yield slack


def everybody_writes(client: Client) -> None:
    for n in range(PEOPLE):
        sender = f"+2507887{n:05d}"
        post(client, payloads.webhook(payloads.text("hello there", sender=sender)))


def is_rolled_back() -> bool:
    connections.close_all()
    return RollbackEvent.objects.exists()


def is_told(slack: FakeSlack) -> bool:
    """Tell whether Slack heard why, in the very words of the incident."""
    sentence = RollbackEvent.objects.get().evidence["sentence"]
    return any(sentence in text for text in slack.texts)


@pytest.mark.parametrize(
    ("reply", "guardrail", "kind"),
    [
        (say.server_error(), "success", Kind.QUICK),
        (say.text("Here I am.", delay=5.5), "latency", Kind.PARTIAL),
        (EXPENSIVE, "cost", Kind.QUICK),
    ],
    ids=["failing", "slow", "expensive"],
)
def test_model__gone_bad__is_rolled_back_written_up_and_told(
    reply: Reply,
    guardrail: str,
    kind: str,
    committed_db: str,
    cast: Cast,
    client: Client,
    graph: FakeGraph,
    openai: FakeOpenAI,
) -> None:
    # Given
    openai.respond_with(lambda _body: reply)

    # When
    with watched(committed_db, graph, openai) as slack:
        everybody_writes(client)
        until(is_rolled_back)
        until(lambda: is_told(slack))

    # Then
    event = RollbackEvent.objects.get()
    assert (event.kind, event.actor) == (kind, "evaluator")
    assert event.evidence["guardrail"] == guardrail
    assert_written_up(event)


def test_customers_number__printed_past_the_logging__takes_everything_away(
    committed_db: str,
    cast: Cast,
    client: Client,
    graph: FakeGraph,
    openai: FakeOpenAI,
) -> None:
    # Given
    openai.respond_with(lambda _body: say.text("Here I am."))
    number = str(cast.aline.profile.msisdn)

    # When
    with watched(committed_db, graph, openai, EASYMO_TEST_LEAK=number) as slack:
        everybody_writes(client)
        until(is_rolled_back)
        until(lambda: is_told(slack))

    # Then
    event = RollbackEvent.objects.get()
    assert (event.kind, event.actor) == (Kind.FULL, "evaluator")
    assert Plan.objects.get().state == Plan.State.FROZEN
    assert_written_up(event)


def test_model__in_good_order__nothing_is_touched(
    committed_db: str,
    cast: Cast,
    client: Client,
    graph: FakeGraph,
    openai: FakeOpenAI,
) -> None:
    # Given
    openai.respond_with(lambda _body: say.text("Here I am."))

    # When
    with watched(committed_db, graph, openai):
        everybody_writes(client)
        until(
            lambda: (
                Observation.objects.filter(scored_in__isnull=False).count() == PEOPLE
            )
        )

    # Then
    assert not RollbackEvent.objects.exists()
    assert not Incident.objects.exists()
    assert AgentFlag.objects.get(name=CHAT).everyone is True


def assert_written_up(event: RollbackEvent) -> None:
    assert AgentFlag.objects.get(name=CHAT).everyone is False
    changes = FlagChange.objects.filter(source=FlagChange.Source.ROLLBACK)
    assert {change.actor for change in changes} == {"evaluator"}
    incident = event.incident
    sentence = event.evidence["sentence"]
    assert sentence in incident.title
    assert any(sentence in entry.text for entry in incident.timeline.all())
    assert sentence in postmortem(incident)
