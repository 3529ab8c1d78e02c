"""An application behind the real edge that answers with its WSGI variables.

python -m tests.easymo.web.echo
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from easymo.start import load_settings
from easymo.web.edge import Edge
from easymo.web.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterable


def variables(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    body = environ.pop("wsgi.input").read()
    texts = {name: text for name, text in environ.items() if isinstance(text, str)}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({**texts, "body": body.decode("latin-1")}).encode()]


edge = Edge(variables, threads={"pages": 2}, lane_of=lambda _: "pages")

if __name__ == "__main__":
    load_settings()
    serve("tests.easymo.web.echo:edge")
