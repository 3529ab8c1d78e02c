"""The words with which station staff take a redemption back, for a native speaker to correct.

They lead to a question for the reason and then to a confirm button that shows the
operation; never to a change by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UndoCommands:
    """Phrases of one language, lower case; accents do not matter."""

    # Imperatives and infinitives that mean nothing else.
    verbs: tuple[str, ...]
    # They mean it only before a code, a reference or a word for the redemption.
    weak: tuple[str, ...]
    # What is taken back: "the last redemption".
    redemption: tuple[str, ...]


# fmt: off
UNDO_COMMANDS: dict[str, UndoCommands] = {
    "en": UndoCommands(
        verbs=("undo", "un-redeem", "unredeem"),
        weak=(
            "reverse", "take back", "revert", "undo the redemption of",
            "cancel the redemption of", "cancel redemption of", "cancel the redemption",
            "cancel redemption",
        ),
        redemption=(
            "redemption", "the redemption", "last redemption", "the last redemption",
            "my last redemption", "that redemption", "this redemption", "last", "the last",
            "the last one", "last one", "the last voucher", "the redemption of", "it", "that",
        ),
    ),
    "fr": UndoCommands(
        verbs=("défaire", "défais", "défaites"),
        weak=(
            "annuler", "annule", "annulez", "reprendre", "reprends", "reprenez",
            "inverser", "inverse", "inversez",
        ),
        redemption=(
            "l'encaissement", "le dernier encaissement", "encaissement",
            "l'encaissement de", "l'encaissement du", "l'utilisation",
            "l'utilisation de", "l'utilisation du", "la dernière utilisation",
            "le rachat", "le rachat de", "le rachat du", "le dernier", "le dernier bon",
            "dernier", "la dernière",
        ),
    ),
    "rw": UndoCommands(
        verbs=("subiza inyuma", "gusubiza inyuma", "musubize inyuma", "usubize inyuma"),
        weak=("subizaho", "gusubizaho", "garura", "kugarura", "mugarure", "ugarure"),
        redemption=("iheruka", "iya nyuma", "ikoreshwa", "ikoreshwa rya", "voucher iheruka"),
    ),
    "sw": UndoCommands(
        verbs=("tengua", "kutengua", "utengue"),
        weak=("rudisha", "kurudisha", "urudishe", "rejesha", "kurejesha", "urejeshe"),
        redemption=("ya mwisho", "matumizi", "matumizi ya", "ukombozi", "ukombozi wa"),
    ),
}
