from __future__ import annotations

import gzip
import http.server
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
import sentry_sdk

from easymo.observability import sentry
from tests.canaries import ALINE, WORDS, leaks_in

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sentry_server() -> Iterator[tuple[str, list[str]]]:
    """Take real envelopes on the loopback; give back its DSN and what arrived."""
    arrived: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            arrived.append(body.decode())
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    before = sentry_sdk.Scope.get_global_scope().client
    yield f"http://key@127.0.0.1:{server.server_address[1]}/1", arrived
    sentry_sdk.get_client().close(timeout=2)
    sentry_sdk.Scope.get_global_scope().set_client(before)
    server.shutdown()
    thread.join()
    server.server_close()


def fail() -> None:
    words, msisdn = WORDS, ALINE.msisdn
    raise ValueError(f"{msisdn} could not be reached {len(words)}")


def test_start__error_with_locals_extra_and_breadcrumbs__sends_nothing_personal(
    sentry_server: tuple[str, list[str]], settings: Any
) -> None:
    # Given
    settings.SENTRY_DSN, arrived = sentry_server
    sentry.start()
    sentry_sdk.set_user({"id": ALINE.msisdn, "email": ALINE.email})
    sentry_sdk.add_breadcrumb(message=f"said {ALINE.code}", data={"text": WORDS})

    # When
    try:
        fail()
    except ValueError:
        logging.getLogger("library").exception(
            "no luck with %s", ALINE.msisdn, extra={"fields": {"name": ALINE.name}}
        )
    with sentry_sdk.start_transaction(name=f"to {ALINE.msisdn}", sampled=True):
        pass
    sentry_sdk.flush(timeout=5)

    # Then
    sent = "\n".join(arrived)
    assert "could not be reached" in sent
    assert "no luck with" in sent
    assert leaks_in(sent) == []
    assert '"vars"' not in sent
    assert '"user"' not in sent


def test_start__without_dsn__starts_nothing(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SENTRY_DSN = ""
    monkeypatch.setattr(sentry_sdk, "init", lambda **_: pytest.fail("started"))
    sentry.start()
