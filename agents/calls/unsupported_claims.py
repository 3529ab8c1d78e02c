"""Check what the agent said on the phone against the rows of the call.

Speech cannot be held back until it is checked, as a message is. So a statement that no
row shows is corrected at once in speech, counted, and ends the call the second time.
Voucher facts are spoken from rows, word for word; this finds what the model adds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.db import transaction

from agents.calls import recording
from agents.calls.handoff import open_callback
from agents.core.locks import lock_conversation
from agents.language import speech
from agents.language.choice import DEFAULT
from agents.language.normalise import plain
from agents.language.texts import TEXTS, render
from agents.llm.secret_requests import WARNING, asks_for_secret
from agents.llm.unsupported_claims import LONGEST, SENTENCE, check_claims
from agents.models import Call, CallEvent, ToolCall
from agents.turns.drafting import facts_from
from agents.turns.reply import display_of
from agents.turns.tool_calls import HAND_OFF
from easymo.observability.logs import get_logger
from vouchers.codes import find_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.calls.reference import CallRef

logger = get_logger(__name__)

# The second unsupported claim ends the call.
ENDS_AT = 2
# Speech is said already, and two corrections end the call: only what looks more like a
# claim than like talk is corrected. On the held-out sentences of chat this finds 97.5 %
# of the claims instead of 98.8 %, and 1 instead of 2 of 321 harmless ones.
DOUBT = 1.25
RESULTS = frozenset({"operation", "status"})
# A PIN and a code are entered on the keypad, never spoken.
KEYPAD = re.compile(
    r"\b(?:key ?pad|keys?|hash|dial ?pad|buttons?|clavier|touches?|diese|kuri telefone"
    r"|urwego|buto|kwenye simu|vitufe|kitufe|kibodi|alama ya reli)\b"
)
ALOUD = re.compile(
    r"\b(?:say|tell|speak|spell|read|give|aloud|dites?|dire|donnez|lisez|epelez|haute"
    r"|vuga|mbwira|soma|ijwi|sema|niambie|taja|nipe|sauti)\b"
)
# "I am putting you through", in the four languages; an offer or a question is no claim.
TRANSFER = re.compile(
    r"\b(?:(?:am|m|will|ll|be|being|are|re|have|ve|now|been) (?:now |just |going to )*"
    r"(?:transferr?(?:ing|ed)?|connect(?:ing|ed)?|put(?:ting)?|pass(?:ing|ed)?"
    r"|forward(?:ing|ed)?|redirect(?:ing|ed)?) (?:you|your call|the call)"
    r"|you (?:are|re|will be) (?:now |being )*(?:transferred|connected|put through)"
    r"|(?:transferring|connecting) you"
    r"|je vous (?:transfere|passe|connecte|redirige|mets en (?:relation|contact))"
    r"|vous (?:etes|serez) (?:transfere|mis)|je transfere (?:votre|l) appel"
    r"|(?:nda|naku|ngiye ku|nka|ubu nda)g?uhuza\w*|(?:nda|ngiye ku)kwimurira"
    r"|nak?uguhuje|naguhuje"
    r"|(?:nina|na|nita|nime)ku(?:unganisha|hamisha|elekeza))\b"
)
CALLBACK = re.compile(
    r"\b(?:(?:will|ll|shall|is going to) (?:call|phone|ring) you"
    r"|call you back|vous rappeller?a|va vous rappeler|vous rappellerons|vous rappelle"
    r"|\w*kuguhamagara|aza?guhamagara\w*|baza?guhamagara\w*|turaguhamagara"
    r"|(?:ata|tuta|wata|nita)kupigia)\b"
)
NO_CLAIM = re.compile(
    r"\b(?:can|could|may|shall|should|would|want|like|if|peux|pouvons|puis|voulez|si"
    r"|souhaitez|nshobora|ushaka|niba|naweza|unataka|kama|ungependa|not|pas|cannot)\b"
)


@dataclass(frozen=True, slots=True)
class Correction:
    """What is said at once; after the second one the call ends."""

    spoken: str
    language: str
    ends_call: bool = False


def check(
    ref: CallRef, words: str, *, said: Sequence[str] = (), heard: str = ""
) -> Correction | None:
    """Return the correction of what the agent said, or None when rows show all of it.

    `said` are fixed lines of this call, which are true; `heard` are the caller's words.
    """
    call = Call.objects.select_related("profile").get(pk=ref.pk)
    language = call.language or DEFAULT
    rows = list(
        ToolCall.objects.filter(turn__conversation=ref.conversation_id).order_by("id")
    )
    problems = problems_of(
        words[:LONGEST],
        rows=rows,
        said=said,
        heard=heard,
        name=call.profile.name if call.profile else "",
        language=language,
    )
    if not problems:
        return None
    with transaction.atomic():
        # Of two answers that are checked at once one is the second.
        lock_conversation(ref.conversation_id)
        recording.event(ref, CallEvent.Kind.CORRECTED, problems=sorted(problems))
        corrected = CallEvent.objects.filter(
            call=ref.pk, kind=CallEvent.Kind.CORRECTED
        ).count()
        ends_call = corrected >= ENDS_AT
        if ends_call:
            open_callback(ref, "unsupported_claims")
    logger.warning("ai.call.text.refused", call=ref.pk, problems=sorted(problems))
    if ends_call:
        text = render("phone.correction_end", language)
    else:
        text = _correction(problems, rows, language)
    return Correction(text, language, ends_call)


def problems_of(
    words: str,
    *,
    rows: Sequence[ToolCall],
    said: Sequence[str] = (),
    heard: str = "",
    name: str = "",
    language: str = DEFAULT,
) -> frozenset[str]:
    """Return the problems of the words; empty when rows show them."""
    displays = [display_of(row) for row in rows]
    spoken = [speech.spoken(text, language) for text in displays if text]
    facts = facts_from(
        rows,
        shown=[*displays, *spoken, *said],
        own_text=heard,
        name=name,
    )
    kept = _without_lines(words, [*said, *_fixed_lines(language)])
    about_results = " ".join(
        found[0].strip()
        for found in SENTENCE.finditer(kept)
        if not (_claims(TRANSFER, found[0]) or _claims(CALLBACK, found[0]))
    )
    if kept != words:
        # With a fixed line beside it, "of course" is no answer by itself.
        about_results += " …"
    checked = check_claims(about_results, facts, doubt=DOUBT)
    found: set[str] = set(checked.problems & RESULTS)
    if find_codes(kept):
        found.add("code")
    if any(_asks_aloud(sentence[0]) for sentence in SENTENCE.finditer(kept)):
        found.add("secret")
    done = {row.name for row in rows if row.status == ToolCall.Status.SUCCEEDED}
    if HAND_OFF not in done and _claims(TRANSFER, kept):
        found.add("transfer")
    if HAND_OFF not in done and _claims(CALLBACK, kept):
        found.add("callback")
    return frozenset(found)


@cache
def _fixed_lines(language: str) -> tuple[str, ...]:
    """Return what the call says word for word, as far as no value is filled in."""
    known = TEXTS.get(language, TEXTS[DEFAULT])
    return tuple(
        text
        for key, text in known.items()
        if key.startswith("phone.") and "{" not in text
    )


def _without_lines(words: str, said: Sequence[str]) -> str:
    """Remove the sentences of fixed lines."""
    known = {
        plain(found[0]).strip() for line in said for found in SENTENCE.finditer(line)
    }
    return " ".join(
        found[0].strip()
        for found in SENTENCE.finditer(words)
        if plain(found[0]).strip() not in known
    )


def _asks_aloud(sentence: str) -> bool:
    """Tell whether a secret is asked for, other than on the keypad."""
    if not asks_for_secret(sentence):
        return False
    words = WARNING.sub(" ", plain(sentence))
    return not KEYPAD.search(words) or bool(ALOUD.search(words))


def _claims(pattern: re.Pattern[str], words: str) -> bool:
    for found in SENTENCE.finditer(words):
        sentence = " ".join(re.findall(r"[a-z0-9?]+", plain(found[0])))
        is_offer = found[0].rstrip().endswith("?") or NO_CLAIM.search(sentence)
        if not is_offer and pattern.search(sentence):
            return True
    return False


def _correction(
    problems: frozenset[str], rows: Sequence[ToolCall], language: str
) -> str:
    """Say what is true: what the rows show, or that nothing was done."""
    if problems & {"secret", "code"}:
        return render("phone.correction_secret", language)
    if not problems & RESULTS:
        return render("phone.correction_person", language)
    shown = [display_of(row) for row in rows if row.result and row.name != HAND_OFF]
    texts = [text for text in shown if text]
    if texts and rows[-1].code != "pin_needed":
        row = [row for row in rows if display_of(row)][-1]
        if row.code == "confirmation_needed":
            return f"{render('phone.correction', language)} {render('phone.press', language)}"
        stored = speech.spoken(texts[-1], language)
        return f"{render('phone.correction_shown', language)} {stored}"
    return render("phone.correction", language)
