from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from agents.runtime.offline.words import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

type Consent = Literal["stop", "start"]
STOP = {
    *("stop", "stop all", "unsubscribe", "opt out"),
    *("arret", "arreter", "desabonner"),
    "hagarika",
    *("simamisha", "sitisha"),
}
# They also mean "leave it": a question of ours that is open is meant first.
STOP_OR_NO = {"reka", "acha"}
START = {"start", "unstop", "subscribe", "tangira", "anza", "commencer", "demarrer"}


def consent_in(texts: Sequence[str], *, has_question: bool = False) -> Consent | None:
    """Return what the last message says about our messages, if it says nothing else."""
    word = fold(texts[-1]).strip(" \n\t.!*_") if texts else ""
    if word in STOP or (word in STOP_OR_NO and not has_question):
        return "stop"
    return "start" if word in START else None
