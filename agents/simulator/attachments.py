"""Build the content of an attachment as Meta's webhook describes it."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

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
    "too_large": _("The file is larger than WhatsApp allows."),
    "other_kind": _("WhatsApp does not accept a file of this type here."),
}
REACTIONS = ("👍", "❤️", "😂", "🙏")


class InvalidAttachment(Exception):
    """The attachment is not valid; the message is shown to the user."""


def content_from(request: HttpRequest, person: Profile) -> Content | None:
    """Return the attachment, or None for a text or a button."""
    make = KINDS.get(request.POST.get("kind", ""))
    if make is None:
        return None
    try:
        return make(request, person)
    except MediaError as error:
        raise InvalidAttachment(
            SENTENCES.get(error.code, _("This file cannot be sent."))
        ) from error


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
            raise InvalidAttachment(gettext("Enter some words first."))
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
        raise InvalidAttachment(gettext("Choose one of the reactions."))
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
        raise InvalidAttachment(gettext("Choose a file first."))
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
        raise InvalidAttachment(gettext("This is not a place on the map."))
    return value
