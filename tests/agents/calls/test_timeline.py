"""The timeline of a call in words."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from agents.calls.timeline import TITLES, entries
from agents.models import CallEvent


def row(kind: str, **detail: Any) -> CallEvent:
    return CallEvent(kind=kind, at=timezone.now(), detail=detail)


def test_titles__every_kind_of_event__has_one() -> None:
    assert set(TITLES) == set(CallEvent.Kind)


def test_entries__codes__are_words_and_presses_are_counted() -> None:
    rows = [
        row("decided", accepts=True, reason=""),
        row("decided", accepts=False, reason="max_calls"),
        row("accepted", ms=234),
        row("tool", tool="list_vouchers", code=""),
        row("key"),
        row("key"),
        row("key"),
        row("pin", result="wrong"),
        row("key"),
        row("corrected", problems=["operation", "status"]),
        row("error", code="unknown_parameter", param="session.x"),
    ]

    shown = [(one.title, one.detail) for one in entries(rows)]

    assert shown == [
        ("Decided", "the agent takes the call"),
        ("Decided", "not taken · max calls"),
        ("Accepted", "after 234 ms"),
        ("Tool", "list vouchers"),
        ("A key was pressed", "3 times"),
        ("PIN", "wrong"),
        ("A key was pressed", ""),
        (
            "The agent corrected itself: no row showed what it said",
            "operation, status",
        ),
        ("Error", "unknown parameter · session.x"),
    ]
