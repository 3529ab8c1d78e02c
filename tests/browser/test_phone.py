"""Calls in the simulator's telephone, through the real webhook, worker and sideband."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from agents.operations.demonstration import PINS
from tests.browser.conftest import started
from tests.browser.test_accessibility import axe
from tests.browser.test_newcomer import OURS
from tests.browser.test_newcomer import say as write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page
    from pytest_django.plugin import DjangoDbBlocker

    from tests.browser.conftest import Product, Seeded

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WAIT_MS = 60_000
STATE, ENDED = "#line-state", "Call ended"
PRESS_1 = "Press 1 for yes"


@pytest.fixture(scope="module")
def product(seeded: Seeded, django_db_blocker: DjangoDbBlocker) -> Iterator[Product]:
    """A product without a key of OpenAI, as `make run` starts it."""
    secret = "whsec_" + "cGhvbmUtb2YtdGhlLWJyb3dzZXItdGVzdHM="
    with (
        django_db_blocker.unblock(),
        started(seeded, OPENAI_WEBHOOK_SECRET=secret) as running,
    ):
        yield running


def pick_up(page: Page, name: str) -> None:
    page.goto("/simulator/")
    page.click(f"a.card:has-text('{name}')")
    page.click("text=Call instead")
    page.wait_for_load_state()
    page.check("#fast")


def call(page: Page, name: str, *, button: str = "#call-button") -> None:
    """Call and hear the greeting."""
    pick_up(page, name)
    if button != "#call-button":
        page.click("#unusual summary")
    page.click(button)
    expect(page.locator("#behind .act.running")).to_contain_text(
        "Greeting heard", timeout=WAIT_MS
    )


def say(page: Page, words: str) -> None:
    page.fill("#words", words)
    page.press("#words", "Enter")


def hear(page: Page, words: str) -> None:
    expect(page.locator("#call .ours").filter(has_text=words).last).to_be_visible(
        timeout=WAIT_MS
    )


def behind(page: Page) -> Locator:
    """Return what is shown of the last call."""
    return page.locator("#behind .act").first


def hang_up(page: Page) -> None:
    page.click("#call-button:has-text('Hang up')")
    expect(page.locator(STATE)).to_have_text(ENDED, timeout=WAIT_MS)


def test_call__customer_with_pin__hears_vouchers_and_redeems_one_with_1(
    operator: Page,
) -> None:
    call(operator, "Aline")

    say(operator, "show me my vouchers")
    hear(operator, "enter your PIN")
    expect(operator.locator("#call")).not_to_contain_text("10,000")
    operator.click("text=Press the PIN")
    hear(operator, "RWF 10,000, ready to use")
    say(operator, "redeem at Kimironko")
    hear(operator, PRESS_1)
    expect(behind(operator).locator(".step.event")).to_have_count(0)
    operator.click("[data-key='1']")
    hear(operator, "was redeemed at Kimironko")
    hang_up(operator)

    trace = behind(operator)
    expect(trace.locator(".step.event")).to_contain_text("redeemed")
    expect(trace).to_contain_text("by PIN")
    expect(trace).to_contain_text("caller hung up", timeout=WAIT_MS)
    # That keys were pressed, never which.
    assert PINS["+250788000001"] not in trace.inner_text()


def test_call__customer_without_pin__hears_and_changes_nothing(operator: Page) -> None:
    call(operator, "Bosco")

    say(operator, "show me my vouchers")
    hear(operator, "enter your PIN")
    # The PIN of another person proves nothing.
    for key in PINS["+250788000001"]:
        operator.click(f"[data-key='{key}']")
    hear(operator, "That PIN is not right")
    say(operator, "redeem at Kimironko")
    expect(behind(operator).locator(".step.tool")).to_have_count(2, timeout=WAIT_MS)
    operator.click("[data-key='1']")
    hang_up(operator)

    trace = behind(operator)
    expect(trace.locator(".step.event")).to_have_count(0)
    for step in trace.locator(".step.tool").all():
        expect(step).to_contain_text("pin_needed")
    expect(operator.locator("#call")).not_to_contain_text("8,000")
    expect(operator.locator("#call")).not_to_contain_text(PRESS_1)


def test_call__staff_with_the_keyboard_only__creates_a_voucher(operator: Page) -> None:
    pick_up(operator, "Diane")
    operator.focus("#call-button")
    operator.keyboard.press("Enter")
    expect(behind(operator)).to_contain_text("Greeting heard", timeout=WAIT_MS)
    expect(operator.locator("#call-button")).to_be_focused()

    operator.focus("#words")
    operator.keyboard.type("create a voucher of 60000 for +250788000000")
    operator.keyboard.press("Enter")
    hear(operator, "enter your PIN")
    operator.focus("[data-key='5']")
    operator.keyboard.type(PINS["+250788000004"])
    # Above the limit of one voucher.
    refused = behind(operator).locator(".step.tool").last
    expect(refused).to_contain_text("limit_exceeded", timeout=WAIT_MS)
    operator.focus("#words")
    operator.keyboard.type("create a voucher of 8000 for +250788000000")
    operator.keyboard.press("Enter")
    hear(operator, "8,000")
    hear(operator, PRESS_1)
    operator.focus("[data-key='5']")
    operator.keyboard.press("1")

    issued = behind(operator).locator(".step.event")
    expect(issued).to_have_count(1, timeout=WAIT_MS)
    expect(issued).to_contain_text("8000 RWF")
    operator.focus("#call-button")
    operator.keyboard.press("Enter")
    expect(operator.locator(STATE)).to_have_text(ENDED, timeout=WAIT_MS)


def test_call__webhook_delivered_four_times__is_one_call(operator: Page) -> None:
    pick_up(operator, "Grace")
    expect(operator.locator("#behind .act")).to_have_count(0)
    operator.click("#unusual summary")
    operator.click("#twice")
    expect(behind(operator)).to_contain_text("Greeting heard", timeout=WAIT_MS)

    operator.click("text=Deliver the webhook again")
    say(operator, "hello")
    hear(operator, "I can tell you which vouchers you have")
    hang_up(operator)

    expect(operator.locator("#behind .act")).to_have_count(1)
    said = behind(operator).inner_text()
    assert said.count("The call rings") == said.count("Decided") == 1
    assert said.count("Accepted after") == 1 + 1, "the figure and one entry"


def test_call__hung_up_while_a_tool_changes_value__change_stands_and_is_written(
    operator: Page,
) -> None:
    operator.goto("/simulator/")
    operator.click("a.card:has-text('Diane')")
    operator.wait_for_load_state()
    write(operator, "hello")
    call(operator, "Diane")
    operator.click("text=Press the PIN")
    expect(behind(operator)).to_contain_text("PIN right", timeout=WAIT_MS)
    say(operator, "create a voucher of 7000 for +250788000000")
    hear(operator, "7,000")

    operator.click("#unusual summary")
    operator.click("[data-do='hang_up_in_tool']")
    expect(operator.locator("#call")).to_contain_text("hangs up in the next")
    operator.click("[data-key='1']")

    expect(operator.locator(STATE)).to_have_text(ENDED, timeout=WAIT_MS)
    expect(behind(operator).locator(".step.event")).to_contain_text(
        "7000 RWF", timeout=WAIT_MS
    )
    expect(operator.locator("#call")).not_to_contain_text("was created")
    operator.click("text=WhatsApp instead")
    receipt = operator.locator(OURS).filter(has_text="7,000").last
    expect(receipt).to_contain_text("From your phone call", timeout=WAIT_MS)


def test_call__spoken_over_then_silent__is_cut_and_ends(operator: Page) -> None:
    call(operator, "Emile")
    say(operator, "help")
    hear(operator, "I can look up customers")
    operator.click("#unusual summary")
    operator.uncheck("#fast")

    operator.click("#over")
    expect(operator.locator("#call .theirs").last).to_contain_text("I have a question")
    again = operator.locator("#call .ours").filter(has_text="I can look up customers")
    expect(again).to_have_count(2, timeout=WAIT_MS)
    for _ in range(2):
        expect(operator.locator(STATE)).to_have_text(
            "The agent listens", timeout=WAIT_MS
        )
        operator.click("text=Stay silent")
        hear(operator, "Are you still there?")

    expect(operator.locator(STATE)).to_have_text(ENDED, timeout=WAIT_MS)
    expect(behind(operator)).to_contain_text("silence", timeout=WAIT_MS)


def test_phone__light_dark_and_narrow__without_faults_and_within_the_width(
    operator: Page,
) -> None:
    pick_up(operator, "Aline")
    operator.click("#unusual summary")

    assert axe(operator) == []
    operator.set_viewport_size({"width": 390, "height": 780})
    for part in ("people", "chat", "behind"):
        operator.click(f".tabs [data-show={part}]")
        wide = operator.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, part
    operator.click(".tabs [data-show=chat]")
    for one in ("#words", "#call-button", "[data-key='#']"):
        expect(operator.locator(one)).to_be_visible()
    assert re.search(r"\d{6}", operator.inner_text(".pin-shown"))
