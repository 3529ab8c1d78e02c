"""Compute the weights of agents/llm/reply_classifier.py from scripts/reply_training.

    python scripts/train_replies.py

The result is the same on every machine. Two kinds of files: `xx.txt` has templates with
slots; `xx_plain.txt` has sentences between bars.
"""

from __future__ import annotations

import json
import math
import random
import re
import sys
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from agents.llm.reply_classifier import (  # noqa: E402
    SCALE,
    WEIGHTS,
    clauses_of,
    features_of,
)

FOLDER = ROOT / "scripts" / "reply_training"
# Sentences made from one template.
SAMPLES = 40
# A sentence without a template counts so often.
TIMES = 3
ROUNDS = 14
# The weights are the average of the last rounds.
AVERAGED = 8
RATE = 0.05
DECAY = 0.06
# A smaller error changes nothing.
NEGLIGIBLE = 0.01
# Features of fewer sentences, or of less weight, are left out.
RAREST = 3
LEAST = 13

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
    """Return the weights of a logistic regression, found by stochastic gradients."""
    chance = random.Random(11)  # noqa: S311
    features = [sorted(set(features_of(text))) for text, _ in examples]
    counts = Counter(chain.from_iterable(features))
    names = sorted(name for name in counts if counts[name] >= RAREST)
    index = {name: at for at, name in enumerate(names)}
    rows = [
        ([index[name] for name in found if name in index], float(is_claim))
        for found, (_, is_claim) in zip(features, examples, strict=True)
    ]
    weights, squares = [0.0] * len(names), [1e-3] * len(names)
    averages = [0.0] * len(names)
    bias, bias_square = 0.0, 1e-3
    for place in range(ROUNDS):
        chance.shuffle(rows)
        for found, label in rows:
            total = bias + sum(weights[at] for at in found)
            error = 1 / (1 + math.exp(-max(min(total, 30.0), -30.0))) - label
            if abs(error) < NEGLIGIBLE:
                continue
            bias_square += error * error
            bias -= RATE * error / math.sqrt(bias_square)
            for at in found:
                step = error + DECAY * weights[at]
                squares[at] += step * step
                weights[at] -= RATE * step / math.sqrt(squares[at])
        if place >= ROUNDS - AVERAGED:
            averages = [
                a + w / AVERAGED for a, w in zip(averages, weights, strict=True)
            ]
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
