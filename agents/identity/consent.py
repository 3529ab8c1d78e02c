"""Opt-out and opt-in: the ledger of consent, and the words that change it.

After STOP a person gets only answers to their own messages.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.db import transaction
from django.utils import timezone

from agents.language.phrases import anywhere, is_about_messages, words_of
from agents.language.sentence_model import score, tokens_of
from agents.models import ConsentEvent, Conversation, OutboundMessage
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from vouchers.models import Profile

logger = get_logger(__name__)

Kind = ConsentEvent.Kind
Source = ConsentEvent.Source
# The cause of a voucher notification, which is not a reply.
NOTIFICATION_PREFIX = "told:"


def record_consent(
    *,
    profile: Profile,
    kind: ConsentEvent.Kind,
    source: ConsentEvent.Source,
    cause: str,
) -> bool:
    """Store an opt-out or opt-in; return whether it changed the state.

    A repeated command is not stored again, so it is confirmed once.
    """
    is_stop = kind == Kind.STOP
    with transaction.atomic():
        conversations = Conversation.objects.filter(profile=profile)
        # Serializes two simultaneous commands.
        list(conversations.select_for_update().order_by("pk").values_list("pk"))
        is_known = ConsentEvent.objects.filter(cause=cause[:120]).exists()
        if is_known or is_opted_out(profile) == is_stop:
            return False
        ConsentEvent.objects.create(
            profile=profile, kind=kind, source=source, cause=cause[:120]
        )
        conversations.update(stopped_at=timezone.now() if is_stop else None)
    logger.info(f"ai.consent.{kind}", profile_id=profile.pk, source=str(source))
    return True


def is_opted_out(profile: Profile) -> bool:
    """Tell whether the newest event is STOP."""
    events = ConsentEvent.objects.filter(profile=profile).order_by("-id")
    return events.values_list("kind", flat=True).first() == Kind.STOP


def is_unrequested(message: OutboundMessage) -> bool:
    """Tell whether a message is not a reply."""
    return message.kind == OutboundMessage.Kind.TEMPLATE or message.cause.startswith(
        NOTIFICATION_PREFIX
    )


# Each with its language, when it belongs to one language only.
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
# They also mean "no": while a question is open, they answer it.
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
# Ignored before and after the command.
COURTESY = frozenset({"please", "pls", "svp", "stp", "nyamuneka", "tafadhali"})
LONGEST = 40
# The share from which the trained model decides on a sentence.
MOST_WORDS, SURE = 15, 0.95
VALUES = frozenset({"@v", "@n", "@a"})
PUNCTUATION_AROUND = re.compile(r"^[\W_]+|[\W_]+$")


@dataclass(frozen=True, slots=True)
class ConsentCommand:
    """An opt-out or opt-in, and its language when the word tells it."""

    word: Literal["stop", "start"]
    language: str
    may_be_no: bool = False


def parse_consent_command(text: str) -> ConsentCommand | None:
    """Return the consent command that is the whole text, if it is one."""
    words = _normalised(text)
    if words in STOP:
        return ConsentCommand("stop", STOP[words], words in STOP_OR_NO)
    if words in START:
        return ConsentCommand("start", START[words])
    return _command_in_sentence(text)


def _command_in_sentence(text: str) -> ConsentCommand | None:
    """Return the command of a sentence that surely asks for it: "no more sms please".

    It says a word about messages or writing: "stop the engine" does not. A sentence with
    a voucher, a number or an amount asks for something else.
    """
    words = tokens_of(text)
    if not 2 <= len(words) <= MOST_WORDS or VALUES & set(words) or "?" in words:
        return None
    scores = score(text)
    intent, share = scores.best
    is_denied = intent == "start" and anywhere(words_of(text), "negations")
    if intent not in {"stop", "start"} or share < SURE or is_denied:
        return None
    if not is_about_messages(text):
        return None
    spoken = max(scores.languages, key=lambda one: scores.languages[one])
    language = spoken if scores.languages[spoken] >= SURE else ""
    return ConsentCommand("stop" if intent == "stop" else "start", language)


def _normalised(text: str) -> str:
    """Return the words without case, courtesy, invisible characters and punctuation."""
    if len(text) > LONGEST:
        return ""
    visible = "".join(
        char
        for char in unicodedata.normalize("NFKC", text)
        if unicodedata.category(char) != "Cf"
    )
    plain = unicodedata.normalize("NFC", visible.casefold()).replace("-", " ")
    words = " ".join(_without_courtesy(plain.split()))
    return PUNCTUATION_AROUND.sub("", words)


def _without_courtesy(words: list[str]) -> list[str]:
    if len(words) > 1 and words[0].strip(",.!") in COURTESY:
        words = words[1:]
    if len(words) > 1 and words[-1].strip(",.!") in COURTESY:
        words = words[:-1]
    return words
