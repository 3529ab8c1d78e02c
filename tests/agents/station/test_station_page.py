"""The station page: sign in, redeem, today's list and undo, without scripts."""

from __future__ import annotations

import random
import re
import zlib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.core.code_redaction import hide_placeholders, restore_codes
from agents.models import OutboundMessage, StationCode
from agents.station import sign_in, views
from tests.agents.cast import Cast, make_cast
from tests.vouchers.database_clock import database_clock
from vouchers import qr
from vouchers.actors import Actor
from vouchers.codes import new_code
from vouchers.models import Profile, ReversalRequest, Station, Voucher, VoucherEvent
from vouchers.money import Money
from vouchers.services.issue import Issued, issue_voucher

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from vouchers.codes import Code

pytestmark = pytest.mark.django_db
SIGN_IN, HOME = reverse("station:sign-in"), reverse("station:home")
SCAN = reverse("station:scan")


@pytest.fixture
def cast(db: None, whatsapp: SettingsWrapper) -> Cast:
    return make_cast()


@pytest.fixture
def issued(cast: Cast) -> Issued:
    return issue_voucher(
        customer=cast.aline.profile,
        amount=Money(10_000, "RWF"),
        actor=Actor.of_profile(cast.diane.profile, channel="whatsapp"),
        key="test:issued",
    )


def sent_code() -> str:
    """Return the code as WhatsApp gets it."""
    found = re.search(
        r"\*(\d{6})\*", restore_codes(OutboundMessage.objects.latest("id").body)
    )
    assert found is not None
    return found[1]


def ask(client: Client, number: str) -> Any:
    return client.post(SIGN_IN, {"number": number})


@pytest.fixture
def claudine(cast: Cast, client: Client) -> Client:
    """A browser in which Claudine is signed in."""
    ask(client, cast.claudine.profile.msisdn or "")
    answer = client.post(SIGN_IN, {"code": sent_code()})
    assert answer.headers["Location"] == HOME
    return client


def redeem(client: Client, code: str, key: object = None) -> Any:
    return client.post(HOME, {"code": code, "key": key or uuid4()})


def undo(client: Client, voucher: Voucher, reason: str = "Wrong pump") -> Any:
    address = reverse("station:undo", args=[voucher.public_id])
    return client.post(address, {"reason": reason, "key": uuid4()})


def test_code__requested__is_sent_once_valid_and_never_stored(
    cast: Cast, client: Client
) -> None:
    ask(client, "0788 " + (cast.claudine.profile.msisdn or "")[-6:])
    ask(client, cast.claudine.profile.msisdn or "")
    code = sent_code()
    assert code not in OutboundMessage.objects.latest("id").body
    assert code not in hide_placeholders(OutboundMessage.objects.latest("id").body)
    assert client.post(SIGN_IN, {"code": code}).status_code == 302
    again = Client()
    again.cookies = client.cookies
    client.post(reverse("station:sign-out"))
    assert client.get(HOME).headers["Location"] == SIGN_IN
    assert client.post(SIGN_IN, {"code": code}).status_code == 422


@pytest.mark.parametrize("who", ["unknown", "customer", "staff", "left", "closed", "x"])
def test_code__for_another__is_answered_alike_and_sends_nothing(
    cast: Cast, client: Client, who: str
) -> None:
    # Given
    number = {
        "customer": cast.aline.profile.msisdn,
        "staff": cast.diane.profile.msisdn,
        "unknown": "+250788999999",
        "x": "not a number",
    }.get(who, cast.claudine.profile.msisdn)
    if who == "left":
        Profile.objects.filter(pk=cast.claudine.profile.pk).update(is_active=False)
    if who == "closed":
        Station.objects.update(is_active=False)

    # When
    answer = ask(client, number or "")

    # Then
    assert answer.status_code == 200
    assert "on its way" in answer.content.decode()
    assert not StationCode.objects.exists()
    assert client.post(SIGN_IN, {"code": "123456"}).status_code == 422


def test_code__five_wrong__ends_it(cast: Cast, client: Client) -> None:
    ask(client, cast.claudine.profile.msisdn or "")
    code = sent_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(StationCode.MOST_ATTEMPTS):
        assert client.post(SIGN_IN, {"code": wrong}).status_code == 422
    assert client.post(SIGN_IN, {"code": code}).status_code == 422


