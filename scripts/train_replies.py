"""Compute the weights of agents/llm/reply_classifier.py from scripts/reply_training.

    python scripts/train_replies.py

The result is the same on every machine. Two kinds of files: `xx.txt` has templates with
slots; `xx_plain.txt` has sentences between bars.
"""

from __future__ import annotations

import json
import random
import re
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from logistic_regression import fit, indexed  # noqa: E402

from agents.llm.reply_classifier import (  # noqa: E402
    SCALE,
    WEIGHTS,
    clauses_of,
    features_of,
)

FOLDER = ROOT / "scripts" / "reply_training"
# Sentences made from one template.
SAMPLES = 20
# How often a sentence without a template counts.
TIMES = 3
# Features of less weight are left out.
LEAST = 13
# A weak pull to zero: a word of few sentences still counts.
DECAY = 0.01

type Example = tuple[str, bool]


def sections(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the lines of each section of a file."""
    for block in re.split(r"^\[", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        if block.strip():
            name, _, lines = block.partition("]\n")
            yield name, [line for line in lines.splitlines() if line.strip()]


def plain_examples() -> list[Example]:
    """Return the sentences of the files without templates."""
    found: list[Example] = []
    for path in sorted(FOLDER.glob("*_plain.txt")):
        for name, lines in sections(path):
            entries = chain.from_iterable(line.split(" | ") for line in lines)
            if name == "claims":
                found += [(entry, True) for entry in entries]
            elif name == "harmless":
                found += [(part, False) for one in entries for part in sentences(one)]
    return found


def sentences(text: str) -> list[str]:
    parts = re.findall(r"[^.!?;]+[.!?]*", text)
    return [part.strip() for part in parts if part.strip()]


def template_examples() -> list[Example]:
    """Return sentences made from the templates; the same on every run."""
    chance = random.Random(7)  # noqa: S311
    found: dict[str, bool] = {}
    for path in sorted(FOLDER.glob("??.txt")):
        words: dict[str, list[str]] = {}
        for name, lines in sections(path):
            for line in lines:
                if name == "words":
                    slot, _, entries = line.partition(" = ")
                    words[slot] = entries.split(" | ")
                    continue
                for _ in range(SAMPLES if "{" in line else 1):
                    found.setdefault(filled(line, words, chance), name == "claims")
    return list(found.items())


def filled(template: str, words: dict[str, list[str]], chance: random.Random) -> str:
    return re.sub(r"\{(\w+)\}", lambda slot: chance.choice(words[slot[1]]), template)


def with_clauses(examples: list[Example]) -> list[Example]:
    """Add the clauses of harmless sentences: each of them is harmless by itself."""
    parts = [
        (part, False)
        for text, is_claim in examples
        if not is_claim
        for part in clauses_of(text)
    ]
    return examples + parts


def train(examples: list[Example]) -> dict[str, int]:
    """Return the weights of a logistic regression."""
    features = [sorted(set(features_of(text))) for text, _ in examples]
    names, found = indexed(features)
    rows = [
        (own, float(is_claim))
        for own, (_, is_claim) in zip(found, examples, strict=True)
    ]
    bias, averages = fit(rows, len(names), decay=DECAY)
    rounded = {
        name: round(weight * SCALE)
        for name, weight in zip(names, averages, strict=True)
    }
    # Words are kept with any weight: they are the known words.
    kept = {
        name: weight
        for name, weight in rounded.items()
        if abs(weight) >= LEAST or name.isalpha()
    }
    return {"": round(bias * SCALE), **kept}


def main() -> None:
    plain = with_clauses(plain_examples())
    examples = with_clauses(template_examples()) + plain * TIMES
    weights = train(examples)
    text = json.dumps(weights, ensure_ascii=False, separators=(",", ":"), indent=0)
    WEIGHTS.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(examples)} sentences, {len(weights)} weights\n")


if __name__ == "__main__":
    main()
