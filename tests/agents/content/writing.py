"""Publish content in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.content import in_force, publishing

if TYPE_CHECKING:
    from agents.models import ContentVersion


def document(**changes: Any) -> dict[str, Any]:
    """Return the document in force with these changes; topics are given as texts."""
    texts = changes.pop("topics", None)
    written = {**publishing.document_to_edit(), **changes}
    if texts is not None:
        written["topics"] = [
            {"key": key, "phrases": list(phrases), "texts": said}
            for key, (phrases, said) in texts.items()
        ]
    return written


def save(**changes: Any) -> int:
    """Save the draft; return which edit it is."""
    revision = publishing.save_draft(
        document=document(**changes),
        revision=publishing.draft().revision,
        actor="odette",
    ).revision
    in_force.forget()
    return revision


def publish(**changes: Any) -> ContentVersion:
    """Put content with these changes in force."""
    last = publishing.newest()
    version = publishing.publish_draft(
        revision=save(**changes),
        in_force_number=last.number if last else 0,
        reason="a test",
        actor="odette",
    )
    in_force.forget()
    return version
