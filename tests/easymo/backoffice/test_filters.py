from __future__ import annotations

import pytest
from django.db import connection

from easymo.backoffice.templatetags.backoffice import commands
from tests.backoffice import signed_in

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


def test_commands__between_ticks__to_be_typed_and_the_rest_inert() -> None:
    told = commands("Run `manage.py <x>`, then <b>look</b>. A lone ` stays.")

    assert told == (
        "Run <code>manage.py &lt;x&gt;</code>, then &lt;b&gt;look&lt;/b&gt;."
        " A lone ` stays."
    )
