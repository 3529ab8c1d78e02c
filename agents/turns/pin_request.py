"""A person who writes "PIN" gets the link to set one; no model is asked.

The link is in the answer to their own message, so that it reaches the person who is
known by this chat and no other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db import transaction

from agents.core.errors import PinNotPossible
from agents.identity import pin_links
from agents.language.normalise import plain
from agents.language.texts import link_placeholder, render
from agents.turns.reply import Draft

if TYPE_CHECKING:
    from agents.turns.claim import ClaimedTurn

_WORDS = re.compile(
    r"(?:(?:my|new|set|change|reset|forgot|forgotten|the|a|phone|i want|please|send|code"
    r"|mon|un|nouveau|changer|oublie|le|du telephone|svp|ma|nouvelle|creer|definir"
    r"|nibagiwe|hindura|shyiraho|nshya|yanjye|yanje|telefone|nkeneye|ndashaka"
    r"|nimesahau|badilisha|weka|mpya|yangu|simu|naomba|nataka|ya|my phone) )*"
    r"pin(?: (?:code|please|svp|yanjye|yanje|yangu|mpya|nshya|ya (?:simu|telefone)"
    r"|for (?:the )?(?:phone|calls)|pour le telephone|tafadhali))*"
)


def draft_for_pin(claimed: ClaimedTurn) -> Draft | None:
    """Return the answer with a link when the message asks for a PIN and nothing else."""
    if not (
        claimed.exposure.voice and len(claimed.own_text) == len(claimed.texts) == 1
    ):
        return None
    words = " ".join(re.findall(r"[a-z0-9]+", plain(claimed.own_text[0])))
    if not _WORDS.fullmatch(words):
        return None
    try:
        with transaction.atomic():
            link = pin_links.create_link(
                profile=claimed.profile, requested_by=pin_links.PERSON
            )
    except PinNotPossible:
        return Draft(render("pin.not_now", claimed.language), memory={})
    shown = link_placeholder(link.public_id)
    return Draft(render("pin.link", claimed.language, link=shown), memory={})
