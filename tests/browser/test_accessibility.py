"""Every page for everyone: landmarks, names, contrast and focus, in light and dark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from tests.browser.test_newcomer import play, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, StorageState

    from tests.browser.conftest import Product

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    "resultTypes": ["violations"],
}
# What the colours decide: these take the most time, and differ between the lights.
COLOURS = ("color-contrast", "link-in-text-block")
COLOUR_RULES = RULES | {"runOnly": {"type": "rule", "values": COLOURS}}
OTHER_RULES = RULES | {"rules": {rule: {"enabled": False} for rule in COLOURS}}
FIRST = (
    *("/", "/admin/", "/admin/?page=room", "/simulator/", "/api/docs/"),
    *("/admin/rollout/restore/", "/admin/rollout/check-runs/", "/admin/find/"),
    # Lists with and without matching rows.
    *("/admin/vouchers/voucher/?q=no+such+one", "/admin/vouchers/voucher/?p=0"),
    # The sign-in.
    *("/admin/account/", "/admin/reauthenticate/", "/admin/second-factor/set-up/"),
)
# Not pages: files, and what ends the session.
NOT_PAGES = (
    "/static/",
    "/admin/logout/",
    "/post-mortem/",
    "as=markdown",
    "/api/schema/",
    # A file.
    "/export/",
    "/pdf/",
    "format=",
)


# Shows a page as one that was loaded in the other light: the theme of the back office
# looks once, at loading.
SHOW = """
dark => {
    const still = new CSSStyleSheet();
    still.replaceSync("* { transition: none !important; animation: none !important }");
    document.adoptedStyleSheets = [still];
    if (document.documentElement.hasAttribute("x-data"))
        document.documentElement.classList.toggle("dark", dark);
}
"""


@pytest.fixture
def lit(chromium: Browser, product: Product, signed_in: StorageState) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=product.address,
        viewport={"width": 1366, "height": 860},
        color_scheme="light",
        reduced_motion="reduce",
        storage_state=signed_in,
    )
    yield context.new_page()
    context.close()


def pages(page: Page) -> Iterator[str]:
    """Open each kind of page that links lead to, once."""
    host = re.match(r"https?://[^/]+", page.url)
    assert host
    waiting, known = list(FIRST), set()
    while waiting:
        path = waiting.pop(0)
        kind = path if path in FIRST else kind_of(path)
        if kind in known or any(part in path for part in NOT_PAGES):
            continue
        known.add(kind)
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        yield path
        links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
        waiting += [
            link[len(host[0]) :].split("#")[0]
            for link in links
            if link.startswith(host[0])
        ]


def kind_of(path: str) -> str:
    """Name a page by its address without numbers; a history looks alike in an app."""
    kind = re.sub(r"\d+", "N", path.split("?", maxsplit=1)[0])
    return re.sub(r"^(/admin/\w+)/\w+/N/history/$", r"\1/history/", kind)


def axe(page: Page, coloured: str = "html") -> list[str]:
    """Return what axe finds in both lights; they differ by their colours only."""
    page.evaluate(AXE_SCRIPT)
    said = []
    for scheme, part, rules in (
        ("light", "html", OTHER_RULES),
        ("light", coloured, COLOUR_RULES),
        ("dark", coloured, COLOUR_RULES),
    ):
        if rules is COLOUR_RULES:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.evaluate(SHOW, scheme == "dark")
        asked = "([part, options]) => axe.run(part, options)"
        found = page.evaluate(asked, [part, rules])["violations"]
        said += [f"{scheme}: {one['id']}: {_nodes(one)}" for one in found]
    page.emulate_media(color_scheme="light")
    page.evaluate(SHOW, False)
    return said


def faults(page: Page, path: str) -> list[str]:
    # What stands around the content has the same colours on each page.
    said = axe(page, "html" if path in FIRST else "main")
    if page.locator("main").count() != 1:
        said.append("not exactly one main")
    # The pages of the sign-in have nothing before their form.
    if path.startswith("/admin/") and page.locator("#content").count():
        page.keyboard.press("Tab")
        # A form has the focus in its first field; elsewhere the first stop skips.
        if page.locator("#content form[novalidate] [autofocus]").count() == 0:
            first = page.evaluate("document.querySelector('a, button').className")
            if "skip-link" not in str(first):
                said.append("the first stop does not skip to the content")
    names = page.locator("a, button").all_inner_texts()
    if any(name.strip() == "Close" for name in names):
        said.append("a button is called only Close")
    return [f"{path}: {one}" for one in said]


def _nodes(violation: dict[str, Any]) -> str:
    return " | ".join(node["html"][:150] for node in violation["nodes"][:3])


@pytest.mark.timeout(900)
def test_pages__every_kind__no_fault_of_accessibility_in_either_light(
    lit: Page,
) -> None:
    # Given: a conversation, so that there are rows in most lists
    play(lit, "Diane")
    say(lit, "lookup +250788000000")

    # When
    found, seen = [], 0
    for path in pages(lit):
        seen += 1
        found += faults(lit, path)

    # Then
    assert "\n".join(found) == ""
    assert seen > 80, seen


def test_page__loaded_in_the_dark__has_the_theme_that_is_looked_at(lit: Page) -> None:
    lit.emulate_media(color_scheme="dark")

    lit.goto("/admin/")

    expect(lit.locator("html[x-data]")).to_have_class(re.compile(r"\bdark\b"))


@pytest.mark.parametrize(
    ("path", "first", "error"),
    [
        ("/admin/vouchers/station/new/", "code", "code"),
        ("/admin/vouchers/profile/new/", "msisdn", "msisdn"),
        ("/admin/rollout/agentflag/1/turn-on-for-some/", "percent", "reason"),
        ("/admin/rollout/incident/open/", "title", "title"),
        ("/admin/rollout/contact/new/", "role", "role"),
        ("/admin/vouchers/voucher/find/", "code", "code"),
    ],
)
def test_form__opened_and_sent_empty__focus_in_the_first_field_then_the_first_error(
    lit: Page, path: str, first: str, error: str
) -> None:
    lit.goto(path)
    expect(lit.locator(f"[name={first}]").first).to_be_focused()

    lit.click("#content button[type=submit]")

    expect(lit.locator("#content [aria-invalid=true]").first).to_be_visible()
    expect(lit.locator(f"[name={error}]").first).to_be_focused()
