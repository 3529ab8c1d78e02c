"""Sentences of a model: claims and harmless ones, each file in sections.

The `held_out` files were written before the check and are never looked at one by one:
only the totals are read. The other half, `scripts/reply_training`, trains the check.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

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


def held_out(name: str) -> Iterator[tuple[str, str, Facts]]:
    """Yield section, text and the facts of its turn."""
    section = ""
    for line in (FOLDER / f"held_out_{name}.txt").read_text("utf-8").splitlines():
        if match := re.fullmatch(r"\[(.+)\]", line):
            section = match[1]
        elif line.strip():
            text = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), line)
            facts = LISTED if section in WITH_ROWS else ASKED
            yield section, text.replace("\\n", "\n"), facts
