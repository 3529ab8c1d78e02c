"""Station staff hold a card before the camera: the code is read and redeemed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests import processes
from tests.browser.conftest import CHROMIUM
from vouchers import qr
from vouchers.codes import parse_code

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Product

WIDTH, HEIGHT, MODULE = 640, 480, 8
WHITE, GREY = 235, 128
PASSWORD = "a-long-word-for-the-pump"
# An account of the station's staff, and the code of a new voucher.
GIVEN = f"""
from django.contrib.auth.models import User
from vouchers.actors import Actor
from vouchers.models import Profile
from vouchers.money import Money
from vouchers.services.issue import issue_voucher
staff = Profile.objects.get(msisdn="+250788000003")
staff.user = User.objects.create_user("pump", password="{PASSWORD}")
staff.save(update_fields=["user"])
issued = issue_voucher(
    customer=Profile.objects.get(msisdn="+250788000000"), amount=Money(7000, "RWF"),
    actor=Actor.of_profile(Profile.objects.get(role="staff"), channel="whatsapp"),
    key="camera",
)
print("CODE", issued.code.digits)
"""


def write_film(path: Path, digits: str) -> None:
    """Write a film in which a card is held, which Chromium plays as its camera."""
    rows = [[not dark for dark in row] for row in qr.modules(parse_code(digits))]
    size = len(rows) * MODULE
    left, top = (WIDTH - size) // 2, (HEIGHT - size) // 2
    luma = bytearray([WHITE]) * (WIDTH * HEIGHT)
    for y in range(size):
        line = [WHITE if light else 16 for light in rows[y // MODULE]]
        at = (top + y) * WIDTH + left
        luma[at : at + size] = bytes(one for one in line for _ in range(MODULE))
    frame = b"FRAME\n" + bytes(luma) + bytes([GREY]) * (WIDTH * HEIGHT // 2)
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + frame * 10)


def test_card__before_the_camera__is_read_and_redeemed(
    product: Product, tmp_path: Path
) -> None:
    said = processes.manage("shell", "-c", GIVEN, **product.environment)
    digits = said.partition("CODE ")[2].split()[0]
    write_film(tmp_path / "card.y4m", digits)
    camera = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={tmp_path / 'card.y4m'}",
    )

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", *camera]
        )
        page = browser.new_page(base_url=product.address)
        page.set_default_timeout(60_000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto("/station/")
        page.click("summary")
        page.fill("[name=username]", "pump")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.click("[data-scan]")
        # The button has the focus when the code is read.
        page.wait_for_selector("form[data-once] button:not([type=button]):focus")
        read = page.input_value("#code")
        page.keyboard.press("Enter")
        notice = page.inner_text("[role=status]")
        # The page that came with the answer scans the next card.
        page.wait_for_selector("[data-scan]")
        browser.close()

    assert read.replace(" ", "") == digits
    assert "7,000" in notice
    assert errors == []
