"""What a sandbox person can send besides words, as Meta would tell of it."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from agents.inbound import sandbox_media
from agents.simulator.webhook_post import Content
from agents.whatsapp.media_download import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.request import QueryDict

    from agents.models import SandboxMedia
    from vouchers.models import Profile

LONGEST_WORDS = 1_000
LONGEST_CAPTION = 1_024
# A form may be 4 MB; the browser makes photos smaller before it sends them.
SENTENCES = {
    "too_large": "That is larger than WhatsApp takes.",
    "other_kind": "WhatsApp does not take a file of this kind here.",
}
REACTIONS = ("👍", "❤️", "😂", "🙏")


class NotSendable(Exception):
    """The telephone would not send this; the sentence says why."""


def content_from(request: HttpRequest, person: Profile) -> Content | None:
    """Return what is attached; None where the form holds words or a button."""
    make = KINDS.get(request.POST.get("kind", ""))
    if make is None:
        return None
    try:
        return make(request, person)
    except MediaError as error:
        raise NotSendable(SENTENCES.get(error.code, "That cannot be sent.")) from error


def _image(request: HttpRequest, person: Profile) -> Content:
    kept = _upload(request, person, "image")
    caption = request.POST.get("text", "").strip()[:LONGEST_CAPTION]
    fields = _media(kept) | ({"caption": caption} if caption else {})
    return Content("image", fields)


def _audio(request: HttpRequest, person: Profile) -> Content:
    if "file" in request.FILES:
        kept = _upload(request, person, "audio")
    else:
        words = " ".join(request.POST.get("words", "").split())[:LONGEST_WORDS]
        if not words:
            raise NotSendable("Say something first.")
        kept = sandbox_media.store_speech(profile=person, words=words)
    return Content("audio", _media(kept) | {"voice": True})


def _location(request: HttpRequest, person: Profile) -> Content:
    place: dict[str, object] = {
        "latitude": _degrees(request.POST, "latitude", 90),
        "longitude": _degrees(request.POST, "longitude", 180),
    }
    if name := request.POST.get("name", "").strip()[:100]:
        place["name"] = name
    return Content("location", place)


def _sticker(request: HttpRequest, person: Profile) -> Content:
    return Content("sticker", {"id": "1", "mime_type": "image/webp", "animated": False})


def _reaction(request: HttpRequest, person: Profile) -> Content:
    emoji = request.POST.get("emoji", "")
    if emoji not in {*REACTIONS, ""}:
        raise NotSendable("Choose one of the reactions.")
    about = request.POST.get("about", "")[:200]
    return Content("reaction", {"message_id": about, "emoji": emoji})


KINDS: dict[str, Callable[[HttpRequest, Profile], Content]] = {
    "image": _image,
    "audio": _audio,
    "location": _location,
    "sticker": _sticker,
    "reaction": _reaction,
}


def _upload(request: HttpRequest, person: Profile, kind: str) -> SandboxMedia:
    file = request.FILES.get("file")
    if file is None:
        raise NotSendable("Choose a file first.")
    return sandbox_media.store(
        profile=person,
        content=file.read(),
        mime_type=str(file.content_type or ""),
        kind=kind,
    )


def _media(kept: SandboxMedia) -> dict[str, object]:
    digest = hashlib.sha256(bytes(kept.content)).hexdigest()
    return {"id": str(kept.pk), "mime_type": kept.mime_type, "sha256": digest}


def _degrees(form: QueryDict, name: str, most: int) -> float:
    try:
        value = float(form.get(name, ""))
    except ValueError:
        value = math.nan
    if not -most <= value <= most:
        raise NotSendable("That is no place on a map.")
    return value
