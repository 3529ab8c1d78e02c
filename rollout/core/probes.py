"""Subjects of smoke tests and probes, recognised by a mark in the subject.

A probe is served as soon as the feature is on for anyone, so that a deployment that is
on for a cohort only is probed too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from easymo import keys

if TYPE_CHECKING:
    import uuid

PURPOSE = "probe"


def new_subject(seed: bytes | None = None) -> uuid.UUID:
    """Return a subject of a probe; the same for the same seed."""
    return keys.make_marked_id(PURPOSE, seed)


def is_probe(subject: str | None) -> bool:
    return keys.is_marked(PURPOSE, subject)
