"""Compute the weights of agents/language/sentence_model.py from scripts/sentence_training.

    python scripts/train_sentences.py

The result is the same on every machine. One sentence in ten is never trained on; the
share of them that is understood is printed for each language.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from logistic_regression import fit, indexed  # noqa: E402

from agents.language.sentence_model import (  # noqa: E402
    LARGEST,
    SCALE,
    WEIGHTS,
    ZERO,
    features_of,
    score,
)

FOLDER = ROOT / "scripts" / "sentence_training"
LANGUAGES = ("en", "fr", "rw", "sw")
# Features of fewer sentences are left out.
RAREST = 2
DECAY = 0.01
# One sentence of so many is held out.
HELD_OUT = 10
VALUES = {
    "{n}": ("0788123456", "+250 788 123 456", "0722000111", "250738123456"),
    "{a}": ("5000", "10000", "7,500", "20 000 frw", "10k", "rwf 3000"),
    "{c}": ("[code 1]",),
    "{v}": ("V7-KQ3M-82", "v3-abcd-9k"),
    "{s}": (
        "Kimironko",
        "Remera",
        "Nyabugogo",
        "Gikondo",
        "Sonatubes",
        "Kabuga",
        "Total",
    ),
    "{t}": ("Huye", "Musanze", "Rubavu", "Kigali", "Rwamagana", "Muhanga", "Karongi"),
    "{p}": ("Aline", "Bosco", "Eric", "Mukamana", "Jean", "Uwase", "Patrick"),
}
# Around some requests, so that greetings and thanks beside them change nothing.
BEFORE = {
    "en": ("hello ", "hi, ", "please ", "good morning, ", "ok ", "sorry, "),
    "fr": ("bonjour, ", "svp ", "salut ", "bonsoir ", "ok ", "pardon, "),
    "rw": ("muraho, ", "mwaramutse ", "nyamuneka ", "mwiriwe, ", "mbabarira, "),
    "sw": ("habari, ", "tafadhali ", "samahani ", "jambo ", "naomba "),
}
AFTER = {
    "en": (" please", " thanks", " thank you", " pls", " now"),
    "fr": (" svp", " merci", " s'il vous plaît", " stp"),
    "rw": (" murakoze", " nyamuneka", " please", " vuba"),
    "sw": (" tafadhali", " asante", " sasa", " ndugu"),
}
# A request to be put into a doubtful sentence, and how many for each sentence.
REQUEST, SLOT, FRAMED = "request", "{request}", 5
SHORT = frozenset(
    {"greet", "thanks", "yes", "no", "none", "off_topic", "stop", "start"}
)


class Sentence(NamedTuple):
    intent: str
    language: str
    text: str


def sentences(folder: Path = FOLDER) -> Iterator[Sentence]:
    """Yield the sentences of all files, as they are written."""
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                intent, language, text = line.split(" | ", 2)
                yield Sentence(intent, language, text.replace("⏎", "\n"))


def fingerprint(folder: Path = FOLDER) -> str:
    """Return the digest of everything that the weights depend on."""
    digest = hashlib.sha256()
    code = (
        ROOT / "agents" / "language" / "sentence_model.py",
        ROOT / "scripts" / "logistic_regression.py",
        Path(__file__),
    )
    for path in (*sorted(folder.glob("*.txt")), *code):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_held_out(sentence: Sentence) -> bool:
    return hashlib.sha256(sentence.text.encode()).digest()[0] % HELD_OUT == 0


def filled(sentence: Sentence, chance: random.Random) -> Sentence:
    text = sentence.text
    for slot, values in VALUES.items():
        text = text.replace(slot, chance.choice(values))
    return sentence._replace(text=text)


def with_courtesies(sentence: Sentence, chance: random.Random) -> Iterator[Sentence]:
    """Yield the sentence, and with a greeting or thanks beside it."""
    yield sentence
    if sentence.intent in SHORT or len(sentence.text) > 90:
        return
    language = sentence.language
    if language not in BEFORE:
        language = chance.choice(LANGUAGES)
    before, after = chance.choice(BEFORE[language]), chance.choice(AFTER[language])
    yield sentence._replace(text=f"{before}{sentence.text}")
    yield sentence._replace(text=f"{sentence.text}{after}")


def with_requests(chosen: list[Sentence], every: list[Sentence]) -> list[Sentence]:
    """Put requests in place of `{request}`, and leave the lists of requests out."""
    chance = random.Random(3)  # noqa: S311
    requests: dict[str, list[str]] = {}
    for each in every:
        if each.intent == REQUEST:
            requests.setdefault(each.language, []).append(each.text)
    found = []
    for each in chosen:
        if each.intent == REQUEST:
            continue
        if SLOT not in each.text:
            found.append(each)
            continue
        found += [
            each._replace(text=each.text.replace(SLOT, request))
            for request in chance.sample(requests[each.language], FRAMED)
        ]
    return found


def examples(chosen: Iterable[Sentence]) -> list[Sentence]:
    chance = random.Random(7)  # noqa: S311
    return [
        variant
        for sentence in chosen
        for variant in with_courtesies(filled(sentence, chance), chance)
    ]


def train(given: list[Sentence]) -> dict[str, Any]:
    """Return the weights of each intent and of each language."""
    features = [sorted(set(features_of(each.text))) for each in given]
    names, found = indexed(features, rarest=RAREST)
    labels, bias, columns = [], [], []
    for intent in sorted({each.intent for each in given}):
        wanted = [float(each.intent == intent) for each in given]
        rows = list(zip(found, wanted, strict=True))
        own_bias, weights = fit(rows, len(names), decay=DECAY)
        labels.append(intent)
        bias.append(round(own_bias * SCALE))
        columns.append([rounded(weight) for weight in weights])
    for language in LANGUAGES:
        rows = [
            (own, float(each.language == language))
            for own, each in zip(found, given, strict=True)
            if each.language in LANGUAGES
        ]
        own_bias, weights = fit(rows, len(names), decay=DECAY)
        labels.append(f"language:{language}")
        bias.append(round(own_bias * SCALE))
        columns.append([rounded(weight) for weight in weights])
    stored = {
        name: "".join(chr(ZERO + weight) for weight in own)
        for name, own in zip(names, zip(*columns, strict=True), strict=True)
        if any(own)
    }
    return {"labels": labels, "bias": bias, "weights": stored}


def rounded(weight: float) -> int:
    return max(-LARGEST, min(LARGEST, round(weight * SCALE)))


def main() -> None:
    every = list(sentences())
    held_out = with_requests([each for each in every if is_held_out(each)], every)
    trained = [each for each in every if not is_held_out(each)]
    given = examples(with_requests(trained, every))
    weights = {"made_from": fingerprint(), **train(given)}
    text = json.dumps(weights, ensure_ascii=False, separators=(",", ":"), indent=0)
    WEIGHTS.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(every)} sentences, {len(given)} with variants\n")
    report(held_out)


def report(held_out: list[Sentence]) -> None:
    """Print the share of held-out sentences whose intent is found."""
    chance = random.Random(5)  # noqa: S311
    tried = [filled(each, chance) for each in held_out]
    for language in (*LANGUAGES, "mixed"):
        own = [each for each in tried if each.language == language]
        wrong = [each for each in own if score(each.text).best[0] != each.intent]
        share = 100 * (1 - len(wrong) / len(own))
        sys.stdout.write(f"{language}: {share:.1f} % of {len(own)} held out\n")
        if "-v" in sys.argv:
            for each in wrong:
                best, second = score(each.text).best, score(each.text).second
                sys.stdout.write(f"   {each.intent}: {each.text!r} {best} {second}\n")


if __name__ == "__main__":
    main()
