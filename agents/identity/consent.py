"""Whether a person wants messages that she did not ask for: a ledger of her words.

After STOP nothing goes to her but answers to what she writes herself.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.db import transaction
from django.utils import timezone

from agents.models import ConsentEvent, Conversation, OutboundMessage
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from vouchers.models import Profile

logger = get_logger(__name__)

Kind = ConsentEvent.Kind
Source = ConsentEvent.Source
# News of vouchers: nobody asked for it in this conversation.
NOTIFICATION_PREFIX = "told:"


def record_consent(
    *,
    profile: Profile,
    kind: ConsentEvent.Kind,
    source: ConsentEvent.Source,
    cause: str,
) -> bool:
    """Write down the person's word; return whether it changed something.

    What is so already is not written again, so that it is confirmed once.
    """
    is_stop = kind == Kind.STOP
    with transaction.atomic():
        conversations = Conversation.objects.filter(profile=profile)
        # Two words at once come one after the other.
        list(conversations.select_for_update().order_by("pk").values_list("pk"))
        heard = ConsentEvent.objects.filter(cause=cause[:120]).exists()
        if heard or is_opted_out(profile) == is_stop:
            return False
        ConsentEvent.objects.create(
            profile=profile, kind=kind, source=source, cause=cause[:120]
        )
        conversations.update(stopped_at=timezone.now() if is_stop else None)
    logger.info(f"ai.consent.{kind}", profile_id=profile.pk, source=str(source))
    return True


def is_opted_out(profile: Profile) -> bool:
    """Tell whether the last word was STOP."""
    events = ConsentEvent.objects.filter(profile=profile).order_by("-id")
    return events.values_list("kind", flat=True).first() == Kind.STOP


def is_unrequested(message: OutboundMessage) -> bool:
    """Tell whether a message is no answer to what its person wrote."""
    return message.kind == OutboundMessage.Kind.TEMPLATE or message.cause.startswith(
        NOTIFICATION_PREFIX
    )


type Word = Literal["stop", "start"]
# Each with the language that it gives away, where it is the word of one only.
STOP = {
    "stop": "",
    "stop all": "en",
    "stopall": "en",
    "stop messages": "en",
    "stop sending messages": "en",
    "stop sending me messages": "en",
    "stop messaging me": "en",
    "unsubscribe": "en",
    "unsubscribe me": "en",
    "opt out": "en",
    "optout": "en",
    "arret": "fr",
    "arrêt": "fr",
    "arrêter": "fr",
    "arreter": "fr",
    "arrêtez": "fr",
    "arretez": "fr",
    "désabonner": "fr",
    "desabonner": "fr",
    "désinscrire": "fr",
    "desinscrire": "fr",
    "hagarika": "rw",
    "hagarara": "rw",
    "reka": "rw",
    "acha": "sw",
    "simama": "sw",
    "simamisha": "sw",
    "sitisha": "sw",
}
# They also mean "leave it": a question of ours that is open is meant first.
STOP_OR_NO = frozenset({"reka", "acha", "hagarara", "simama"})
START = {
    "start": "",
    "unstop": "en",
    "subscribe": "en",
    "opt in": "en",
    "optin": "en",
    "resume": "en",
    "commencer": "fr",
    "reprendre": "fr",
    "démarrer": "fr",
    "demarrer": "fr",
    "tangira": "rw",
    "anza": "sw",
}
# Politeness before or after the word changes nothing of it.
COURTESY = frozenset({"please", "pls", "svp", "stp", "nyamuneka", "tafadhali"})
LONGEST = 40


@dataclass(frozen=True, slots=True)
class ConsentCommand:
    """What was said, and in which language when the word tells."""

    word: Word
    language: str
    may_be_no: bool = False


def parse_consent_command(text: str) -> ConsentCommand | None:
    """Return what a message says about our messages, if it says nothing else."""
    said = _bare(text)
    if said in STOP:
        return ConsentCommand("stop", STOP[said], said in STOP_OR_NO)
    return ConsentCommand("start", START[said]) if said in START else None


def _bare(text: str) -> str:
    """Return the words alone: no case, no marks around them, nothing invisible."""
    if len(text) > LONGEST:
        return ""
    kept = "".join(
        char
        for char in unicodedata.normalize("NFKC", text)
        if unicodedata.category(char) != "Cf"
    )
    plain = unicodedata.normalize("NFC", kept.casefold()).replace("-", " ")
    words = " ".join(_impolite(plain.split()))
    while words and not words[0].isalnum():
        words = words[1:]
    while words and not words[-1].isalnum():
        words = words[:-1]
    return words


def _impolite(words: list[str]) -> list[str]:
    """Return the words without one of politeness at either end."""
    if len(words) > 1 and words[0].strip(",.!") in COURTESY:
        words = words[1:]
    if len(words) > 1 and words[-1].strip(",.!") in COURTESY:
        words = words[:-1]
    return words
