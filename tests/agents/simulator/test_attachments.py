from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from agents.inbound import media, process_events, sandbox_media
from agents.models import Media, Message, SandboxMedia, WebhookEvent
from agents.operations import retention
from agents.simulator import views
from agents.simulator.webhook_post import Content, envelope
from easymo.database import units
from tests.agents.cast import make_cast
from tests.agents.channel import post
from vouchers.models import Profile

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.fixture
def diane(db: None) -> Profile:
    return Profile.objects.create(
        name="Diane", msisdn="+250788000004", role="staff", is_sandbox=True
    )


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What would have gone to the webhook."""
    bodies: list[bytes] = []
    monkeypatch.setattr(
        views, "post_to_webhook", lambda *, request, body: bodies.append(body)
    )
    return bodies


@pytest.fixture
def operator(client: Client, db: None, settings: SettingsWrapper) -> Client:
    settings.SIMULATOR_ENABLED = True
    settings.WA_APP_SECRETS = ["first-secret"]
    user = User.objects.create_user("odette", password="x" * 12, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="use_simulator"))
    client.force_login(user)
    return client


def send(operator: Client, person: Profile, **form: Any) -> Any:
    return operator.post(reverse("simulator:send", args=[person.public_id]), form)


def message_in(body: bytes) -> dict[str, Any]:
    [message] = json.loads(body)["entry"][0]["changes"][0]["value"]["messages"]
    return dict(message)


def photo(content: bytes = PNG) -> SimpleUploadedFile:
    return SimpleUploadedFile("a.png", content, content_type="image/png")


def test_send__photo__kept_and_told_by_its_id(
    operator: Client, diane: Profile, posted: list[bytes]
) -> None:
    # When
    answer = send(operator, diane, kind="image", file=photo(), text="look")

    # Then
    assert answer.status_code == 200
    kept = SandboxMedia.objects.get()
    message = message_in(posted[0])
    assert message["type"] == "image"
    assert message["image"]["id"] == str(kept.pk)
    assert message["image"]["caption"] == "look"
    shown = operator.get(reverse("simulator:photo", args=[diane.public_id, kept.pk]))
    assert (shown.content, shown["Content-Type"]) == (PNG, "image/png")


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "image"},
        {"kind": "image", "file": photo(b"<svg onload=alert(1)>")},
        {"kind": "image", "file": photo(b"\xff\xd8\xff" + b"x" * 5_000_001)},
        {"kind": "audio", "words": "  "},
        {"kind": "audio", "file": photo()},
        {"kind": "location", "latitude": "91", "longitude": "0"},
        {"kind": "location", "latitude": "nan", "longitude": "0"},
        {"kind": "location", "longitude": "0"},
        {"kind": "reaction", "emoji": "<b>", "about": "x"},
        {"kind": "video"},
    ],
)
def test_send__what_a_telephone_would_not_send__400_and_nothing_posted(
    operator: Client, diane: Profile, posted: list[bytes], form: dict[str, Any]
) -> None:
    if "file" in form:
        form["file"].seek(0)
    answer = send(operator, diane, **form)

    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
    assert posted == []
    assert SandboxMedia.objects.count() == 0


def test_photo__of_somebody_else_or_no_photo__404(
    operator: Client, diane: Profile
) -> None:
    other = Profile.objects.create(name="Emile", is_sandbox=True)
    kept = SandboxMedia.objects.create(profile=diane, mime_type="x", content=PNG)
    page = SandboxMedia.objects.create(
        profile=diane, mime_type="text/html", content=b"<script>"
    )

    for person, media_id in ((other, kept.pk), (diane, page.pk), (diane, 10**9)):
        url = reverse("simulator:photo", args=[person.public_id, media_id])
        assert operator.get(url).status_code == 404


def test_photo__nobody_signed_in__login(
    client: Client, diane: Profile, settings: SettingsWrapper
) -> None:
    settings.SIMULATOR_ENABLED = True
    url = reverse("simulator:photo", args=[diane.public_id, 1])
    assert client.get(url).status_code == 302


def test_send__reaction_and_sticker__as_meta_tells_of_them(
    operator: Client, diane: Profile, posted: list[bytes]
) -> None:
    # When
    send(operator, diane, kind="reaction", emoji="🙏", about="wamid.X")
    send(operator, diane, kind="sticker")

    # Then
    reaction, sticker = map(message_in, posted)
    assert reaction["reaction"] == {"message_id": "wamid.X", "emoji": "🙏"}
    assert sticker["sticker"]["mime_type"] == "image/webp"


def sandboxed() -> Profile:
    return Profile.objects.create(
        name="Diane", msisdn="+250788000004", role="staff", is_sandbox=True
    )


def speech(person: Profile, words: str) -> SandboxMedia:
    return sandbox_media.store_speech(profile=person, words=words)


async def test_voice_note__typed_speech__heard_from_our_own_store(
    committed_db: str, whatsapp: SettingsWrapper
) -> None:
    # Given: no key, and no provider is asked
    whatsapp.WA_TOKEN = ""
    await units.run(make_cast)
    person = await units.run(sandboxed)
    kept = await units.run(speech, person, "hello there")
    body = envelope(
        profile=person,
        phone_number_id=whatsapp.WA_PHONE_ID,
        content=Content("audio", {"id": str(kept.pk), "voice": True}),
    )

    # When
    await units.run(lambda: post(body, marked=True))
    await units.run(process_events.process_stored_events)
    found = await units.run(Media.objects.get)
    await media.fetch(media_id=found.pk)

    # Then
    message = await units.run(Message.objects.get)
    assert (message.text, message.is_spoken) == ("hello there", True)
    await units.run(found.refresh_from_db)
    assert (found.state, found.transcriber, found.cost) == ("stored", "sandbox", 0)


async def test_media__real_person_naming_a_sandbox_id__is_not_given_it(
    committed_db: str, whatsapp: SettingsWrapper
) -> None:
    # Given
    cast = await units.run(make_cast)
    kept = await units.run(speech, await units.run(sandboxed), "secret")
    whatsapp.WHATSAPP_API_URL = "http://127.0.0.1:9/v26.0"
    whatsapp.WA_TOKEN = "token"
    message = await units.run(lambda: cast.aline.writes("", kind="audio"))
    row = await units.run(
        lambda: Media.objects.create(
            message=message, kind="audio", provider_media_id=str(kept.pk), is_voice=True
        )
    )

    # When
    await media.fetch(media_id=row.pk)

    # Then
    await units.run(row.refresh_from_db)
    assert (row.state, row.error_code) == ("failed", "no_connection")


def test_retention__after_a_day__sandbox_media_is_gone(diane: Profile) -> None:
    SandboxMedia.objects.create(profile=diane, mime_type="x", content=PNG)
    old = timezone.now() - timedelta(hours=25)
    SandboxMedia.objects.update(created_at=old)

    assert retention.JOBS["retention.sandbox_media"]() == 1
    assert not WebhookEvent.objects.exists()
