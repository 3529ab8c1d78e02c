"""The smoke tests against a running deployment, each way in, and what can be amiss."""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from agents.models import ApiToken, Conversation, OutboundMessage, Turn
from agents.smoke import deployment as smoke_deployment
from agents.smoke.cases import CASES
from easymo import keys
from easymo.database.clock import worker_silence
from easymo.development import running
from easymo.observability.models import LogLine
from rollout.check_runs import smoke
from rollout.core.features import Feature
from rollout.flags import cohorts
from rollout.flags.exposure import exposure_of
from rollout.flags.flags import set_features
from rollout.management.commands import smoke as smoke_command
from rollout.models import CheckRun, Observation
from tests.live import until
from tests.rollout.guardrail_cases import enter
from vouchers.audit import verify as audit
from vouchers.models import Profile, Voucher

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.live_server_helper import LiveServer

    from tests.fakes.graph import FakeGraph
    from tests.worker import Worker

OTHER_PURPOSE = "another purpose"
NAMES = [
    "whatsapp.hello",
    "whatsapp.lookup",
    "whatsapp.create",
    "api.lookup",
    "api.create",
]


def switch(*, on: bool = True, without: Feature | None = None, **limits: Any) -> None:
    changes = {one: on and one != without for one in Feature}
    set_features(changes, actor="tests", reason="tests", source="command", **limits)


def told(done: CheckRun) -> dict[str, tuple[str, str]]:
    return {one["name"]: (one["status"], one["detail"]) for one in done.results}


def test_command__running_deployment__five_pass_and_nothing_is_left(
    worker: Worker, graph: FakeGraph, live_server: LiveServer
) -> None:
    # Given
    switch()
    until(lambda: worker_silence() is not None)
    out = io.StringIO()

    # When
    call_command("smoke", url=live_server.url, json=True, stdout=out)

    # Then
    found = json.loads(out.getvalue())
    assert found["passed"], found
    assert [one["name"] for one in found["cases"]] == [*NAMES, "voice.call"]
    assert [one["status"] for one in found["cases"]] == [*["ok"] * 5, "skipped"]
    assert CheckRun.objects.get().passed
    # What was issued is void, with a sound trail, and belongs to the sandbox.
    assert [one.status for one in Voucher.objects.all()] == ["void", "void"]
    assert {one.amount_minor for one in Voucher.objects.all()} == {10_000}
    assert audit.verify().broken == []
    assert not Profile.objects.filter(is_sandbox=False).exists()
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    assert not LogLine.objects.filter(level="warning").exists()
    # Nothing of it counts, and nothing of it left.
    assert not Conversation.objects.filter(is_synthetic=False).exists()
    assert not Observation.objects.filter(is_synthetic=False).exists()
    assert graph.sent == []
    assert LogLine.objects.filter(event="ai.whatsapp.message.success").count() == 3


