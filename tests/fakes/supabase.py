"""A loopback Supabase: its gateway and PostgREST, as strict as the real ones.

with FakeSupabase(anon=ANON, service=SERVICE) as supabase:
    supabase.expose("easymo", {"profiles": "denied"})
    ...                         # SUPABASE_URL = supabase.url

The gateway wants the key in ``apikey`` and in ``Authorization``; PostgREST reads the
schema from ``Accept-Profile``. docs.postgrest.org/en/latest/references/errors.html
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

type Access = Literal["denied", "empty", "rows"]


class FakeSupabase:
    def __init__(self, *, anon: str, service: str) -> None:
        self.anon = anon
        self.service = service
        # Schema to table to what the public key gets there.
        self.schemas: dict[str, dict[str, Access]] = {"public": {}}
        self.asked: list[tuple[str, str]] = []
        # Instead of everything: a status and a body, or seconds to wait.
        self.broken: tuple[int, bytes] | None = None
        self.delay = 0.0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def expose(self, schema: str, tables: dict[str, Access]) -> None:
        """Put a schema among those that the API shows."""
        self.schemas[schema] = tables

    def answer(self, path: str, headers: Any) -> tuple[int, Any]:
        """Answer a GET."""
        key = headers.get("apikey")
        if key is None:
            return 401, {"message": "No API key found in request"}
        if key not in {self.anon, self.service}:
            return 401, {"message": "Invalid API key"}
        if headers.get("Authorization") != f"Bearer {key}":
            return 401, {"code": "PGRST301", "message": "JWT could not be decoded"}
        return self._rest(path, headers, key)

    def _rest(self, path: str, headers: Any, key: str) -> tuple[int, Any]:
        parts = urlsplit(path)
        if not parts.path.startswith("/rest/v1/"):
            return 404, {"message": "no Route matched with those values"}
        schema = headers.get("Accept-Profile", "public")
        table = parts.path.removeprefix("/rest/v1/")
        self.asked.append((schema, table))
        if schema not in self.schemas:
            shown = ", ".join(self.schemas)
            message = f"The schema must be one of the following: {shown}"
            return 406, {"code": "PGRST106", "message": message}
        if not table:
            return self._root(key)
        if set(parse_qs(parts.query)) != {"select", "limit"}:
            return 400, {"code": "PGRST100", "message": "parse error"}
        return self._table(schema, table)

    def _root(self, key: str) -> tuple[int, Any]:
        if key != self.service:
            return 401, {"message": "Access to schema is forbidden"}
        return 200, {"swagger": "2.0", "paths": {}}

    def _table(self, schema: str, table: str) -> tuple[int, Any]:
        access = self.schemas[schema].get(table)
        if access is None:
            message = f"Could not find the table '{schema}.{table}' in the schema cache"
            return 404, {"code": "PGRST205", "message": message}
        if access == "denied":
            message = f"permission denied for table {table}"
            return 401, {"code": "42501", "message": message}
        return 200, [] if access == "empty" else [{"id": 1}]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Keep quiet."""

            def do_GET(self) -> None:
                time.sleep(fake.delay)
                if fake.broken:
                    status, body = fake.broken
                else:
                    status, said = fake.answer(self.path, self.headers)
                    body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler
