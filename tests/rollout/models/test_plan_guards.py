"""What the database refuses of the plan by itself, in raw SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from rollout.models import Override, PlanChange, Waiver
from rollout.stages import plan_state, waivers
from rollout.stages.rollback import freeze, rollback_full, rollback_quick
from tests.rollout.models.test_guards import refused, run
from tests.rollout.plan_cases import ODETTE, go

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db
CHANGE = """
INSERT INTO rollout_planchange
    (kind, before, after, actor, source, reason, override, at)
SELECT '{kind}', rollout_plan_state(),
    rollout_plan_state() || '{after}'::jsonb, {actor}, '{source}', {reason},
    {override}, now()
"""


def change(
    *,
    kind: str = "held",
    after: str = "{}",
    actor: str = "'me'",
    source: str = "cli",
    reason: str = "'why'",
    override: str = "false",
) -> str:
    return CHANGE.format(
        kind=kind,
        after=after,
        actor=actor,
        source=source,
        reason=reason,
        override=override,
    )


@pytest.fixture(autouse=True)
def _settled() -> None:
    """Give every table something to be refused, and settle its own checks."""
    go("smoke")
    waivers.ask_for_waiver(gate="dwell", reason="why", actor="odette")
    waivers.begin_override(reason="why", actor="odette", hours=1)
    settle()


def settle() -> None:
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("SET CONSTRAINTS ALL DEFERRED")


def test_plan__moved_without_its_row__refused() -> None:
    with refused("without a row in the audit log"):
        run("UPDATE rollout_plan SET state = 'held'")


def test_plan__row_tells_another_story__refused() -> None:
    with refused("without a row in the audit log"):
        run(change(after='{"state": "recovery"}'))
        run("UPDATE rollout_plan SET state = 'held'")


@pytest.mark.parametrize(
    ("state", "to"),
    [("active", "recovery"), ("rolled_back", "active"), ("rolled_back", "held")],
)
def test_plan__arrow_that_is_none__refused(state: str, to: str) -> None:
    if state == "rolled_back":
        rollback_quick(reason="outage", **ODETTE)
        settle()
    with refused("cannot change from"):
        run(f"UPDATE rollout_plan SET state = '{to}', rollback_id = NULL")


def test_plan__rolled_back_by_nothing__refused() -> None:
    with refused("plan_rolled_back_by_a_rollback"):
        run("UPDATE rollout_plan SET state = 'rolled_back'")


def test_plan__second_row__refused() -> None:
    with refused("plan_is_one_row"):
        run(
            "INSERT INTO rollout_plan (id, run_id, state, state_reason, state_since)"
            " SELECT 2, run_id, state, state_reason, now() FROM rollout_plan"
        )


def test_plan__deleted__refused() -> None:
    with refused("there is one plan"):
        run("DELETE FROM rollout_plan")


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        ({"reason": "' '"}, "plan_change_says_why"),
        ({"reason": "E'a\\nb'"}, "plan_change_says_why"),
        ({"actor": "' '"}, "plan_change_says_who"),
        ({"kind": "advanced", "source": "system"}, "plan_goes_up_by_a_person"),
        ({"kind": "resumed", "source": "system"}, "plan_goes_up_by_a_person"),
        ({"kind": "set", "after": '{"stage": "beta"}'}, "one stage at a time"),
        (
            {"kind": "advanced", "after": '{"stage": "production"}'},
            "one stage at a time",
        ),
        ({"kind": "released", "after": '{"stage": "beta"}'}, "one stage at a time"),
    ],
)
def test_change__that_may_not_be__refused(row: dict[str, str], constraint: str) -> None:
    with refused(constraint):
        run(change(**row))


def test_change__advancing_while_held__refused() -> None:
    plan_state.hold(reason="look", **ODETTE)
    settle()
    with refused("one stage at a time"):
        run(change(kind="advanced", after='{"stage": "beta", "state": "active"}'))


def test_change__beginning_elsewhere_than_the_last_ended__refused() -> None:
    with refused("changed since it was read"):
        run(
            "INSERT INTO rollout_planchange"
            " (kind, before, after, actor, source, reason, override, at) VALUES"
            """ ('held', '{"stage": "beta", "state": "active"}', '{}', 'me', 'cli',"""
            " 'why', false, now())"
        )


@pytest.mark.parametrize(
    "table",
    ["rollout_planchange", "rollout_gateresult"],
)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_log__touched__refused(table: str, statement: str) -> None:
    run(
        "INSERT INTO rollout_gateresult (run_id, gate, verdict, value, need, forecast, at)"
        " SELECT run_id, 'dwell', 'pass', '', '', '', now() FROM rollout_plan"
    )
    with refused("append-only"):
        run(statement.format(table))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rollout_stagerun SET reason = 'another'",
        "UPDATE rollout_stagerun SET entered_at = now() WHERE exited_at IS NULL",
        "UPDATE rollout_stagerun SET exited_at = NULL WHERE exited_at IS NOT NULL",
    ],
)
def test_stay__rewritten__refused(statement: str) -> None:
    with refused("a stage run only ends"):
        run(statement)


def test_stay__deleted__refused() -> None:
    with refused("history is not deleted"):
        run("DELETE FROM rollout_stagerun")


def test_stay__ended_and_none_begun__refused() -> None:
    with refused("without a row|not in the open stage run"):
        run(
            "UPDATE rollout_stagerun SET exited_at = clock_timestamp() WHERE exited_at IS NULL"
        )


def test_stay__second_open_one__refused() -> None:
    with refused("stage_run_one_open"):
        run(
            "INSERT INTO rollout_stagerun (stage, entered_at, entered_by, reason)"
            " VALUES ('beta', now(), 'me', 'why')"
        )


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ("gate = 'pii'", "only approved|waiver_of_what_may_be_waived"),
        ("approved_by = 'odette', approved_at = now()", "needs_a_second_person"),
        ("approved_by = 'grace'", "waiver_approval_says_when"),
        ("expires_at = asked_at + interval '8 days'", "only approved"),
        ("reason = 'another'", "only approved"),
    ],
)
def test_waiver__changed__refused(values: str, constraint: str) -> None:
    with refused(constraint):
        run(f"UPDATE rollout_waiver SET {values}")


@pytest.mark.parametrize("gate", ["state", "preflight", "smoke", "pii", "incidents"])
def test_waiver__of_what_is_never_waived__refused(gate: str) -> None:
    with refused("waiver_of_what_may_be_waived"):
        run(
            "INSERT INTO rollout_waiver"
            " (run_id, gate, reason, asked_by, asked_at, approved_by, expires_at)"
            f" SELECT run_id, '{gate}', 'why', 'me', now(), '',"
            " now() + interval '1 day' FROM rollout_plan"
        )


def test_waiver__approved_again__refused() -> None:
    waivers.approve_waiver(waiver=Waiver.objects.get(), actor="grace")
    with refused("only approved, and once"):
        run("UPDATE rollout_waiver SET approved_by = 'pascal'")


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ("expires_at = at + interval '25 hours'", "only ends|within_a_day"),
        ("ended_at = now()", "override_ended_by_somebody"),
        ("by = 'pascal'", "only ends"),
    ],
)
def test_override__changed__refused(values: str, constraint: str) -> None:
    with refused(constraint):
        run(f"UPDATE rollout_override SET {values}")


def test_override__ended_twice__refused() -> None:
    waivers.end_override(override=Override.objects.get(), actor="grace")
    with refused("only ends, and once"):
        run("UPDATE rollout_override SET ended_at = now()")


@pytest.mark.parametrize("table", ["rollout_waiver", "rollout_override"])
def test_story__deleted__refused(table: str) -> None:
    with refused("history is not deleted"):
        run(f"DELETE FROM {table}")


@pytest.mark.parametrize("how", ["freeze", "full"])
def test_flag__turned_on_while_frozen__refused(how: str) -> None:
    (freeze if how == "freeze" else rollback_full)(reason="a leak", **ODETTE)
    settle()
    with refused("while the plan is frozen"):
        run("UPDATE rollout_agentflag SET everyone = true")
    with refused("while the plan is frozen"):
        run("UPDATE rollout_agentflag SET everyone = NULL, percent = 5")


def test_plan__frozen_while_something_is_on__refused(switch: Switch) -> None:
    switch(CHAT=True)
    settle()
    with refused("only when every feature is off"):
        run("UPDATE rollout_plan SET state = 'frozen'")


def test_functions__taken_away_while_something_is_on__refused(switch: Switch) -> None:
    switch(CHAT=True)
    settle()
    with refused("when every feature is off"):
        run("UPDATE rollout_epoch SET functions_removed = true")


def test_plan__thawed_while_the_functions_are_away__refused() -> None:
    rollback_full(reason="a leak", **ODETTE)
    settle()
    with refused("restore them first"):
        run("UPDATE rollout_plan SET state = 'rolled_back'")


def test_change__any__is_stamped_with_its_transaction() -> None:
    plan_state.hold(reason="look", **ODETTE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (now,) = cursor.fetchone()
    assert PlanChange.objects.latest("id").transaction_id == now
