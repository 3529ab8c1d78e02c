"""The operator's page, as an operator meets it: at a desk, on a telephone, by keys."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import sign_in, started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Request
    from pytest_django.plugin import DjangoDbBlocker

    from tests.browser.conftest import Product, Seeded

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
LOOKING = Path(__file__).with_name("looking.js").read_text()
expect.set_options(timeout=60_000)  # The machine may be busy.
# Of a telephone, 390 by 844.
TWO_SCREENS = 2 * 844
ROOM = "/admin/?page=room"
REFRESH = "document.dispatchEvent(new Event('visibilitychange'))"


class Workflow(BaseHTTPRequestHandler):
    """The previous workflow, content with everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def product(seeded: Seeded, django_db_blocker: DjangoDbBlocker) -> Iterator[Product]:
    """A product of this file's own: here everything gets killed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Workflow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/webhook"
    with (
        django_db_blocker.unblock(),
        started(seeded, LEGACY_WEBHOOK_URL=url) as running,
    ):
        yield running
    server.shutdown()
    server.server_close()


def open_room(page: Page, product: Product) -> None:
    sign_in(page, product)
    page.goto(ROOM)


@pytest.fixture(scope="module")
def untouched(seeded: Seeded, django_db_blocker: DjangoDbBlocker) -> Iterator[Product]:
    """Start a product in which no test kills a process."""
    with django_db_blocker.unblock(), started(seeded) as running:
        yield running


@pytest.fixture
def as_begun(untouched: Product, chromium: Browser) -> Iterator[Page]:
    """Sign in as an operator where no test changed anything."""
    page = chromium.new_page(base_url=untouched.address)
    open_room(page, untouched)
    yield page
    page.context.close()


@pytest.fixture
def operator(operator: Page) -> Page:
    """Open the control room for the signed-in operator."""
    operator.goto(ROOM)
    return operator


def test_room__nothing_happened_yet__is_active(as_begun: Page) -> None:
    expect(as_begun.locator("#standing h1")).to_have_text("Infrastructure: active")
    expect(as_begun.locator("#standing")).to_contain_text("on for everyone")
    expect(as_begun.locator("#propagation-now")).to_contain_text(
        re.compile(r"acknowledged by (\d) of \1 processes")
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_page__any_light_and_width__has_names_contrast_and_no_sideways_scrolling(
    chromium: Browser, product: Product, scheme: str, width: int
) -> None:
    context = chromium.new_context(
        base_url=product.address,
        viewport={"width": width, "height": 760},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    open_room(page, product)
    expect(page.locator("#kill .all")).to_be_visible()

    found = page.evaluate(LOOKING)
    wide, high = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    context.close()

    assert found == []
    assert wide <= width
    assert width > 640 or high <= TWO_SCREENS


def test_refresh__somebody_types__keeps_words_focus_cursor_and_place(
    operator: Page,
) -> None:
    # Given
    operator.fill("#kill-reason", "the answers are wro")
    operator.focus("#kill-reason")
    operator.evaluate("document.getElementById('kill-reason').setSelectionRange(4, 4)")
    operator.evaluate("window.scrollTo(0, 300)")
    before = operator.locator("#fresh-words").inner_text()

    # When: five seconds pass by themselves.
    expect(operator.locator("#fresh-words")).not_to_have_text(before)

    # Then
    state = operator.evaluate(
        "[document.activeElement.id, document.activeElement.selectionStart,"
        " document.activeElement.value, Math.round(window.scrollY)]"
    )
    assert state == ["kill-reason", 4, "the answers are wro", 300]


def test_refresh__tab_is_hidden__asks_nothing(operator: Page) -> None:
    asked: list[str] = []
    operator.evaluate(
        "Object.defineProperty(document, 'hidden', {configurable: true, get: () => true});"
        + REFRESH
    )

    def note(request: Request) -> None:
        # The browser may still load the page's icon.
        if request.resource_type in {"fetch", "xhr"}:
            asked.append(request.url)

    operator.on("request", note)
    operator.wait_for_timeout(6_000)
    assert asked == []

    operator.evaluate("delete document.hidden;" + REFRESH)

    while not asked:
        operator.wait_for_timeout(100)
    assert len(asked) == 1


def test_refresh__server_does_not_answer__says_since_when(
    chromium: Browser, product: Product
) -> None:
    # Its console is full of complaints, as it should be.
    context = chromium.new_context(base_url=product.address)
    page = context.new_page()
    open_room(page, product)
    context.set_offline(True)
    page.evaluate(REFRESH)

    expect(page.locator("#fresh.stale")).to_contain_text(
        re.compile(r"Not refreshed since \d\d:\d\d:\d\d: the server does not answer")
    )
    expect(page.locator("#news")).to_contain_text("Not refreshed since")

    context.set_offline(False)
    page.evaluate(REFRESH)
    expect(page.locator("#fresh")).not_to_have_class(re.compile("stale"))
    context.clear_cookies()
    page.evaluate(REFRESH)
    expect(page.locator("#fresh")).to_contain_text("you are signed out")
    context.close()


def test_look__a_number__explains_and_never_shows_it(as_begun: Page) -> None:
    as_begun.fill("#who", "+250788000000")
    as_begun.click("button:has-text('Show')")

    expect(as_begun.locator("#features-now")).to_contain_text("on for everyone")
    expect(as_begun.locator("#features-now thead")).to_contain_text("+2507***000")
    assert "250788000000" not in as_begun.content()
    as_begun.click("button:has-text('No one')")
    expect(as_begun.locator("#features-now thead")).not_to_contain_text("+2507***")


def test_previous_workflow__asked__answers(operator: Page) -> None:
    expect(operator.locator("#previous-now")).to_contain_text("never been asked")

    operator.click("button:has-text('Ask it now')")

    expect(operator.locator(".told")).to_contain_text("The previous workflow answered")
    expect(operator.locator("#previous-now")).to_contain_text("It last answered")


def test_checklist__ticked_with_evidence__is_done(operator: Page) -> None:
    first = operator.locator("#duties-now .duties > li").first
    words = first.locator("b").inner_text()
    first.locator("summary").click()
    first.locator("input[name=reason]").fill("seen with my own eyes")
    first.locator("button").click()

    expect(operator.locator(".told")).to_contain_text(f"Ticked: {words}")
    expect(operator.locator("#duties-now .duties")).not_to_contain_text(words)


def test_charts__another_range__is_drawn_and_told_as_a_table(operator: Page) -> None:
    operator.click("#charts a:has-text('7 days')")

    expect(operator.locator("#charts [aria-current]")).to_have_text("7 days")
    expect(operator.locator("#charts svg.graph")).to_have_count(5)
    operator.click("#table-latency summary")
    expect(operator.locator("#table-latency thead")).to_contain_text("p95")


def test_kill_one__on_a_telephone__others_stay_on(operator: Page) -> None:
    operator.set_viewport_size({"width": 360, "height": 760})
    operator.fill("#kill-reason", "echo on the line")
    operator.click("text=Kill voice")

    expect(operator.locator(".told")).to_contain_text("Voice is off")
    expect(operator.locator("#features-now .chip.none")).to_have_count(1)


def test_kill_all__by_keys_alone__needs_a_reason_and_one_press(operator: Page) -> None:
    # Given
    operator.evaluate("document.getElementById('room').focus()")
    for _ in range(60):
        operator.keyboard.press("Tab")
        if operator.evaluate("document.activeElement.id") == "kill-reason":
            break

    # When
    operator.keyboard.type("the answers are wrong")
    operator.keyboard.press("Tab")
    focused = operator.evaluate(
        "[document.activeElement.textContent,"
        " getComputedStyle(document.activeElement).outlineStyle]"
    )
    operator.keyboard.press("Enter")

    # Then
    assert focused == ["Kill all", "solid"]
    expect(operator.locator(".told")).to_contain_text("All features are off")
    expect(operator.locator(".told")).to_contain_text(
        re.compile(r"acknowledged by (\d) of \1 in \d+ ms")
    )
    expect(operator.locator("#features-now .chip.none")).to_have_count(4)
    expect(operator.locator("#incident-now")).to_contain_text("the answers are wrong")
    expect(operator.locator("#standing")).to_have_class(re.compile("bad"))
    expect(operator.locator("#changes-now tbody tr").first).to_contain_text("on → off")


def test_refresh__somebody_else_writes__shows_it_and_keeps_what_i_type(
    operator: Page,
) -> None:
    # Given
    operator.fill("#kill-reason", "the answers are wrong")
    operator.click("#kill .all")
    expect(operator.locator(".told")).to_contain_text("features are off")
    operator.goto(ROOM)
    mine = operator.locator("#incident-now input[name=reason]").first
    mine.fill("half a thou")
    other = operator.context.new_page()
    other.goto(ROOM)
    other.locator("#incident-now input[name=reason]").first.fill("Bosco is on it")
    other.locator("#incident-now button").first.click()
    expect(other.locator(".told")).to_contain_text("Noted on incident")
    other.close()

    # When
    mine.focus()
    operator.evaluate(REFRESH)

    # Then
    expect(operator.locator("#incident-now .story").first).to_contain_text(
        "Bosco is on it"
    )
    expect(operator.locator("#incident-now input[name=reason]").first).to_be_focused()
    operator.keyboard.type("ght")
    expect(operator.locator("#incident-now input[name=reason]").first).to_have_value(
        "half a thought"
    )


def test_page__without_scripts__shows_and_kills(
    chromium: Browser, product: Product
) -> None:
    context = chromium.new_context(base_url=product.address, java_script_enabled=False)
    page = context.new_page()
    open_room(page, product)
    expect(page.locator("#standing h1")).to_be_visible()
    expect(page.locator("text=Reload every 15 s")).to_be_visible()

    page.fill("#kill-reason", "once more, to be sure")
    page.click("#kill .all")

    expect(page.locator(".told")).to_contain_text("All features are off")
    context.close()
