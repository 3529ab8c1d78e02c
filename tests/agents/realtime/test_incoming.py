from __future__ import annotations

import json
from typing import Any

import pytest

from agents.realtime.incoming import IncomingCall, ProviderEvent, parse


def body(**data: Any) -> bytes:
    return json.dumps(
        {
            "id": "evt_1",
            "object": "event",
            "created_at": 1_760_000_000,
            "type": "realtime.call.incoming",
            "data": {"call_id": "rtc_abc", "sip_headers": []} | data,
        }
    ).encode()


@pytest.mark.parametrize(
    ("value", "caller"),
    [
        ("<sip:+250788123456@trunk.example>;tag=1", "+250788123456"),
        ('"Aline" <sip:+250788123456@trunk.example>', "+250788123456"),
        ('"<sip:+250788999999@evil>" <sip:+250788123456@t>', "+250788123456"),
        ("sip:0788123456@trunk.example", "0788123456"),
        ("<sips:+250788123456@t:5061;transport=tls>", "+250788123456"),
        ("<tel:+250788123456;phone-context=x>", "+250788123456"),
        ("<sip:+250788123456:secret@t>", "+250788123456"),
        ("<sip:anonymous@anonymous.invalid>", "anonymous"),
        ("<sip:trunk.example>", ""),
        ("", ""),
        ("<<<<", ""),
    ],
)
def test_parse__a_from_header__gives_its_user_part(value: str, caller: str) -> None:
    # When
    found = parse(body(sip_headers=[{"name": "From", "value": value}]))

    # Then
    assert isinstance(found, IncomingCall)
    assert found.call_id == "rtc_abc"
    assert found.event_id == "evt_1"
    assert found.caller == caller
    assert caller == "" or caller not in repr(found)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"type": "live.transport.incoming", "id": "evt_1", "data": {}}',
        b'{"type": "realtime.call.incoming", "id": "evt_1"}',
        b'{"type": "realtime.call.incoming", "id": "evt_1", "data": {}}',
        b'{"type": "realtime.call.incoming", "id": 1, "data": {"call_id": 2}}',
        body(call_id="../../models"),
        body(call_id="x" * 129),
        body(call_id=""),
    ],
)
def test_parse__no_incoming_call__is_an_event_that_is_only_stored(raw: bytes) -> None:
    assert isinstance(parse(raw), ProviderEvent)


@pytest.mark.parametrize(
    "headers",
    [None, "x", [1], [{}], [{"name": 1, "value": 2}], [{"name": "From"}], {}],
)
def test_parse__strange_headers__still_ring(headers: object) -> None:
    found = parse(body(sip_headers=headers))

    assert isinstance(found, IncomingCall)
    assert found.caller == ""
