"""How many unseen sentences are understood, and that none gets a wrong button."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from agents.tools.explanation import explain

FOLDER = Path(__file__).parent / "held_out"
# The least share of each language that is understood; what is measured is printed.
FLOORS = {
    "fresh_1": {"en": 0.9, "fr": 0.9, "rw": 0.9, "sw": 0.9, "mixed": 0.9},
    "fresh_2": {"en": 0.9, "fr": 0.9, "rw": 0.9, "sw": 0.9, "mixed": 0.9},
    "fresh_3": {"en": 0.9, "fr": 0.9, "rw": 0.92, "sw": 0.92, "mixed": 0.94},
    "fresh_4": {"en": 0.9, "fr": 0.8, "rw": 0.88, "sw": 0.88, "mixed": 0.8},
    "fresh_5": {"en": 0.95, "fr": 0.95, "rw": 0.9, "sw": 0.9, "mixed": 0.9},
}
# One of two hundred.
MOST_WRONG_BUTTONS = 0.005
CONSENT = frozenset({"stop", "start"})


@dataclass(frozen=True)
class Sentence:
    language: str
    role: str
    intent: str
    may_have_button: bool
    text: str


def load(name: str) -> list[Sentence]:
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.split(" | ", 4) for line in lines if line[:1] not in {"", "#"}]
    return [
        Sentence(language, role, intent, button == "button", text)
        for language, role, intent, button, text in parts
    ]


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_explain__unseen_sentences__reach_their_floors_without_wrong_buttons(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [(one, explain(one.text, role=one.role)) for one in load(name)]

    total = Counter(one.language for one, _ in found)
    missed = [
        f"{one.text!r}: {seen['intent']} {seen['outcome']}"
        for one, seen in found
        if not _is_right(one, seen["intent"], seen["outcome"])
    ]
    right = Counter(
        one.language
        for one, seen in found
        if _is_right(one, seen["intent"], seen["outcome"])
    )
    wrong_buttons = [
        one.text
        for one, seen in found
        if seen["outcome"] in {"button", "acts"}
        and not (one.may_have_button and seen["intent"] == one.intent)
    ]
    shares = {one: right[one] / total[one] for one in total}
    with capsys.disabled():
        shown = ", ".join(f"{one} {right[one]} of {total[one]}" for one in total)
        sys.stdout.write(f"\n{name}: {shown}; {len(wrong_buttons)} wrong buttons\n")
    assert len(found) > 200
    assert len(wrong_buttons) <= len(found) * MOST_WRONG_BUTTONS, wrong_buttons
    assert all(shares[one] >= FLOORS[name][one] for one in FLOORS[name]), missed


def _is_right(sentence: Sentence, intent: str, outcome: str) -> bool:
    if intent != sentence.intent:
        return False
    return not sentence.may_have_button or outcome in {"button", "acts"}