def test_code__of_another_browser_or_old__is_refused(
    cast: Cast, client: Client
) -> None:
    ask(client, cast.claudine.profile.msisdn or "")
    code = sent_code()
    assert Client().post(SIGN_IN, {"code": code}).status_code == 422
    StationCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(SIGN_IN, {"code": code}).status_code == 422


def test_requests__of_one_network__are_limited(cast: Cast, client: Client) -> None:
    answers = [ask(client, "x").status_code for _ in range(views.OF_NETWORK + 1)]
    assert answers == [200] * views.OF_NETWORK + [429]


@pytest.mark.parametrize("is_station", [True, False])
def test_account__right_password__signs_in_station_staff_only(
    cast: Cast, client: Client, is_station: bool
) -> None:
    user = User.objects.create_user("claudine", password="a long password")
    person = cast.claudine if is_station else cast.diane
    Profile.objects.filter(pk=person.profile.pk).update(user=user)
    given = {"username": "claudine", "password": "a long password"}
    assert client.post(SIGN_IN, given | {"password": "x"}).status_code == 422
    assert client.post(SIGN_IN, given).status_code == (302 if is_station else 422)


@pytest.mark.parametrize("change", ["password", "deactivated", "nothing"])
def test_account__changed_after_the_sign_in__ends_the_session(
    cast: Cast, client: Client, change: str
) -> None:
    # Given
    user = User.objects.create_user("claudine", password="a long password")
    Profile.objects.filter(pk=cast.claudine.profile.pk).update(user=user)
    given = {"username": "claudine", "password": "a long password"}
    client.post(SIGN_IN, given)
    assert client.get(HOME).status_code == 200

    # When
    if change == "password":
        user.set_password("another long password")
    user.is_active = change != "deactivated"
    user.save()

    # Then
    assert client.get(HOME).status_code == (200 if change == "nothing" else 302)


def test_session__person_leaves_or_a_day_passes__ends(
    claudine: Client, cast: Cast
) -> None:
    assert claudine.get(HOME).status_code == 200
    with database_clock(timezone.now() + sign_in.SESSION + timedelta(seconds=1)):
        assert claudine.get(HOME).status_code == 302
    Profile.objects.filter(pk=cast.claudine.profile.pk).update(is_active=False)
    assert claudine.get(HOME).status_code == 302


def test_redeem__same_press_twice__redeems_once(
    claudine: Client, issued: Issued, cast: Cast
) -> None:
    assert issued.code is not None
    key = uuid4()
    first = redeem(claudine, issued.code.formatted, key).content.decode()
    again = redeem(claudine, issued.code.formatted, key).content.decode()
    assert "Redeemed: RWF 10,000" in first
    assert "done already: RWF 10,000" in again
    event = VoucherEvent.objects.get(kind="redeemed")
    assert (event.channel, event.station) == ("station", cast.kimironko)
    assert issued.voucher.reference in claudine.get(HOME).content.decode()
    other = redeem(claudine, issued.code.formatted)
    assert other.status_code == 422
    assert "redeemed or voided before" in other.content.decode()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "16 digits"),
        ("1234", "16 digits"),
        ("1234567890123456", "typing error"),
        ("0000000000000000", "no usable voucher"),
    ],
)
def test_redeem__wrong_code__says_why_and_keeps_the_key(
    claudine: Client, code: str, words: str
) -> None:
    key = uuid4()
    answer = redeem(claudine, code, key)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert str(key) in answer.content.decode()
    assert code == "" or code not in answer.content.decode()


def test_redeem__without_the_form_key__changes_nothing(
    claudine: Client, issued: Issued
) -> None:
    assert issued.code is not None
    assert redeem(claudine, issued.code.formatted, "x").status_code == 422
    assert not VoucherEvent.objects.filter(kind="redeemed").exists()


