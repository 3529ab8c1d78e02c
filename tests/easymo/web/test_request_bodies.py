from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest

from easymo.web.middleware import MeasuredBodies
from tests.agents.inbound.wsgi_client import WsgiClient

CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}


def read(**environ: Any) -> bytes:
    """Return what Django reads of a body of six bytes."""

    def pages(environ: Any, _: Any) -> list[bytes]:
        return [WSGIRequest(environ).body]

    given = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", **environ}
    body = {"wsgi.input": io.BytesIO(b"a body")}
    return b"".join(MeasuredBodies(pages)(given | body, lambda *_: lambda _: None))


@pytest.mark.parametrize(
    "environ",
    [
        CHUNKED,
        CHUNKED | {"CONTENT_LENGTH": "3"},
        # HTTP/2 names neither.
        {"wsgi.input_terminated": True},
    ],
)
def test_body__without_a_length__read_whole(environ: dict[str, Any]) -> None:
    assert read(**environ) == b"a body"


@pytest.mark.parametrize(
    ("environ", "body"),
    [
        ({"CONTENT_LENGTH": "3", "wsgi.input_terminated": True}, b"a b"),
        # Reading on would wait for ever.
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, b""),
    ],
)
def test_body__told_or_without_an_end__as_it_was(
    environ: dict[str, Any], body: bytes
) -> None:
    assert read(**environ) == body


@pytest.mark.django_db
def test_body__in_chunks_and_too_long__refused_for_that() -> None:
    sent = {"wsgi.input": io.BytesIO(b"x" * 70_000), "CONTENT_LENGTH": ""}

    answer = WsgiClient(**sent, **CHUNKED).post(
        "/functions/v1/ai-lookup-customer", b"", content_type="text/plain"
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
