"""Two people of support share one inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import processes
from tests.browser.test_accessibility import RULES
from tests.browser.test_newcomer import play, say

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Product

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


ACCOUNT = """
from django.contrib.auth.models import Group, User
user = User.objects.create_user("odette", password="kigali-avocado-7", is_staff=True)
user.groups.add(Group.objects.get(name="support"))
"""


def colleague(browser: Browser, product: Product) -> Page:
    """Make an account of support, and return a page in which it is signed in."""
    processes.manage("shell", "-c", ACCOUNT, **product.environment)
    page = browser.new_context(base_url=product.address).new_page()
    page.goto("/admin/login/")
    page.fill("[name=username]", "odette")
    page.fill("[name=password]", "kigali-avocado-7")
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")
    return page


def test_inbox__two_people__one_claims_and_both_see_it(
    operator: Page, chromium: Browser, product: Product
) -> None:
    # Given: a customer asks for a person
    play(operator, "Aline")
    say(operator, "agent")
    odette = colleague(chromium, product)
    for page in (operator, odette):
        page.goto("/admin/inbox/")
        page.click(".inbox-row:has-text('Aline')")
        expect(page.locator(".inbox-thread")).to_contain_text("agent")

    # When: one claims, the other has not reloaded
    # Keys go on in the conversation that was opened.
    expect(operator.locator(".inbox-right")).to_be_focused()
    operator.click("button:has-text('Claim')")

    # Then: the other sees it, and a press on the old page would have been refused
    expect(odette.locator("#inbox-head")).to_contain_text("claimed by")
    expect(odette.locator("button:has-text('Claim')")).to_have_count(0)

    # When: a note and an answer
    operator.fill("#inbox-text", "Aline waits at Kimironko.")
    operator.click("button:has-text('Store as a note')")
    canned = operator.locator(".inbox-canned a").first
    words = canned.get_attribute("data-text") or ""
    canned.click()
    expect(operator.locator("#inbox-text")).to_have_value(words)
    operator.click("button.main:has-text('Answer')")
    expect(operator.locator("#inbox-text")).to_be_focused()

    # Then
    expect(odette.locator(".inbox-thread .note")).to_contain_text("at Kimironko")
    expect(odette.locator(".inbox-thread")).to_contain_text(words)
    odette.fill("#inbox-text", "I answer too.")
    odette.click("button.main:has-text('Answer')")
    expect(odette.locator("[role=alert]")).to_contain_text("has claimed")
    expect(odette.locator("#inbox-text")).to_have_value("I answer too.")
    found = Axe().run(odette, options=RULES).response["violations"]
    assert [each["id"] for each in found] == []

    # When: the customer writes again, and the agent answers after that
    play(operator, "Aline")
    operator.fill("#text", "Thank you, friend.")
    operator.press("#text", "Enter")

    # Then
    expect(odette.locator(".inbox-thread")).to_contain_text("Thank you, friend.")
    odette.click("button:has-text('Hand back')")
    odette.click("button:has-text('Hand back anyway')")
    expect(odette.locator("#inbox-head")).to_contain_text("the agent answers")
    odette.context.close()
