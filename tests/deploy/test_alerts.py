"""Alerts and board: what they ask for is exposed, and they fire when they must."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from easymo.observability import metrics
from easymo.paths import BASE_DIR

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db
ALERTS = BASE_DIR / "deploy" / "alerts.yml"
BOARD = BASE_DIR / "deploy" / "grafana-rollout.json"
SCENES = Path(__file__).with_name("alerts.test.yml")
WANTED = {
    "RolloutEvaluatorDead",
    "AgentFastBurn",
    "AgentSlowBurn",
    "PIIConfirmed",
    "PIIScannerIdle",
    "FlagSnapshotStale",
    "SpendRate",
    "RolloutHeldTooLong",
}
# Names of the reference that must not change.
NAMES = [
    "agent_conversations_total",
    "agent_tool_calls_total",
    "agent_turn_duration_seconds",
    "agent_cost_usd_total",
    "agent_conversation_cost_usd",
    "agent_tokens_total",
    "agent_price_unknown_total",
    "pii_candidates_total",
    "pii_confirmed_total",
    "pii_lines_scanned_total",
    "rollout_stage",
    "rollout_state",
    "rollout_flag_enabled",
    "rollout_flag_changes_total",
    "rollout_snapshot_age_seconds",
    "rollout_propagation_seconds",
    "rollout_processes",
    "rollout_gate_status",
    "rollout_guardrail_value",
    "rollout_guardrail_evidence_ratio",
    "rollout_guardrail_no_data",
    "rollout_rollbacks_total",
    "rollout_evaluator_last_tick_timestamp_seconds",
    "rollout_probe_success",
    "rollout_incidents_open",
]
LABELS = {
    "agent_conversations_total": {"channel", "stage", "outcome"},
    "agent_tool_calls_total": {"tool", "channel", "result", "error_type"},
    "agent_cost_usd_total": {"channel", "model"},
    "agent_tokens_total": {"model", "type"},
    "pii_confirmed_total": {"kind", "sink"},
    "rollout_state": {"plan", "state"},
    "rollout_flag_enabled": {"flag", "audience"},
    "rollout_gate_status": {"stage", "gate"},
    "rollout_guardrail_evidence_ratio": {"guardrail", "channel", "level"},
    "rollout_rollbacks_total": {"kind", "trigger", "actor"},
}
METRIC = re.compile(r"\b(?:agent|rollout|pii|easymo|upkeep)_[a-z0-9_]+")
MATCHED = re.compile(r"\b((?:agent|rollout|pii|easymo|upkeep)_[a-z0-9_]+)\{([^}]*)\}")
GROUPED = re.compile(r"\bby \(([^)]*)\) \(?[a-z_]*\(?([a-z_0-9]+)")
# What Prometheus itself puts on.
OUTSIDE = {"instance", "job", "le"}
SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count", ""),
}


@pytest.fixture
def exposed() -> dict[str, set[str]]:
    """Return each name that /metrics knows, with its labels."""
    found: dict[str, set[str]] = {}
    for collect in metrics.collectors().values():
        for family in collect():
            labels = set(getattr(family, "_labelnames", ()))
            for suffix in SUFFIXES[family.type]:
                found[family.name + suffix] = labels
    return found


def expressions() -> Iterator[tuple[str, str]]:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    board = json.loads(BOARD.read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for note in board["annotations"]["list"]:
        if "expr" in note:
            yield note["name"], note["expr"]


def complaints(where: str, expr: str, exposed: dict[str, set[str]]) -> list[str]:
    """Return metrics of an expression that are not exposed."""
    found = [
        f"{where}: no figure {name}"
        for name in METRIC.findall(expr)
        if name not in exposed
    ]
    for name, matchers in MATCHED.findall(expr):
        asked = set(re.findall(r"([a-z_]+)\s*(?:=~|!=|!~|=)", matchers))
        found += [
            f"{where}: {name} has no label {label}"
            for label in sorted(asked - exposed.get(name, asked) - OUTSIDE)
        ]
    for labels, name in GROUPED.findall(expr):
        asked = {label.strip() for label in labels.split(",")}
        if name in exposed:
            found += [
                f"{where}: {name} has no label {label}"
                for label in sorted(asked - exposed[name] - OUTSIDE)
            ]
    return found


def test_metrics__every_name_of_the_reference__is_exposed_with_its_labels(
    exposed: dict[str, set[str]],
) -> None:
    assert [name for name in NAMES if name not in exposed] == []
    assert {name: exposed[name] for name in LABELS} == LABELS


def test_metrics__labels__name_no_person_and_no_conversation(
    exposed: dict[str, set[str]],
) -> None:
    forbidden = {"phone", "msisdn", "customer", "conversation", "profile", "subject"}

    assert not forbidden & set().union(*exposed.values())


def test_alerts__all_eight__are_there_and_say_what_to_do() -> None:
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]

    assert {rule["alert"] for rule in rules} == WANTED
    for rule in rules:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_expressions__alerts_and_board__ask_for_nothing_that_is_not_exposed(
    exposed: dict[str, set[str]],
) -> None:
    found = [
        each
        for where, expr in expressions()
        for each in complaints(where, expr, exposed)
    ]

    assert found == []


@pytest.mark.parametrize(
    "expr",
    [
        "max(rollout_snapshot_age_second) > 10",
        'sum(increase(agent_conversations_total{outcom="failed"}[5m]))',
        "max by (chanel) (increase(agent_conversations_total[5m]))",
    ],
)
def test_expressions__misspelt__are_noticed(
    exposed: dict[str, set[str]], expr: str
) -> None:
    assert complaints("somewhere", expr, exposed)


def test_board__rows_of_the_guide__are_all_there() -> None:
    board = json.loads(BOARD.read_text())
    titles = " ".join(panel["title"] for panel in board["panels"])

    for wanted in ("Requests", "Success", "error types", "cost", "satisf", "Evidence"):
        assert wanted.lower() in titles.lower()
    assert any("flag_changes" in str(note) for note in board["annotations"]["list"])
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))


def test_alerts__scenes_played_by_promtool__fire_when_they_must(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("No promtool here: install the package prometheus.")
    alerts: Any = yaml.safe_load(ALERTS.read_text())
    check = [promtool, "check", "rules", str(ALERTS)]
    assert subprocess.run(check, check=False, capture_output=True).returncode == 0
    # The scenes are about when, not about the words.
    for rule in alerts["groups"][0]["rules"]:
        del rule["annotations"]
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(alerts))
    scenes = shutil.copy(SCENES, tmp_path)

    done = subprocess.run(
        [promtool, "test", "rules", scenes],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout + done.stderr
