"""Sentences of a model: claims and harmless ones, each file in sections.

The `held_out` files were written before the check and are never looked at one by one:
only the totals are read. The `later` files were written before the check was trained
again; every second line was looked at then, the lines between (`UNSEEN`) never. The
files of `scripts/reply_training` train the check.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agents.llm.supported_claims import Facts

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "replies"
# The person named amounts; they may be asked back.
ASKED = Facts(own_text="create voucher 5000 or 50000")
LISTED = Facts(
    statuses=frozenset({"issued"}),
    amounts=frozenset({Decimal(10_000)}),
    references=frozenset({"V7-KQ3M-82"}),
    shown=(
        "Your vouchers:\n"
        "• V7-KQ3M-82: *RWF 10,000*, ready to use, valid until 20 February 2027",
    ),
    own_text="my vouchers",
)
# Sections whose sentences are about the listed voucher.
WITH_ROWS = {"supported", "beyond rows"}


type Corpus = Literal["held_out", "later"]
# In each section of the `later` files: the second line, the fourth, and so on.
UNSEEN = slice(1, None, 2)


def sentences_of(corpus: Corpus, name: str) -> Iterator[tuple[str, str, Facts]]:
    """Yield section, text and the facts of its turn."""
    section = ""
    for line in (FOLDER / f"{corpus}_{name}.txt").read_text("utf-8").splitlines():
        if match := re.fullmatch(r"\[(.+)\]", line):
            section = match[1]
        elif line.strip():
            text = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), line)
            facts = LISTED if section in WITH_ROWS else ASKED
            yield section, text.replace("\\n", "\n"), facts
