"""The documented way back after a rollback, by pages alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import started
from tests.browser.test_newcomer import play, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page
    from pytest_django.plugin import DjangoDbBlocker

    from tests.browser.conftest import Product, Seeded

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WAIT_MS = 120_000


@pytest.fixture(scope="module")
def product(seeded: Seeded, django_db_blocker: DjangoDbBlocker) -> Iterator[Product]:
    """Start a demonstration of this file's own: here everything is turned off."""
    with django_db_blocker.unblock(), started(seeded) as running:
        yield running


def press(page: Page, link: str, submit: str, **fields: str) -> None:
    """Open an action by its button, fill in its form and submit it."""
    page.locator(f"a:has-text('{link}')").first.click()
    for name, text in fields.items():
        page.fill(f"[name={name}]", text)
    page.get_by_role("button", name=submit, exact=True).click()


def test_way_back__kill_mitigate_check_restore__works_by_pages(
    operator: Page,
) -> None:
    # Given: everything is off, by the button of the control room's list
    operator.goto("/admin/rollout/incident/")
    press(
        operator,
        "Kill all: turn everything off",
        "Turn everything off",
        reason="just trying",
    )
    expect(operator.locator("body")).to_contain_text("All features are off")

    # When: each step is done by its button, and the page follows by itself
    operator.goto("/admin/rollout/restore/")
    operator.fill("#reason-mitigate", "It was a trial.")
    operator.click("button[value=mitigate]")
    operator.click("button[value=preflight]")
    # A quick run is done before its lines can be seen.
    begun = operator.locator("#step-preflight.running, #step-preflight.passed")
    expect(begun).to_be_visible(timeout=WAIT_MS)
    operator.locator("button[value=smoke]").click(timeout=WAIT_MS)
    operator.locator("button[value=turn_on]").wait_for(timeout=WAIT_MS)
    operator.fill("#step-turn_on [name=reason]", "The checks passed.")
    operator.click("button[value=turn_on]")
    expect(operator.locator("#restore-title")).to_have_text("Back in service")

    # Then: the agent answers, and no customer of the demonstration was used
    play(operator, "Diane")
    answer = say(operator, "create voucher 10000 for +250788000000")
    expect(answer).to_contain_text("RWF 10,000")
    operator.goto("/admin/vouchers/voucher/?q=Grace+Uwimana")
    rows = operator.locator("tbody tr.data-row")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(re.compile("issued", re.IGNORECASE))
