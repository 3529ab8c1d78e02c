from __future__ import annotations

import json
from pathlib import Path

from rollout.policy.effective_flag import BUCKETS, bucket

GOLDEN = Path(__file__).with_name("buckets.json")
SALT = "0123456789abcdef"
SUBJECTS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(10_000)]


def buckets(flag: str, salt: str = SALT) -> list[int]:
    return [bucket(salt=salt, flag=flag, subject=subject) for subject in SUBJECTS]


def test_bucket__thousand_subjects__as_ever() -> None:
    # Changing these moves real people in and out of features.
    assert buckets("FEATURE_AGENT_CHAT")[:1000] == json.loads(GOLDEN.read_text())


def test_bucket__many_subjects__even_shares() -> None:
    # When
    found = buckets("FEATURE_AGENT_CHAT")

    # Then
    assert 0 <= min(found) <= max(found) < BUCKETS
    for percent in (1, 5, 25, 50):
        share = sum(value < percent * 100 for value in found) / len(found)
        assert abs(share - percent / 100) < 0.012


def test_bucket__two_features_or_salts__independent() -> None:
    # When
    chat = {n for n, value in enumerate(buckets("FEATURE_AGENT_CHAT")) if value < 2500}
    voice = {
        n for n, value in enumerate(buckets("FEATURE_AGENT_VOICE")) if value < 2500
    }
    salted = {
        n
        for n, value in enumerate(buckets("FEATURE_AGENT_CHAT", "another"))
        if value < 2500
    }

    # Then
    assert abs(len(chat & voice) / 10_000 - 0.0625) < 0.01
    assert abs(len(chat & salted) / 10_000 - 0.0625) < 0.01
