"""What the sandbox telephone sends besides words, through the real webhook."""

from __future__ import annotations

import os
import re
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_newcomer import CODE, OURS, play, say

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

THEIRS = ".bubble.theirs:not(.fresh)"
# Screenshots on request.
PICTURES = os.environ.get("EASYMO_PICTURES", "")
expect.set_options(timeout=15_000)


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


def png(side: int = 320) -> bytes:
    """Return a photo: a green square with a lighter half."""
    row = b"\0" + b"\x0d\x6b\x4f" * (side // 2) + b"\xd6\xf2\xc9" * (side // 2)

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    size = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(row * side))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + pixels + chunk(b"IEND", b"")


@pytest.fixture(params=[(390, 780), (1280, 860)], ids=["telephone", "desk"])
def wide(request: pytest.FixtureRequest, operator: Page) -> Page:
    width, height = request.param
    operator.set_viewport_size({"width": width, "height": height})
    return operator


@pytest.fixture
def diane(operator: Page) -> Page:
    play(operator, "Diane")
    operator.set_viewport_size({"width": 390, "height": 780})
    return operator


def answered(page: Page, before: int) -> Locator:
    answer = page.locator(OURS).nth(before)
    expect(answer).to_be_visible()
    return answer


def test_voice_note__spoken_order__shown_as_heard_and_needs_the_button(
    diane: Page,
) -> None:
    # When
    before = diane.locator(OURS).count()
    diane.click("#attach summary")
    picture(diane, "sheet")
    diane.click("[data-dialog=voice]")
    picture(diane, "voice")
    diane.fill("#voice-form textarea", "create voucher 7000 for +250788000000")
    diane.click("#voice-form [type=submit]")

    # Then
    question = answered(diane, before)
    expect(question).to_contain_text("I heard: “create voucher 7000")
    expect(question).to_contain_text("RWF 7,000")
    expect(question).not_to_contain_text(CODE)
    note = diane.locator(f"{THEIRS}.audio").last
    expect(note.locator(".heard")).to_contain_text("create voucher 7000")
    expect(note.locator(".voice")).to_contain_text("0:02")
    picture(diane, "heard")

    # When
    before = diane.locator(OURS).count()
    question.locator(".reply").first.click()

    # Then
    expect(answered(diane, before)).to_contain_text(CODE)


def test_photo__taken__shown_on_the_telephone_and_answered(diane: Page) -> None:
    # When
    before = diane.locator(OURS).count()
    diane.fill("#text", "my receipt")
    diane.set_input_files(
        "#photo", {"name": "a.png", "mimeType": "image/png", "buffer": png()}
    )

    # Then
    photo = diane.locator(f"{THEIRS}.image").last
    expect(photo).to_contain_text("my receipt")
    expect(photo.locator("img")).to_have_js_property("complete", value=True)
    assert photo.locator("img").evaluate("image => image.naturalWidth") == 320
    answered(diane, before)
    expect(photo.locator("img")).to_be_in_viewport(ratio=1)
    picture(diane, "photo")


def test_photo__not_a_photo__said_and_not_sent(diane: Page) -> None:
    count = diane.locator(THEIRS).count()
    diane.set_input_files(
        "#photo", {"name": "a.png", "mimeType": "image/png", "buffer": b"no photo"}
    )

    expect(diane.locator("#failed")).to_contain_text("no photo that can be read")
    expect(diane.locator(THEIRS)).to_have_count(count)


def test_location__a_known_place__on_a_map_and_answered(wide: Page) -> None:
    # Given
    wide.goto("/simulator/")
    before = wide.locator(OURS).count()

    # When
    wide.click("#attach summary")
    wide.click("[data-dialog=place]")
    picture(wide, "places")
    wide.click("#place [data-name='Nyabugogo bus park']")

    # Then
    spot = wide.locator(f"{THEIRS}.location").last
    expect(spot).to_contain_text("Nyabugogo bus park (-1.9397, 30.0443)")
    answered(wide, before)
    picture(wide, f"location-{wide.viewport_size['width']}")
    across = wide.evaluate("document.documentElement.scrollWidth")
    assert across <= wide.viewport_size["width"]


def test_sticker_and_reaction__sent__shown_and_no_turn(diane: Page) -> None:
    # Given
    answer = say(diane, "hello")
    answers = diane.locator(OURS).count()
    acts = diane.locator(".act").count()

    # When
    diane.click("#attach summary")
    diane.click("[data-attach=sticker]")
    answer.locator(".react summary").click()
    picture(diane, "reactions")
    answer.locator("[data-react='🙏']").click()

    # Then
    expect(answer.locator(".react summary")).to_have_text("🙏")
    expect(diane.locator(f"{THEIRS}.sticker").last).to_be_visible()
    expect(diane.locator(f"{THEIRS}:has-text('(reaction)')")).to_have_count(0)
    picture(diane, "reacted")
    expect(diane.locator(OURS)).to_have_count(answers)
    assert diane.locator(".act").count() == acts

    # When: the customer deletes it
    answer.locator(".react summary").click()
    answer.locator("[aria-label='Take it back']").click()

    # Then
    expect(answer.locator(".react summary")).to_have_text(re.compile("☺"))
