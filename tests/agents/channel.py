"""What the tests of the channel share: store a webhook, look into the queue."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from django.db import connection

from agents.inbound import event_store
from tests import payloads


def post(body: bytes, *, marked: bool = False) -> int:
    """Store the bytes as the view does, without the view."""
    return event_store.record(
        body=body,
        is_synthetic=marked,
        correlation_id=uuid4(),
    )


def store(*items: dict[str, Any], marked: bool = False) -> int:
    return post(payloads.webhook(*items), marked=marked)


def jobs(task: str) -> list[dict[str, Any]]:
    """Return the arguments of the jobs that wait, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args FROM procrastinate_jobs"
            " WHERE task_name = %s AND status = 'todo' ORDER BY id",
            [task],
        )
        return [
            json.loads(row[0]) if isinstance(row[0], str) else row[0]
            for row in cursor.fetchall()
        ]
