from __future__ import annotations

import gzip
import json
import sys
from typing import TYPE_CHECKING

import pytest

from agents.language.sentence_model import WEIGHTS, score
from tests.processes import ROOT

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(ROOT / "scripts"), *sys.path])
    import sentence_examples

    return sentence_examples


def test_weights__sentences_and_code__are_those_that_made_them(
    training: ModuleType,
) -> None:
    stored = json.loads(gzip.decompress(WEIGHTS.read_bytes()))

    assert stored["made_from"] == training.fingerprint(), "Run `make train`."


def test_sentences__files__are_about_9000_and_a_quarter_must_not_act(
    training: ModuleType,
) -> None:
    given = list(training.sentences())
    requests = {"create_voucher", "redeem_voucher", "void_voucher", "resend_code"}

    assert len(given) > 9_000
    assert len({(one.language, one.text) for one in given}) == len(given)
    harmless = [one for one in given if one.intent not in requests]
    assert len(harmless) * 4 > len(given)
    assert {one.language for one in given} == {"en", "fr", "rw", "sw", "mixed"}
    intents = {one.intent for one in given} - training.NO_INTENTS
    assert intents == set(score("").intents)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hey can you tell me where i can fuel", "en"),
        ("dites moi où je peux faire le plein", "fr"),
        ("mwambwira aho nafata lisansi", "rw"),
        ("niambieni ninaweza kujaza mafuta wapi", "sw"),
    ],
)
def test_score__sentence__shows_its_language(text: str, language: str) -> None:
    found = score(text).languages

    assert max(found, key=lambda one: found[one]) == language
