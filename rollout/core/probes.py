"""The people of our own smoke tests and probes, told by the mark in their subject.

A probe tests the road, not the audience: it is served as soon as anybody is, so that a
deployment on for a cohort only is probed like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from easymo import keys

if TYPE_CHECKING:
    import uuid

PURPOSE = "probe"


def new_subject(seed: bytes | None = None) -> uuid.UUID:
    """Return a subject that is a probe's; the same for the same seed."""
    return keys.make(PURPOSE, seed)


def is_probe(subject: str | None) -> bool:
    return keys.is_ours(PURPOSE, subject)
