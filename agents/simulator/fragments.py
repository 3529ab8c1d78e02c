"""Parts of a page that the browser fetches again and again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.template.loader import render_to_string

if TYPE_CHECKING:
    from django.http import HttpRequest


def fragment(
    request: HttpRequest, template: str, context: dict[str, Any]
) -> HttpResponse:
    """Render a part of the page, or answer 304 when it has not changed."""
    html = render_to_string(template, context, request)
    tag = f'"{hashlib.blake2b(html.encode(), digest_size=8).hexdigest()}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    return HttpResponse(html, headers={"ETag": tag, "Cache-Control": "no-store"})
