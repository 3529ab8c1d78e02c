"""What the database refuses by itself, in raw SQL."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, connection, transaction

from rollout.flags import cohorts
from rollout.models import AgentFlag, Epoch, FlagChange
from rollout.stages.rollback import turn_all_off
from tests.rollout.conftest import ALINE, Switch

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db
CHANGE = """
INSERT INTO rollout_flagchange
    (kind, flag_id, subject, actor, source, reason, before, after, override, at)
SELECT 'flag', id, '', {actor}, 'cli', {reason}, NULL, {after}, false, now()
FROM rollout_agentflag WHERE name = 'FEATURE_AGENT_CHAT'
"""


@contextmanager
def refused(text: str) -> Iterator[None]:
    with pytest.raises(DatabaseError, match=text), transaction.atomic():  # noqa: PT012
        yield
        run("SET CONSTRAINTS ALL IMMEDIATE")


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture(autouse=True)
def _known(switch: Switch) -> None:
    """Give every table something to be refused, and settle its own checks."""
    cohorts.make_cohort(name="beta")
    cohorts.add_member("beta", ALINE, "odette")
    switch(VOICE=True, cohorts=["beta"])
    turn_all_off(reason="trouble", actor="odette", source="cli")
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize(
    "column",
    [
        "superusers = true",
        "testing = true",
        "staff = true",
        "authenticated = true",
        "rollout = true",
        "languages = 'en'",
    ],
)
def test_flag__waffles_side_doors__closed(column: str) -> None:
    with refused("flag_side_doors_closed"):
        run(f"UPDATE rollout_agentflag SET {column}")


@pytest.mark.parametrize("table", ["groups", "users"])
def test_flag__groups_and_users__stay_empty(table: str) -> None:
    column = table.rstrip("s")
    with refused("flags have no"):
        run(
            f"INSERT INTO rollout_agentflag_{table} (agentflag_id, {column}_id)"
            " VALUES (1, 1)"
        )


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("everyone = true, percent = 5", "flag_percent_only_when_limited"),
        ("everyone = NULL, percent = 0", "flag_percent_is_a_share"),
        ("everyone = NULL, percent = 100.01", "flag_percent_is_a_share"),
        ("salt = ''", "name and salt are fixed"),
        ("name = name || 'x'", "name and salt are fixed"),
    ],
)
def test_flag__impossible_state__refused(change: str, constraint: str) -> None:
    with refused(constraint):
        run(f"UPDATE rollout_agentflag SET {change}")


def test_flag__changed_without_audit_row__refused() -> None:
    with refused("without a row in the audit log"):
        run("UPDATE rollout_agentflag SET everyone = true WHERE id > 0")


def test_flag__audit_row_tells_another_story__refused() -> None:
    told = """'{"everyone": false, "percent": null, "cohorts": []}'"""
    with refused("without a row in the audit log"):
        run(
            "UPDATE rollout_agentflag SET everyone = true"
            " WHERE name = 'FEATURE_AGENT_CHAT'"
        )
        run(CHANGE.format(actor="'me'", reason="'why'", after=told))


def test_flag__cohort_linked_without_audit_row__refused() -> None:
    with refused("without a row in the audit log"):
        run(
            "INSERT INTO rollout_agentflag_cohorts (agentflag_id, cohort_id)"
            " SELECT f.id, c.id FROM rollout_agentflag f, rollout_cohort c"
            " WHERE f.name = 'FEATURE_AGENT_CHAT'"
        )


def test_flag__deleted__refused() -> None:
    with refused("flags are not deleted"):
        run("DELETE FROM rollout_agentflag")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO rollout_cohortmember (cohort_id, subject, added_by, added_at)"
        " SELECT id, 'bosco', 'me', now() FROM rollout_cohort",
        "DELETE FROM rollout_cohortmember",
    ],
)
def test_member__changed_without_audit_row__refused(statement: str) -> None:
    # The fixture's own audit row says "added", so a removal contradicts it.
    with refused("members of a cohort changed without"):
        run(statement)


def test_member__moved__refused() -> None:
    with refused("add and remove members"):
        run("UPDATE rollout_cohortmember SET subject = 'bosco'")


def test_cohort__renamed__refused() -> None:
    with refused("the name is fixed"):
        run("UPDATE rollout_cohort SET name = 'gamma'")


@pytest.mark.parametrize(
    "table", ["rollout_flagchange", "rollout_rollbackevent", "rollout_timelineentry"]
)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_log__touched__refused(table: str, statement: str) -> None:
    with refused("append-only"):
        run(statement.format(table))


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize(
    "table", ["rollout_flagchange", "rollout_rollbackevent", "rollout_timelineentry"]
)
def test_log__truncated__refused(table: str) -> None:
    with refused("append-only"):
        run(f"TRUNCATE {table} CASCADE")


@pytest.mark.usefixtures("committed_db")
def test_log__as_a_replica__refused_still() -> None:
    with refused("append-only"):
        run("SET LOCAL session_replication_role = replica")
        run("DELETE FROM rollout_flagchange")


@pytest.mark.parametrize(
    ("actor", "reason", "constraint"),
    [
        ("' '", "'why'", "flag_change_says_who"),
        ("'me'", "' '", "flag_change_says_why"),
        ("'me'", "''", "flag_change_says_why"),
        ("'me'", "E'a\\nb'", "flag_change_says_why"),
        ("'me'", "repeat('x', 501)", "too long"),
    ],
)
def test_change__no_actor_or_reason__refused(
    actor: str, reason: str, constraint: str
) -> None:
    with refused(constraint):
        run(CHANGE.format(actor=actor, reason=reason, after="'{}'"))


def test_epoch__second_row__refused() -> None:
    with refused("epoch_is_one_row"):
        run("INSERT INTO rollout_epoch VALUES (2, 1, now())")


def test_epoch__any_change__rises_and_is_stamped(switch: Switch) -> None:
    # Given
    before = Epoch.objects.get().version

    # When
    changed = switch(CHAT=True)

    # Then
    assert changed.epoch == Epoch.objects.get().version > before
    assert FlagChange.objects.latest("id").epoch == changed.epoch


def test_features__fresh_database__four_all_off() -> None:
    assert AgentFlag.objects.filter(everyone=False).count() == 4
    assert AgentFlag.objects.values("salt").distinct().count() == 4
    assert FlagChange.objects.filter(source="system").count() == 4
