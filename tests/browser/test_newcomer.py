"""What a new user does: from the first page to a voucher, and turning the agent off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Product

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CODE = re.compile(r"(\d{4} \d{4} \d{4} \d{4})")
OURS = ".bubble.ours:not(.typing)"
# A busy machine may take its time; a quiet one does not.
expect.set_options(timeout=15_000)


def play(page: Page, name: str) -> None:
    page.goto("/simulator/")
    page.click(f"a.card:has-text('{name}')")
    page.wait_for_load_state()


def say(page: Page, text: str) -> Locator:
    """Write as the sandbox person and return the answer."""
    before = page.locator(OURS).count()
    page.fill("#text", text)
    page.press("#text", "Enter")
    answer = page.locator(OURS).nth(before)
    expect(answer).to_be_visible()
    return answer


def test_first_page__nobody_signed_in__leads_to_the_simulator(
    page: Page, product: Product
) -> None:
    page.goto("/")
    page.click("text=Open the simulator")
    page.fill("[name=username]", product.login)
    page.fill("[name=password]", product.password)
    page.click("[type=submit]")

    expect(page.locator("a.card").first).to_be_visible()


def test_simulator__staff_creates_a_voucher__sees_every_step(operator: Page) -> None:
    play(operator, "Diane")

    answer = say(operator, "create voucher 10000 for +250788000000")

    expect(answer).to_contain_text("RWF 10,000")
    expect(answer).to_contain_text(CODE)
    turn = operator.locator(".act").first
    expect(turn.locator(".step.tool")).to_contain_text("create_voucher")
    expect(turn.locator(".step.event")).to_contain_text("issued")
    turn.locator("summary").click()
    lines = turn.locator(".lines")
    expect(lines).to_contain_text("ai.tool.create_voucher.success")
    expect(lines).not_to_contain_text("+250788000000")
    expect(operator.locator(".bubble.theirs .ticks.read").last).to_be_visible()


def test_simulator__larger_amount__asks_by_button_and_takes_one_press(
    operator: Page,
) -> None:
    play(operator, "Diane")

    question = say(operator, "create voucher 15000 for +250788000000")
    before = operator.locator(OURS).count()
    question.locator(".reply").first.click()

    receipt = operator.locator(OURS).nth(before)
    expect(receipt).to_contain_text("RWF 15,000")
    expect(receipt).to_contain_text(CODE)
    expect(question.locator(".reply").first).to_have_attribute("data-spent", "")


def test_simulator__station_staff_redeems_the_code__voucher_is_spent(
    operator: Page,
) -> None:
    play(operator, "Diane")
    receipt = say(operator, "create voucher 9000 for +250788000000")
    found = CODE.search(receipt.inner_text())
    assert found

    play(operator, "Claudine")
    answer = say(operator, f"redeem {found[1]}")

    expect(answer).to_contain_text("RWF 9,000")
    expect(operator.locator(".act").first.locator(".step.event")).to_contain_text(
        "redeemed"
    )
    # The message is stored without the code.
    expect(operator.locator(".bubble.theirs").last).not_to_contain_text(found[1])


def test_simulator__customer_asks_for_a_voucher__gets_none(operator: Page) -> None:
    play(operator, "Bosco")

    say(operator, "create voucher 50000 for me")

    expect(operator.locator(".act").first.locator(".step.event")).to_have_count(0)


def test_simulator__agent_turned_off__stores_and_sends_nothing(operator: Page) -> None:
    play(operator, "Emile")
    operator.click("header >> text=Turn off")
    operator.fill("#switch-off [name=reason]", "a drill")
    operator.click("#switch-off button[type=submit]")
    expect(operator.locator("#features .off")).to_have_count(4)
    expect(operator.locator("#switch-off")).to_be_hidden()
    before = operator.locator(OURS).count()

    operator.fill("#text", "hello")
    operator.press("#text", "Enter")

    expect(operator.locator(".bubble.theirs").last).to_contain_text("the agent was off")
    expect(operator.locator(OURS)).to_have_count(before)

    operator.click("button:has-text('Turn on')")
    operator.fill("#switch-on [name=reason]", "the drill is over")
    operator.check("#switch-on [name=override]")
    operator.locator("#switch-on [type=submit]").click()
    expect(operator.locator("#features .on")).to_have_count(4)


def test_simulator__on_a_telephone__shows_one_part_at_a_time(operator: Page) -> None:
    operator.set_viewport_size({"width": 390, "height": 780})
    play_narrow(operator)

    operator.click(".tabs [data-show=behind]")

    expect(operator.locator(".behind")).to_be_visible()
    expect(operator.locator(".phone")).to_be_hidden()
    wide = operator.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390


def play_narrow(page: Page) -> None:
    page.goto("/simulator/")
    expect(page.locator(".phone")).to_be_visible()
