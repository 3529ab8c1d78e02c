"""A worker with calls has time for their last words before it is killed."""

from __future__ import annotations

import configparser

import pytest
import yaml

from agents.calls.services import Seconds
from easymo.paths import BASE_DIR


def compose() -> tuple[float, float]:
    worker = yaml.safe_load((BASE_DIR / "compose.yaml").read_text())["services"][
        "worker"
    ]
    grace = worker["environment"]["WORKER_GRACE_S"]
    assert "DATABASE_URL" in worker["environment"]
    return float(grace.partition(":-")[2][:-1]), float(worker["stop_grace_period"][:-1])


def kubernetes() -> tuple[float, float]:
    text = (BASE_DIR / "deploy/kubernetes/easymo.yaml").read_text()
    parts = [part for part in yaml.safe_load_all(text) if part]
    [spec] = [
        part["spec"]["template"]["spec"]
        for part in parts
        if part["metadata"]["name"] == "easymo-worker"
    ]
    [grace] = spec["containers"][0]["env"]
    assert grace["name"] == "WORKER_GRACE_S"
    return float(grace["value"]), float(spec["terminationGracePeriodSeconds"])


def systemd() -> tuple[float, float]:
    unit = configparser.RawConfigParser(strict=False)
    unit.read(BASE_DIR / "deploy/systemd/easymo-worker.service")
    name, _, grace = unit["Service"]["Environment"].partition("=")
    assert name == "WORKER_GRACE_S"
    return float(grace), float(unit["Service"]["TimeoutStopSec"])


@pytest.mark.parametrize("manager", [compose, kubernetes, systemd])
def test_worker__stopped_by_each_manager__calls_end_before_it_is_killed(
    manager: object,
) -> None:
    grace, killed_after = manager()  # type: ignore[operator]

    seconds = Seconds()
    assert seconds.sentence + seconds.closing < grace
    # What a tool still writes after the call has ended.
    assert killed_after >= grace + 15
