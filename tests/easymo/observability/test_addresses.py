"""What a caller asked for is not written out: an address may hold anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.canaries import ALINE, leaks_in

if TYPE_CHECKING:
    from django.test import Client


@pytest.mark.parametrize(
    ("method", "path", "event"),
    [
        ("get", f"/look/{ALINE.msisdn}/{ALINE.name}", "Not Found: unknown address"),
        ("get", "/Aline/\n/x", "Not Found: unknown address"),
        ("post", "/metrics", "Method Not Allowed (POST): /metrics"),
    ],
)
def test_request_log__refused__names_our_address_only(
    client: Client,
    capsys: pytest.CaptureFixture[str],
    method: str,
    path: str,
    event: str,
) -> None:
    # When
    getattr(client, method)(path)

    # Then
    said = capsys.readouterr()
    lines = [json.loads(text) for text in (said.out + said.err).splitlines()]
    # Threads of other tests may still have something to say.
    [line] = [line for line in lines if line["logger"] == "django.request"]
    assert line["event"] == event
    assert "Aline" not in json.dumps(line)
    assert leaks_in(json.dumps(line)) == []
