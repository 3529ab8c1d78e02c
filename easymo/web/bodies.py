"""Bodies whose length nobody told: in chunks, or over HTTP/2."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# More than any page of ours takes: what is longer is too long for each of them.
MOST = 3_500_001


class MeasuredBodies:
    """Tell Django the length of a body that came without: it would read none of it."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if _is_unmeasured(environ):
            body = b""
            # A body that broke off is no body.
            with suppress(OSError):
                body = environ["wsgi.input"].read(MOST)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return self._application(environ, start_response)


def _is_unmeasured(environ: WSGIEnvironment) -> bool:
    """Only where the server ends the body; chunks win over a length beside them."""
    return bool(
        environ.get("wsgi.input_terminated")
        and environ["REQUEST_METHOD"] == "POST"
        and ("HTTP_TRANSFER_ENCODING" in environ or not environ.get("CONTENT_LENGTH"))
    )