def test_undo__in_time__takes_it_back(claudine: Client, issued: Issued) -> None:
    assert issued.code is not None
    redeem(claudine, issued.code.formatted)
    page = claudine.get(HOME).content.decode()
    address = reverse("station:undo", args=[issued.voucher.public_id])
    assert address in page
    assert "RWF 10,000" in claudine.get(address).content.decode()
    assert undo(claudine, issued.voucher, reason=" ").status_code == 422
    assert "Taken back" in undo(claudine, issued.voucher).content.decode()
    issued.voucher.refresh_from_db()
    assert issued.voucher.status == "issued"
    assert address not in claudine.get(HOME).content.decode()


def test_undo__after_fifteen_minutes__is_refused_and_not_offered(
    claudine: Client, issued: Issued
) -> None:
    assert issued.code is not None
    redeem(claudine, issued.code.formatted)
    with database_clock(timezone.now() + timedelta(minutes=16)):
        address = reverse("station:undo", args=[issued.voucher.public_id])
        assert address not in claudine.get(HOME).content.decode()
        assert "within 15 minutes" in undo(claudine, issued.voucher).content.decode()


def test_undo__above_the_limit__waits_for_a_second_person(
    claudine: Client, issued: Issued, settings: SettingsWrapper
) -> None:
    assert issued.code is not None
    redeem(claudine, issued.code.formatted)
    settings.VOUCHER_APPROVE_ABOVE = 5_000
    assert "second person" in undo(claudine, issued.voucher).content.decode()
    assert ReversalRequest.objects.get().decision == "waiting"


def test_undo__voucher_of_another_station__is_not_found(
    claudine: Client, issued: Issued
) -> None:
    assert undo(claudine, issued.voucher).status_code == 404


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Redeem"), ("fr", "Utiliser"), ("rw", "Koresha")]
)
def test_language__chosen_or_of_the_browser__is_used(
    claudine: Client, language: str, words: str
) -> None:
    claudine.post(reverse("station:language"), {"language": language})
    page = claudine.get(HOME).content.decode()
    assert f'<html lang="{language}">' in page
    assert words in page
    other = Client(headers={"Accept-Language": f"{language};q=0.9"})
    assert f'<html lang="{language}">' in other.get(SIGN_IN).content.decode()


def test_page__with_its_files__is_small(claudine: Client) -> None:

    size = len(claudine.get(HOME).content)
    for name in ("station.css", "station.js"):
        size += Path(str(finders.find(f"easymo/{name}"))).stat().st_size
    assert size < 60_000
    assert "no-store" in claudine.get(HOME).headers["Cache-Control"]


def picture_of(code: Code, *, scale: int = 8) -> bytes:
    """Return a grey picture of the camera in which a card is held."""
    rows = qr.modules(code)
    side, size = views.PICTURE_SIDE, len(rows) * scale
    start = (side - size) // 2
    pixels = bytearray([230]) * (side * side)
    for y in range(size):
        line = bytes(20 if rows[y // scale][x // scale] else 230 for x in range(size))
        at = (start + y) * side + start
        pixels[at : at + size] = line
    return bytes(pixels)


def scan(client: Client, pixels: bytes) -> Any:
    return client.post(SCAN, zlib.compress(pixels), "application/octet-stream")


def test_scan__card_in_the_picture__gives_its_digits(claudine: Client) -> None:
    code, nothing = new_code(), bytes(views.PICTURE_SIDE**2)
    assert scan(claudine, picture_of(code)).json() == {"digits": code.digits}
    assert scan(claudine, nothing).json() == {"digits": ""}
    answer = scan(Client(), picture_of(code))
    assert (answer.status_code, answer.headers["Location"]) == (302, SIGN_IN)


def test_scan__no_picture__is_refused(claudine: Client) -> None:
    pixels = bytes(views.PICTURE_SIDE**2)
    noise = random.Random(1).randbytes(views.PICTURE_BYTES + 1)
    for body in (b"", b"x", zlib.compress(pixels[1:]), zlib.compress(bytes(10**8))):
        answer = claudine.post(SCAN, body, "application/octet-stream")
        assert answer.status_code == 422
    answer = claudine.post(SCAN, noise, "application/octet-stream")
    assert (answer.status_code, answer.json()) == (422, {"error": "invalid_picture"})


def test_scan__too_often__is_refused(
    claudine: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PICTURES_A_MINUTE", 2)
    nothing = bytes(views.PICTURE_SIDE**2)
    statuses = [scan(claudine, nothing).status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
