"""How many requests of other topics are declined in one sentence: a measured set."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from agents.language import texts
from agents.tools.explanation import explain

FILE = Path(__file__).with_name("off_topic.txt")
# The least share that is declined at once; the others are asked back or answered by help.
FLOORS = {"en": 0.7, "fr": 0.7, "rw": 0.6, "sw": 0.6}


def _sentences() -> list[tuple[str, str]]:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    parts = [line.split(" | ", 1) for line in lines if line[:1] not in {"", "#"}]
    return [(language, text) for language, text in parts]


def test_explain__other_topics__are_declined_and_never_lead_to_a_change(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = _sentences()

    found = [(language, explain(text)) for language, text in given]

    total = Counter(language for language, _ in found)
    declined = Counter(one for one, seen in found if seen["outcome"] == "refuses")
    shares = {one: declined[one] / total[one] for one in texts.LANGUAGES}
    with capsys.disabled():
        shown = ", ".join(f"{one} {share:.0%}" for one, share in shares.items())
        sys.stdout.write(f"\noff topic, declined at once: {shown}\n")
    assert [s["text"] for _, s in found if s["outcome"] in {"acts", "button"}] == []
    assert all(shares[one] >= FLOORS[one] for one in shares), shares
    assert min(total.values()) >= 25


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_answer__other_topic__is_one_sentence(language: str) -> None:
    text = texts.render("answer.off_topic", language)

    assert text.endswith(".")
    assert not {". ", "! ", "? "} & {text[at : at + 2] for at in range(len(text))}
