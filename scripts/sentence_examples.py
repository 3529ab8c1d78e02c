"""Read the sentences of scripts/sentence_training, and make training examples of them.

A line may hold alternatives in brackets, "(please|kindly|) send {n} {a}": it stands for
several sentences, of which some are drawn. The result is the same on every machine.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "scripts" / "sentence_training"
LANGUAGES = ("en", "fr", "rw", "sw")
# Of this many groups of similar sentences one is held out.
HELD_OUT = 16
# Sentences drawn from a line with alternatives.
DRAWN = 10
VALUES = {
    "{n}": ("0788123456", "+250 788 123 456", "0722000111", "250738123456"),
    "{a}": ("5000", "10000", "7,500", "20 000 frw", "10k", "rwf 3000"),
    "{c}": ("[code 1]",),
    "{v}": ("V7-KQ3M-82", "v3-abcd-9k"),
    "{s}": (
        *("Kimironko", "Remera", "Nyabugogo", "Gikondo", "Sonatubes", "Kabuga"),
        *("Total", "Kicukiro", "SP Nyarutarama"),
    ),
    "{t}": (
        *("Huye", "Musanze", "Rubavu", "Kigali", "Rwamagana", "Muhanga", "Karongi"),
        *("Nyagatare", "Rusizi", "Nyamata"),
    ),
    "{p}": (
        *("Aline", "Bosco", "Eric", "Mukamana", "Jean", "Uwase", "Patrick"),
        *("Grace", "Habimana", "Claude"),
    ),
}
# Around some requests, so that greetings and thanks beside them change nothing.
BEFORE = {
    "en": ("hello ", "hi, ", "please ", "good morning, ", "ok ", "sorry, ", "hey "),
    "fr": ("bonjour, ", "svp ", "salut ", "bonsoir ", "ok ", "pardon, ", "bjr "),
    "rw": ("muraho, ", "mwaramutse ", "nyamuneka ", "mwiriwe, ", "mbabarira, "),
    "sw": ("habari, ", "tafadhali ", "samahani ", "jambo ", "naomba "),
}
AFTER = {
    "en": (" please", " thanks", " thank you", " pls", " now"),
    "fr": (" svp", " merci", " s'il vous plaît", " stp"),
    "rw": (" murakoze", " nyamuneka", " please", " vuba"),
    "sw": (" tafadhali", " asante", " sasa", " ndugu"),
}
# As people write on a telephone.
SHORTER = {
    "en": {
        "you": "u",
        "are": "r",
        "please": "pls",
        "for": "4",
        "to": "2",
        "your": "ur",
        "because": "bcz",
        "message": "msg",
        "thanks": "thx",
        "voucher": "vchr",
        "the": "da",
        "and": "n",
        "number": "nbr",
        "what": "wat",
        "before": "b4",
        "with": "wiz",
        "have": "hv",
        "can": "cn",
    },
    "fr": {
        "pour": "pr",
        "que": "k",
        "qui": "ki",
        "vous": "vs",
        "nous": "ns",
        "pas": "pa",
        "beaucoup": "bcp",
        "avec": "ac",
        "je": "j",
        "est": "é",
        "message": "msg",
        "numéro": "num",
        "quand": "kan",
        "combien": "cb",
    },
    "rw": {
        "cyane": "cne",
        "murakoze": "mrkz",
        "kuri": "kr",
        "voucher": "vchr",
        "ndashaka": "ndshk",
        "mwaramutse": "mwaramu",
        "telefoni": "tel",
    },
    "sw": {
        "sana": "xna",
        "kwa": "kw",
        "sasa": "xaxa",
        "tafadhali": "tafadhal",
        "ujumbe": "msg",
        "asante": "asnt",
        "habari": "hbr",
        "namba": "no",
    },
}
# A request to be put into a doubtful sentence, and how many for each sentence.
REQUEST, SLOT, FRAMED = "request", "{request}", 5
SHORT = frozenset(
    {"greet", "thanks", "yes", "no", "none", "off_topic", "stop", "start"}
)
# Of this many examples one is written as on a telephone, or has a typing error.
SPOILT = 4
# The weight of an example that is the only one of its line.
WEIGHT = 1.6
_CHOICE = re.compile(r"\(([^()|]*\|[^()]*)\)")
_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST_TYPO = 5


class Sentence(NamedTuple):
    intent: str
    language: str
    text: str


def sentences(folder: Path = FOLDER) -> Iterator[Sentence]:
    """Yield the lines of all files, as they are written."""
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
        ROOT / "scripts" / "train_sentences.py",
        Path(__file__),
    )
    for path in (*sorted(folder.glob("*.txt")), *code):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_held_out(sentence: Sentence) -> bool:
    """Tell whether the sentence is never trained on, together with similar ones.

    The pair of words with the least digest decides: sentences that share most of their
    words share it too.
    """
    words = ["^", *_WORD.findall(sentence.text.casefold()), "$"]
    return min(map(_digest, pairwise(words)), default=b"\x01")[-1] % HELD_OUT == 0


def _digest(pair: tuple[str, str]) -> bytes:
    return hashlib.blake2b(" ".join(pair).encode(), digest_size=8).digest()


def has_alternatives(sentence: Sentence) -> bool:
    return _CHOICE.search(sentence.text) is not None


def drawn(sentence: Sentence, chance: random.Random) -> list[Sentence]:
    """Return some of the sentences that a line with alternatives stands for."""
    if not has_alternatives(sentence):
        return [sentence]
    found = {_one_of(sentence.text, chance) for _ in range(DRAWN * 3)} - {""}
    kept = chance.sample(sorted(found), min(DRAWN, len(found)))
    return [sentence._replace(text=text) for text in kept]


def _one_of(text: str, chance: random.Random) -> str:
    while found := _CHOICE.search(text):
        choice = chance.choice(found[1].split("|"))
        text = f"{text[: found.start()]}{choice}{text[found.end() :]}"
    text = re.sub(r" +", " ", text).replace(" ,", ",")
    return text.strip(" ,")


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


def spoilt(sentence: Sentence, chance: random.Random) -> Sentence:
    """Return the sentence in short spelling, or with one typing error."""
    shorter = SHORTER.get(sentence.language, {})
    if shorter and chance.random() < 0.5:
        text = _WORD.sub(lambda word: shorter.get(word[0], word[0]), sentence.text)
        return sentence._replace(text=text)
    at = [
        found
        for found in _WORD.finditer(sentence.text)
        if len(found[0]) >= _SHORTEST_TYPO and found[0].islower()
    ]
    if not at:
        return sentence
    found = chance.choice(at)
    text = sentence.text
    typed = _mistyped(found[0], chance)
    return sentence._replace(
        text=f"{text[: found.start()]}{typed}{text[found.end() :]}"
    )


def _mistyped(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    return chance.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )


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


class Example(NamedTuple):
    sentence: Sentence
    # The examples of one line weigh more together than those of another with fewer, but
    # less than in proportion.
    weight: float


def examples(chosen: Iterable[Sentence]) -> list[Example]:
    """Return what is trained on: drawn, filled, with courtesies, some of it spoilt."""
    chance = random.Random(7)  # noqa: S311
    every: list[Example] = []
    for sentence in chosen:
        found = _examples_of(sentence, chance)
        every += [Example(one, WEIGHT / math.sqrt(len(found))) for one in found]
    return every


def _examples_of(sentence: Sentence, chance: random.Random) -> list[Sentence]:
    found: list[Sentence] = []
    for one in drawn(sentence, chance):
        variants = list(with_courtesies(filled(one, chance), chance))
        if has_alternatives(sentence):
            # Enough of them are drawn: only one variant of each.
            variants = [chance.choice((variants[0], variants[0], variants[-1]))]
        found += variants
        if chance.randrange(SPOILT) == 0:
            found.append(spoilt(variants[0], chance))
    return found
