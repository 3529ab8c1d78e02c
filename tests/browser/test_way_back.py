"""The documented way back after a rollback, by pages alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Product, started
from tests.browser.test_newcomer import play, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page
    from pytest_django.plugin import DjangoDbBlocker

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WAIT_MS = 120_000
FEATURES = ("Chat", "Vouchers", "Customer lookup")
RUNS = "/admin/rollout/checkrun/"


@pytest.fixture(scope="module")
def product(
    template_database: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[Product]:
    """Start a demonstration of this file's own: here everything is turned off."""
    with django_db_blocker.unblock(), started(template_database) as running:
        yield running


def press(page: Page, link: str, submit: str, **fields: str) -> None:
    """Open an action by its button, fill in its form and submit it."""
    page.locator(f"a:has-text('{link}')").first.click()
    for name, text in fields.items():
        page.fill(f"[name={name}]", text)
    page.get_by_role("button", name=submit, exact=True).click()


def wait_for_run(page: Page, kind: str) -> None:
    """Reload the list of check runs until the newest one of the kind has passed."""
    first = page.locator("tbody tr.data-row", has_text=kind).first
    for _ in range(60):
        page.goto(RUNS)
        if first.count():
            break
        page.wait_for_timeout(1_000)
    expect(first).to_contain_text("passed")
    expect(first).not_to_contain_text("not passed")


def features(page: Page, *, link: str, **fields: str) -> None:
    for name in FEATURES:
        page.goto("/admin/rollout/agentflag/")
        page.get_by_role("link", name=name, exact=True).click()
        page.locator(f"a:has-text('{link}')").first.click()
        if link == "Turn on for some":
            page.get_by_label("smoke", exact=True).check()
        for field, text in fields.items():
            page.fill(f"[name={field}]", text)
        page.get_by_role("button", name=link, exact=True).click()
        expect(page.locator("body")).to_contain_text(f"{name} changed")


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

    # When
    operator.goto("/admin/rollout/incident/")
    operator.locator("tbody a[href*='/change/']").first.click()
    press(operator, "Mitigate", "Mitigate", reason="It was a trial.")
    operator.goto(RUNS)
    press(operator, "Run the pre-flight", "Run")
    wait_for_run(operator, "Pre-flight")
    features(operator, link="Turn on for some", reason="smoke tests")
    operator.goto(RUNS)
    press(operator, "Run the smoke tests", "Run")
    wait_for_run(operator, "Smoke test")
    features(operator, link="Turn on for everyone", reason="smoke tests passed")

    # Then: the agent answers, and no customer of the demonstration was used
    play(operator, "Diane")
    answer = say(operator, "create voucher 10000 for +250788000000")
    expect(answer).to_contain_text("RWF 10,000")
    operator.goto("/admin/vouchers/voucher/?q=Grace+Uwimana")
    rows = operator.locator("tbody tr.data-row")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(re.compile("issued", re.IGNORECASE))
