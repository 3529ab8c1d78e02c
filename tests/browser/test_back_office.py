"""The operator's road through the back office."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_newcomer import play, say

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_voucher__voided_with_a_reason__shows_it_in_the_trail(operator: Page) -> None:
    operator.goto("/admin/vouchers/voucher/?status__exact=issued")
    operator.locator("tbody a[href*='/change/']").first.click()
    expect(operator.locator(".trail-box .sound")).to_be_visible()

    operator.click("a:has-text('Void')")
    operator.fill("[name=reason]", "given to the wrong person")
    operator.click("button:has-text('Void')")

    expect(operator.locator(".trail")).to_contain_text("given to the wrong person")
    expect(operator.locator(".trail-box .sound")).to_be_visible()
    expect(operator.locator("a:has-text('Void')")).to_have_count(0)


def test_voucher__void_without_a_reason__changes_nothing(operator: Page) -> None:
    operator.goto("/admin/vouchers/voucher/?status__exact=issued")
    operator.locator("tbody a[href*='/change/']").first.click()
    operator.click("a:has-text('Void')")

    operator.fill("[name=reason]", "   ")
    operator.click("button:has-text('Void')")

    expect(operator.locator("[role=alert]").first).to_be_visible()


def test_conversation__thread__shows_tool_calls_in_line(operator: Page) -> None:
    play(operator, "Diane")
    say(operator, "lookup +250788000000")

    operator.goto("/admin/agents/conversation/")
    operator.locator("tbody a[href*='/change/']").first.click()

    thread = operator.locator(".thread")
    expect(thread).to_contain_text("lookup_customer")
    expect(thread.locator(".call").last).not_to_contain_text("+250788000000")


def test_overview__first_page__leads_to_the_switches(operator: Page) -> None:
    operator.goto("/admin/")

    operator.click("text=Switch features")

    expect(operator.locator("body")).to_contain_text("Customer lookup")
