"""What the offline model makes of sentences that it was not built from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from agents.language.texts import LANGUAGES
from tests.agents.offline.held_out_set import KINDS, is_right, load, outcome_of

if TYPE_CHECKING:
    from tests.agents.offline.held_out_set import Sentence

FLOORS = {"must_act": 0.9, "must_ask_back": 0.9, "must_not_act": 1.0}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_held_out__each_language_and_kind__reaches_its_floor(
    language: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sentences = load(language, kind)

    missed = [miss for one in sentences if (miss := await _miss(kind, one))]

    right = len(sentences) - len(missed)
    share = right / len(sentences)
    with capsys.disabled():
        sys.stdout.write(f"\n{language} {kind}: {right} of {len(sentences)}\n")
    assert share >= FLOORS[kind], "\n".join(missed)


def test_held_out__set__is_of_several_hundred_and_without_repetition() -> None:
    said = [
        (one.role, one.says)
        for language in LANGUAGES
        for kind in KINDS
        for one in load(language, kind)
    ]

    assert len(said) > 600
    assert len(said) == len(set(said))


async def _miss(kind: str, sentence: Sentence) -> str:
    outcome = await outcome_of(sentence)
    if is_right(kind, sentence, outcome):
        return ""
    wanted = sentence.answer or sentence.call or kind
    said = " // ".join(sentence.says)
    return f"{sentence.role}: {said!r} wanted {wanted}, came to {outcome}"
