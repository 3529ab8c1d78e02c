"""Print how many held-out sentences are understood, and why the others are not."""

from __future__ import annotations

import random
import sys
from collections import Counter

import django

django.setup()

from sentence_examples import LANGUAGES, Sentence, drawn, filled  # noqa: E402

from agents.language.sentence_model import score  # noqa: E402
from agents.offline.slots import read_slots  # noqa: E402
from agents.tools.explanation import explain  # noqa: E402

CODE = "7443549007587863"
# What `explain` calls them.
SAME = {"how": "help", "number_changed": "hand_off", "off_topic": "none"}
CHANGES = frozenset({"create_voucher", "redeem_voucher", "void_voucher"})
# Sentences tried of one line with alternatives.
TRIED = 4


def report(held_out: list[Sentence], *, verbose: bool) -> None:
    chance = random.Random(5)  # noqa: S311
    tried = [
        filled(one, chance) for each in held_out for one in drawn(each, chance)[:TRIED]
    ]
    found = [(each, verdict(each)) for each in tried]
    kinds = sorted({kind for _, kind in found} - {"right"})
    for language in (*LANGUAGES, "mixed"):
        counts = Counter(kind for each, kind in found if each.language == language)
        total = counts.total()
        wrong = ", ".join(f"{counts[kind]} {kind}" for kind in kinds if counts[kind])
        share = 100 * counts["right"] / total
        sys.stdout.write(f"{language}: {share:.1f} % of {total} held out; {wrong}\n")
    confused(found)
    if verbose:
        for each, kind in found:
            if kind != "right":
                seen, best = explained(each), score(typed(each.text)).best
                got = f"{seen['intent']}/{seen['outcome']} {best[0]} {best[1]:.2f}"
                sys.stdout.write(f"   {kind} | {each.intent} | {got} | {each.text!r}\n")


def confused(found: list[tuple[Sentence, str]]) -> None:
    """Print the most frequent confusions of intents."""
    pairs = Counter(
        (SAME.get(each.intent, each.intent), explained(each)["intent"])
        for each, kind in found
        if kind != "right"
    )
    for (wanted, got), count in pairs.most_common(12):
        sys.stdout.write(f"   {count} times {got} instead of {wanted}\n")


def explained(sentence: Sentence) -> dict[str, object]:
    text = sentence.text.replace("[code 1]", CODE)
    return explain(text, role=role_of(sentence))


def role_of(sentence: Sentence) -> str:
    if sentence.intent in {"create_voucher", "void_voucher", "lookup_customer"}:
        return "staff"
    if sentence.intent == "redeem_voucher" or "[code" in sentence.text:
        return "station"
    return "staff" if sentence.intent == "none" else "customer"


def typed(text: str) -> str:
    return read_slots(text).typed or text


def verdict(sentence: Sentence) -> str:
    """Return "right", or the part that went wrong."""
    wanted = SAME.get(sentence.intent, sentence.intent)
    found = explained(sentence)
    if found["intent"] == wanted and is_useful(sentence, found["outcome"]):
        return "right"
    if found["intent"] == wanted:
        return "asked although whole"
    if found["outcome"] in {"button", "acts"}:
        return "wrong button"
    scores = score(typed(sentence.text))
    best = SAME.get(scores.best[0], scores.best[0])
    if best != wanted:
        return "wrong intent of the model"
    return "right intent of the model not followed"


def is_useful(sentence: Sentence, outcome: object) -> bool:
    """Tell whether the outcome serves a sentence of this intent, read rightly."""
    if sentence.intent not in CHANGES or outcome != "asks":
        return outcome != "acts" or sentence.intent != "none"
    # A question for a part that the sentence has is no use.
    slots = read_slots(sentence.text)
    if sentence.intent == "create_voucher":
        return slots.amount is None or slots.number is None
    return True
