from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from agents.admin import counts, overview
from tests.backoffice import signed_in
from tests.canaries import ALINE, BOSCO
from vouchers.actors import Actor
from vouchers.models import Profile
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from agents.admin.overview import Figure

pytestmark = pytest.mark.django_db

# Small for good, or read as a whole anyway.
SMALL = {
    *("rollout_incident", "observability_upkeeprun", "django_migrations"),
    *("rollout_announcement", "rollout_contact", "rollout_checklistitem"),
}


def figures(found: list[Figure]) -> dict[str, int]:
    return {figure.label: figure.value for figure in found}


def scanned(statement: str) -> set[str]:
    """Return the tables that no index spares."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        lines = [str(line) for (line,) in cursor.fetchall()]
    return {line.split(" on ")[1].split()[0] for line in lines if "Seq Scan" in line}


@pytest.mark.parametrize(
    ("amount", "waiting", "issued"), [(5_000, 0, 1), (30_000, 1, 0)]
)
def test_first_page__voucher_asked_for__waits_or_is_counted_as_issued(
    amount: int, waiting: int, issued: int, switch: Callable[..., None]
) -> None:
    switch(vouchers=True)
    bosco = Profile.objects.create(msisdn=BOSCO.msisdn, name=BOSCO.name, role="staff")
    issue_voucher(
        customer=Profile.objects.create(msisdn=ALINE.msisdn, name=ALINE.name),
        amount=Money(amount, "RWF"),
        actor=Actor.of_profile(bosco, channel="whatsapp"),
        key="test:1",
    )

    page = signed_in("operator").get("/admin/").context

    needs = {need.label: need.count for need in page["needs"]}
    assert needs.get("Voucher to approve", 0) == waiting
    assert figures(page["last_day"])["Vouchers issued"] == issued


def test_first_page__operator__takes_few_queries() -> None:
    browser = signed_in("operator")
    browser.get("/admin/")

    with CaptureQueriesContext(connection) as asked:
        page = browser.get("/admin/")

    assert page.status_code == 200
    # A process that serves keeps the flags in memory; this one reads them each time.
    flags = [query for query in asked if "FROM rollout_epoch" in query["sql"]]
    assert len(asked) - len(flags) < 35


def test_first_page__no_table_that_grows__is_read_as_a_whole() -> None:
    request = RequestFactory().get("/admin/")
    request.user = User.objects.create_superuser("odette")
    with CaptureQueriesContext(connection) as asked:
        overview.overview_data(request)
        counts.counts_of(request)

    statements = {query["sql"] for query in asked if query["sql"].startswith("SELECT")}
    assert len(statements) > 15
    assert set().union(*map(scanned, statements)) <= SMALL
