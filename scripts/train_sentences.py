"""Compute the weights of agents/language/sentence_model.py from scripts/sentence_training.

    python scripts/train_sentences.py [-v]

Groups of similar sentences, one in ten, are never trained on. Of these it prints, for each
language, how many are understood, and why the others are not.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

if TYPE_CHECKING:
    from collections.abc import Sequence

from sentence_examples import (
    LANGUAGES,
    ROOT,
    Example,
    examples,
    fingerprint,
    is_held_out,
    sentences,
    with_requests,
)

sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "easymo.settings")

from agents.language import sentence_model
from agents.language.sentence_model import (
    LARGEST,
    SCALE,
    WEIGHTS,
    ZERO,
    features_of,
)

# Features of fewer examples are left out, and those whose weights are all small.
RAREST, LEAST = 3, 2
# The strength of the regularization: smaller is stronger.
C = 0.5
# Sentences that must not act are more than half, and weigh less, so that a request does
# not pass for one; a change then needs the confirm button.
WEIGHT_OF = {"none": 0.5}


def train(examples_: list[Example]) -> dict[str, Any]:
    """Return the weights of each intent and of each language."""
    given = [each.sentence for each in examples_]
    own_weights = [each.weight for each in examples_]
    features = [sorted(set(features_of(each.text))) for each in given]
    counts = Counter(chain.from_iterable(features))
    names = sorted(name for name in counts if counts[name] >= RAREST)
    rows = matrix(features, names)
    fits = fit(rows, [each.intent for each in given], own_weights)
    spoken = [at for at, each in enumerate(given) if each.language in LANGUAGES]
    languages = fit(
        rows[spoken],
        [given[at].language for at in spoken],
        [own_weights[at] for at in spoken],
    )
    fits |= {f"language:{name}": own for name, own in languages.items()}
    columns = [weights for _, weights in fits.values()]
    stored = {
        name: "".join(chr(ZERO + weight) for weight in own)
        for name, own in zip(names, zip(*columns, strict=True), strict=True)
        if max(map(abs, own)) >= LEAST
    }
    bias = [own for own, _ in fits.values()]
    return {"labels": list(fits), "bias": bias, "weights": stored}


def matrix(features: Sequence[Sequence[str]], names: list[str]) -> csr_matrix:
    index = {name: at for at, name in enumerate(names)}
    found = [[index[name] for name in own if name in index] for own in features]
    starts = [0]
    for own in found:
        starts.append(starts[-1] + len(own))
    columns = list(chain.from_iterable(found))
    ones = [1.0] * len(columns)
    return csr_matrix((ones, columns, starts), shape=(len(found), len(names)))


def fit(
    rows: csr_matrix, wanted: list[str], own: list[float]
) -> dict[str, tuple[int, list[int]]]:
    """Return bias and weights of each label, as they are stored."""
    weights = [
        weight * WEIGHT_OF.get(label, 1.0)
        for weight, label in zip(own, wanted, strict=True)
    ]
    model = LogisticRegression(C=C, max_iter=80, tol=1e-3)
    model.fit(rows, wanted, sample_weight=weights)
    return {
        label: (round(float(bias) * SCALE), list(map(rounded, weights)))
        for label, bias, weights in zip(
            model.classes_, model.intercept_, model.coef_, strict=True
        )
    }


def rounded(weight: float) -> int:
    return max(-LARGEST, min(LARGEST, round(float(weight) * SCALE)))


def write(weights: dict[str, Any]) -> None:
    text = json.dumps(weights, ensure_ascii=False, separators=(",", ":"))
    WEIGHTS.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    sentence_model.forget()


def main() -> None:
    every = list(sentences())
    held_out = [each for each in every if is_held_out(each)]
    trained = [each for each in every if not is_held_out(each)]
    given = examples(with_requests(trained, every))
    write({"made_from": fingerprint(), **train(given)})
    size = WEIGHTS.stat().st_size // 1_000
    sys.stdout.write(
        f"{len(every)} lines, {len(given)} examples, {size} kB of weights\n"
    )
    # Only here: it needs the weights.
    import sentence_report  # noqa: PLC0415

    sentence_report.report(with_requests(held_out, every), verbose="-v" in sys.argv)


if __name__ == "__main__":
    main()