def test_probe__for_a_cohort_only__answered_through_this_process(
    worker: Worker, deployment: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: on, but for no one yet
    cohorts.make_cohort(name="beta")
    switch(cohorts=["beta"])
    enter("beta")
    until(lambda: worker_silence() is not None)

    # When
    assert smoke.is_due()
    done = smoke.run_probe()

    # Then
    assert done is not None
    assert told(done).keys() == {"whatsapp.hello", "whatsapp.lookup"}
    assert done.passed, told(done)
    # Other people are not served.
    stranger = Profile.objects.create(name="Stranger", is_sandbox=True)
    assert exposure_of(str(stranger.public_id)).chat is False

    # And a correlation id without our mark keeps no line.
    with monkeypatch.context() as patch:
        patch.setattr("agents.smoke.cases.MARK", OTHER_PURPOSE)
        patch.setattr("agents.smoke.evidence.WRITTEN_WITHIN_S", 0.5)
        result = CASES[0].run(None)
    assert "The log lacks" in result.detail
    # Its lines would be written before those of the next run.
    assert "log lines under its correlation id" in CASES[0].run(None).detail
    kept = LogLine.objects.values_list("correlation_id", flat=True)
    assert not any(keys.is_marked(OTHER_PURPOSE, cause) for cause in kept)


@pytest.mark.django_db
def test_run__a_feature_off__names_it_and_asks_nobody() -> None:
    # Given
    switch(without=Feature.VOUCHERS)

    # When
    done = smoke.run_smoke()

    # Then
    result = {one["name"]: one for one in done.results}["api.create"]
    assert result["detail"] == "FEATURE_AGENT_VOUCHERS is off."
    assert "flags set FEATURE_AGENT_VOUCHERS=on" in result["remedy"]
    assert done.passed is False
    assert not Voucher.objects.exists()


@pytest.mark.django_db
def test_run__forced_off__says_so(settings: SettingsWrapper) -> None:
    switch()
    settings.FEATURES_FORCED_OFF = frozenset({"FEATURE_AGENT_CHAT"})

    assert (
        "forced off by the environment" in told(smoke.run_smoke())["whatsapp.hello"][1]
    )


@pytest.mark.django_db
def test_run__no_worker__said_at_once(deployment: SettingsWrapper) -> None:
    switch()

    done = smoke.run_smoke()

    found = told(done)
    for name in NAMES[:3]:
        assert found[name] == (
            "failed",
            "No worker is running.",
        )
    assert not Turn.objects.exists()


@pytest.mark.django_db
def test_run__nobody_at_the_address__said_with_a_remedy(
    deployment: SettingsWrapper,
) -> None:
    switch()

    done = smoke.run_smoke(url="http://127.0.0.1:1")

    result = {one["name"]: one for one in done.results}["api.lookup"]
    assert result["detail"].startswith("No answer from http://127.0.0.1:1")
    assert "--url" in result["remedy"]
    assert not ApiToken.objects.filter(revoked_at=None).exists()


@pytest.mark.parametrize(
    ("environment", "lock", "expected"),
    [
        ({}, None, 8000),
        ({}, "process {ours}, port 8123", 8123),
        ({}, "process 99999999, port 8123", 8000),
        ({"PORT": "8200"}, "process {ours}, port 8123", 8200),
    ],
    ids=["nothing runs", "make run", "make run ended", "named"],
)
def test_command__no_address__asks_the_product_that_runs_here(
    settings: SettingsWrapper,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    environment: dict[str, str],
    lock: str | None,
    expected: int,
) -> None:
    settings.PORT = int(environment.get("PORT", 8000))
    monkeypatch.delenv("PORT", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(running, "LOCK", tmp_path / "run.lock")
    if lock is not None:
        running.LOCK.write_text(lock.format(ours=os.getpid()))

    assert smoke_command.default_url() == f"http://127.0.0.1:{expected}"


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [["--url", "nowhere"], ["--url", "ftp://x"]])
def test_command__no_address__refused(arguments: list[str]) -> None:
    with pytest.raises(Exception, match="an address is like"):
        call_command("smoke", *arguments)


@pytest.mark.django_db
def test_command__something_fails__exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        call_command("smoke")

    assert stopped.value.code == 1
    assert "FEATURE_AGENT_CHAT is off" in capsys.readouterr().out


@pytest.mark.django_db
def test_run__another_secret__the_remedy_names_it(
    deployment: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    switch()
    monkeypatch.setattr("agents.smoke.evidence.require_worker", lambda: None)
    real = smoke_deployment.sign
    monkeypatch.setattr(
        smoke_deployment, "sign", lambda body, _: real(body, "another secret")
    )

    # When
    done = smoke.run_smoke()

    # Then
    result = {one["name"]: one for one in done.results}["whatsapp.hello"]
    assert "refused our signature" in result["detail"]
    assert "WA_APP_SECRET" in result["remedy"]
    assert not OutboundMessage.objects.exists()
