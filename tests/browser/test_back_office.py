"""An operator's work in the back office."""

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
    operator.locator("tr:has-text('Diane') a[href*='/change/']").first.click()

    thread = operator.locator(".thread")
    expect(thread).to_contain_text("lookup_customer")
    expect(thread.locator(".call").last).not_to_contain_text("+250788000000")


def test_control_room__leads_to_the_switches(operator: Page) -> None:
    operator.goto("/admin/?page=room")

    operator.click("text=Switch features")

    expect(operator.locator("body")).to_contain_text("Customer lookup")


def test_texts__operator__tries_publishes_and_returns(operator: Page) -> None:
    # A draft answers in the simulator only, and the page says so.
    operator.goto("/admin/agents/contentversion/")
    operator.click("a:has-text('Edit the texts')")
    operator.click("summary:has-text('How it works')")
    operator.fill("[name=how_it_works_en]", "Show the code at the pump. First text.")
    operator.fill("[name=hours_mon]", "08:00-17:00")
    operator.click("button:has-text('Save the draft')")
    operator.click("text=Try it in the simulator")
    expect(operator.locator(".draft")).to_be_visible()
    answer = say(operator, "how does it work?")
    expect(answer).to_contain_text("First text.")
    expect(operator.locator(".act").first).to_contain_text("draft")

    # Published, changed, compared, and back.
    publish(operator, "The first texts")
    change(operator, "Show the code at the pump. Second text.")
    operator.click("text=Compare and publish")
    expect(operator.locator(".difference del")).to_contain_text("First")
    expect(operator.locator(".difference ins")).to_contain_text("Second")
    publish(operator, "Another text")
    operator.click("th a:has-text('Version 1'), td a:has-text('Version 1')")
    operator.click("a:has-text('Return to this version')")
    operator.fill("[name=reason]", "The first one was right")
    operator.click("button:has-text('Return')")
    expect(operator.locator("body")).to_contain_text("Version 3 is in force.")


def change(page: Page, text: str) -> None:
    page.goto("/admin/agents/contentversion/draft/")
    page.click("summary:has-text('How it works')")
    page.fill("[name=how_it_works_en]", text)
    page.click("button:has-text('Save the draft')")
    expect(page.locator("body")).to_contain_text("Draft saved.")


def publish(page: Page, reason: str) -> None:
    page.goto("/admin/agents/contentversion/publish/")
    page.fill("[name=reason]", reason)
    page.click("button:has-text('Publish')")
    expect(page.locator("body")).to_contain_text("is in force.")
