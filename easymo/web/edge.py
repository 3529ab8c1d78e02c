"""The web process in front of Django: requests are read whole, then get a thread.

granian calls this on its event loop (RSGI). A caller who sends slowly holds a
connection and a coroutine, never a thread; see docs/adr/0018-edge-of-the-web-process.md.
"""

from __future__ import annotations

import asyncio
import io
import json
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from easymo.addresses import caller_of, network_of
from easymo.observability import correlation
from easymo.observability.logs import get_logger
from easymo.web.connection_guard import ConnectionGuard
from easymo.web.refusals import refusal_body
from easymo.web.request_body import KEPT_BYTES, BodyReader, has_body
from easymo.web.request_environ import RefusedRequest, environ_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from wsgiref.types import WSGIApplication

    from granian.rsgi import Scope

type Answer = tuple[int, list[tuple[str, str]], bytes]
type Coroutine = Callable[[Mapping[str, Any], bytes], Awaitable[Answer]]
logger = get_logger(__name__)

# Every view below this address refuses a long body by itself, in its own order.
FUNCTIONS = "/functions/"
CODES = {
    HTTPStatus.BAD_REQUEST: "invalid_request",
    HTTPStatus.REQUEST_TIMEOUT: "request_timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}


class Edge:
    """An RSGI application that serves a WSGI application.

    ``lane_of`` names the threads of a path: requests of one lane never wait for a
    thread of another one. ``coroutines`` answers a method and path on the event loop,
    from the WSGI variables and the body.
    """

    def __init__(
        self,
        application: WSGIApplication,
        *,
        threads: Mapping[str, int],
        lane_of: Callable[[str], str],
        coroutines: Mapping[tuple[str, str], Coroutine] | None = None,
    ) -> None:
        self._application = application
        self._coroutines = coroutines or {}
        self._lane_of = lane_of
        self._lanes = {
            name: ThreadPoolExecutor(count, thread_name_prefix=name)
            for name, count in threads.items()
        }
        self._bodies = BodyReader()
        self._guard = ConnectionGuard()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to guard the connections; called once for each worker process."""
        self._guard.start()

    async def __rsgi__(self, scope: Scope, proto: Any) -> None:
        """Answer one request."""
        with self._guard.request(scope.client):
            try:
                status, headers, content = await self._answer(scope, proto)
            except RefusedRequest as refusal:
                status, headers, content = _refused(scope, refusal)
            proto.response_bytes(status, headers, content)

    async def _answer(self, scope: Scope, proto: Any) -> Answer:
        environ = environ_of(scope)
        body, network = b"", ""
        if has_body(environ, is_chunked="transfer-encoding" in scope.headers):
            network = network_of(caller_of(environ))
            body = await self._bodies.read(
                proto,
                environ,
                network=network,
                may_have_trailer=_may_have_trailer(environ),
            )
        try:
            if len(body) == KEPT_BYTES and not environ["PATH_INFO"].startswith(
                FUNCTIONS
            ):
                raise RefusedRequest(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large."
                )
            coroutine = self._coroutines.get((scope.method, environ["PATH_INFO"]))
            if coroutine is not None:
                return await coroutine(environ, body)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body)) if body else ""
            lane = self._lanes[self._lane_of(environ["PATH_INFO"])]
            return await asyncio.get_running_loop().run_in_executor(
                lane, _run, self._application, environ
            )
        finally:
            self._bodies.release(body, network)


def _may_have_trailer(environ: Mapping[str, Any]) -> bool:
    """Tell whether a trailer is announced, and the content itself shows if it is whole.

    JSON that was cut off is no JSON, and signed bytes fail their check; half a form
    looks like a form.
    """
    return "HTTP_TRAILER" in environ and environ["PATH_INFO"].startswith(FUNCTIONS)


def _run(application: WSGIApplication, environ: dict[str, Any]) -> Answer:
    """Run the WSGI application to its end in this thread, which holds its connection."""
    told: dict[str, Any] = {}

    def start_response(
        status: str, headers: list[tuple[str, str]], _: Any = None, /
    ) -> Any:
        told.update(status=int(status.partition(" ")[0]), headers=headers)

    parts = application(environ, start_response)
    try:
        content = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return told["status"], told["headers"], content


def _refused(scope: Scope, refusal: RefusedRequest) -> Answer:
    """Answer a refusal, and close the connection: its body may not be at its end."""
    given = scope.headers.get(correlation.HEADER)
    with correlation.bound(correlation.parse(given)) as correlation_id:
        logger.info("edge.request.refused", status=refusal.status, why=refusal.why)
        if scope.path.startswith(FUNCTIONS):
            kind = "application/json"
            content = json.dumps(refusal_body(CODES[refusal.status], refusal.why))
        else:
            kind, content = "text/plain; charset=utf-8", f"{refusal.why}\n"
    headers = [
        ("Content-Type", kind),
        ("Cache-Control", "no-store"),
        ("Connection", "close"),
        ("X-Content-Type-Options", "nosniff"),
        (correlation.HEADER, str(correlation_id)),
    ]
    if refusal.retry_after_s is not None:
        headers.append(("Retry-After", str(refusal.retry_after_s)))
    return refusal.status, headers, content.encode()
