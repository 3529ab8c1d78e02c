"""The share of claims that are stopped, and of harmless answers that are."""

from __future__ import annotations

import json
import sys
from itertools import chain
from typing import TYPE_CHECKING

import pytest

from agents.llm.reply_classifier import WEIGHTS, features_of, score
from agents.llm.unsupported_claims import DOUBT, check_claims
from tests.agents.llm.reply_corpus import ASKED, UNSEEN, sentences_of
from tests.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agents.llm.supported_claims import Facts
    from tests.agents.llm.reply_corpus import Corpus

sys.path.insert(0, str(ROOT / "scripts"))
import train_replies

sys.path.pop(0)

# The least number of sentences of each kind, at least this share of claims stopped, at most
# this share of harmless answers stopped.
SENTENCES = 200
CLAIMS_STOPPED = 0.98
HARMLESS_STOPPED = 0.03


def share_stopped(texts: Iterable[tuple[str, Facts]]) -> tuple[float, int]:
    stopped = [bool(check_claims(text, facts).problems) for text, facts in texts]
    return sum(stopped) / len(stopped), len(stopped)


@pytest.mark.parametrize(
    ("corpus", "part", "least"),
    [
        ("held_out", slice(None), SENTENCES),
        ("later", slice(None), SENTENCES),
        ("later", UNSEEN, SENTENCES // 2),
    ],
    ids=["held out", "later", "later, unseen"],
)
def test_check_claims__sentences_outside_the_training__reach_the_targets(
    corpus: Corpus, part: slice, least: int
) -> None:
    # When
    claims, of_claims = share_stopped(
        (text, facts) for _, text, facts in [*sentences_of(corpus, "claims")][part]
    )
    harmless, of_harmless = share_stopped(
        (text, facts) for _, text, facts in [*sentences_of(corpus, "harmless")][part]
    )

    # Then
    sys.stdout.write(
        f"{corpus}: {claims:.1%} of {of_claims} claims stopped, "
        f"{harmless:.1%} of {of_harmless} harmless answers stopped\n"
    )
    assert min(of_claims, of_harmless) >= least
    assert claims >= CLAIMS_STOPPED
    assert harmless <= HARMLESS_STOPPED


def test_check_claims__sentences_of_the_training__reach_the_targets() -> None:
    # Given
    examples = dict(train_replies.plain_examples())

    # When
    claims, of_claims = share_stopped((t, ASKED) for t, bad in examples.items() if bad)
    harmless, of_harmless = share_stopped(
        (t, ASKED) for t, bad in examples.items() if not bad
    )

    # Then
    sys.stdout.write(
        f"training: {claims:.1%} of {of_claims} claims stopped, "
        f"{harmless:.1%} of {of_harmless} harmless answers stopped\n"
    )
    assert min(of_claims, of_harmless) >= SENTENCES
    assert claims >= CLAIMS_STOPPED
    assert harmless <= HARMLESS_STOPPED


@pytest.mark.parametrize("corpus", ["held_out", "later"])
def test_sentences__of_a_corpus__are_not_in_the_training(corpus: Corpus) -> None:
    # Given
    trained = {
        text.casefold().strip(" .!?") for text, _ in train_replies.plain_examples()
    }

    # When
    texts = [
        text
        for name in ("claims", "harmless")
        for _, text, _ in sentences_of(corpus, name)
    ]
    shared = [text for text in texts if text.casefold().strip(" .!?") in trained]

    # Then: set phrases of a language ("Done!", "Good morning") can be in both.
    assert len(shared) < len(texts) / 8


@pytest.mark.parametrize(
    "text", ["xqzt", "blorf frumious gimble", "Gutschein abgeholt"]
)
def test_score__unknown_words__are_in_doubt(text: str) -> None:
    assert score(text) > DOUBT


def test_weights__file__is_small_and_holds_whole_numbers() -> None:
    weights = json.loads(WEIGHTS.read_text("utf-8"))

    assert WEIGHTS.stat().st_size < 700_000
    assert {type(weight) for weight in weights.values()} == {int}


def test_train__same_sentences__gives_the_same_weights() -> None:
    # Given
    examples = train_replies.plain_examples()[::40]

    # Then
    assert train_replies.train(examples) == train_replies.train(examples)


def test_weights__file__is_of_the_present_features() -> None:
    # Given
    weights = json.loads(WEIGHTS.read_text("utf-8"))
    trained = [text for text, _ in train_replies.plain_examples()]

    # When
    names = set(chain.from_iterable(map(features_of, trained)))

    # Then: a changed class of words or training file needs `scripts/train_replies.py`.
    assert len(names & weights.keys()) > len(weights) * 0.6
