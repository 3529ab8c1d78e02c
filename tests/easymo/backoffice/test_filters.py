from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from agents.models import Block, HandOff
from easymo.backoffice.templatetags.backoffice import commands
from tests.backoffice import signed_in
from vouchers.models import Profile

JOBS = """
INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args)
SELECT 'chat', 'reply', CASE WHEN n > 300 THEN 'often' ELSE 'lock' || n END, '{}'
  FROM generate_series(1, 310) n
"""


@pytest.mark.django_db
def test_recent_values__each_row_has_its_own__offers_the_most_frequent() -> None:
    # Given
    with connection.cursor() as cursor:
        cursor.execute(JOBS)
    browser = signed_in("superuser")

    # When
    page = browser.get("/admin/procrastinate/procrastinatejob/?lock=lock299")

    # Then
    (locks,) = (
        each
        for each in page.context["cl"].filter_specs
        if each.expected_parameters()[0] == "lock"
    )
    offered = list(locks.lookup_choices)
    assert "often" in offered
    # The chosen one is offered too.
    assert "lock299" in offered
    assert len(offered) < 60
    assert [row.lock for row in page.context["cl"].result_list] == ["lock299"]


@pytest.mark.django_db
def test_open_first__closed_and_ended_rows__only_when_asked_for() -> None:
    # Given
    now, kinds = timezone.now(), HandOff.Kind
    people = [Profile.objects.create(name=f"Person {n}") for n in range(3)]
    waiting = HandOff.objects.create(kind=kinds.DEVICE, profile=people[0])
    closed = HandOff.objects.create(
        kind=kinds.DEVICE, profile=people[1], closed_at=now, closed_by="grace"
    )
    in_force, lifted, expired = (
        Block.objects.create(profile=person, reason="spam", blocked_by="grace", **facts)
        for person, facts in zip(
            people,
            (
                {"expires_at": now + timedelta(days=1)},
                {"lifted_at": now, "lifted_by": "grace", "lift_reason": "a mistake"},
                {"expires_at": now - timedelta(days=1)},
            ),
            strict=True,
        )
    )
    browser = signed_in("superuser")

    def shown(page: str) -> set[Any]:
        return set(browser.get(f"/admin/agents/{page}").context["cl"].result_list)

    # Then
    assert shown("handoff/") == {waiting}
    assert shown("handoff/?show=done") == {closed}
    assert shown("handoff/?show=all") == {waiting, closed}
    assert shown("block/") == {in_force}
    assert shown("block/?show=done") == {lifted, expired}
    assert shown("block/?show=all") == {in_force, lifted, expired}


def test_commands__between_ticks__to_be_typed_and_the_rest_inert() -> None:
    told = commands("Run `manage.py <x>`, then <b>look</b>. A lone ` stays.")

    assert told == (
        "Run <code>manage.py &lt;x&gt;</code>, then &lt;b&gt;look&lt;/b&gt;."
        " A lone ` stays."
    )
