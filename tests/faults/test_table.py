from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_faults_page__every_test_it_names__exists() -> None:
    # Given
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")

    # When
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", page)
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists()
        or not re.search(rf"def {name}\(", (ROOT / path).read_text(encoding="utf-8"))
    ]

    # Then
    assert len(named) > 30
    assert missing == []
