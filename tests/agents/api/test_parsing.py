"""Hostile bodies are refused with 4xx and write nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.agents.api.conftest import path, written

if TYPE_CHECKING:
    from tests.agents.api.conftest import Api

GOOD = b'{"customer_msisdn": "+250788000011", "amount": 5}'
BAD = {
    "blank": b" ",
    "no json": b"amount=5",
    "cut off": GOOD[:-1],
    "two objects": GOOD + GOOD,
    "a list": b"[" + GOOD + b"]",
    "a text": b'"x"',
    "null": b"null",
    "twice": b'{"customer_msisdn": "+250788000011", "amount": 5, "amount": 500000}',
    "twice within": b'{"customer_msisdn": {"a": 1, "a": 2}, "amount": 5}',
    "deep list": b'{"amount": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "deep object": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "NUL in a text": b'{"customer_msisdn": "+250788000011\\u0000", "amount": 5}',
    "NUL in a name": b'{"customer_msisdn\\u0000": "+250788000011", "amount": 5}',
    "lone surrogate": b'{"customer_msisdn": "\\ud800", "amount": 5}',
    "surrogate name": b'{"\\ud800": 1, "amount": 5}',
    "not UTF-8": b'{"customer_msisdn": "\xff\xfe", "amount": 5}',
    "UTF-16": GOOD.decode().encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "huge integer": b'{"customer_msisdn": "x", "amount": ' + b"9" * 5_000 + b"}",
    "many names": b"{" + b",".join(b'"f%d": 1' % n for n in range(4_000)) + b"}",
    "prototype": b'{"__proto__": {"amount": 5}, "constructor": 1}',
}


@pytest.mark.parametrize("kind", BAD)
def test_body__hostile__400_and_nothing_written(api: Api, kind: str) -> None:
    before = written()

    answer = api.call("create-voucher", BAD[kind])

    assert answer.status_code == 400
    body = answer.json()
    assert (body["success"], body["code"]) == (False, "invalid_request")
    assert body["fields"]
    assert body["error"].endswith(".")
    assert len(answer.content) < 5_000
    assert written() == before


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json-patch+json",
    ],
)
def test_type__not_json__415(api: Api, content_type: str) -> None:
    answer = api.client.generic(
        "POST",
        path("create-voucher"),
        GOOD,
        content_type=content_type,
        headers={"Authorization": f"Bearer {api.secret}"},
    )
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


def test_type__compressed__415(api: Api) -> None:
    answer = api.call("create-voucher", GOOD, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/JSON; charset=UTF-8"]
)
def test_type__json__taken(api: Api, content_type: str) -> None:
    answer = api.client.post(
        path("create-voucher"),
        GOOD,
        content_type=content_type,
        headers={"Authorization": f"Bearer {api.secret}"},
    )
    assert answer.json()["success"]


def test_size__over_the_limit__413(api: Api) -> None:
    for size in (65_537, 10_000_000):
        answer = api.call("create-voucher", b" " * size)
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"
    padded = GOOD + b" " * (65_536 - len(GOOD))
    assert api.call("create-voucher", padded).json()["success"]
