"""Our own mark on webhooks that we post ourselves: simulator, smoke tests, probes.

Such a webhook is signed like every other one. The mark besides says that it was us,
so that only sandbox people are served and nothing of it reaches the Graph API.
"""

from __future__ import annotations

import hmac

from easymo import keys

HEADER = "X-Easymo-Synthetic"
PURPOSE = "synthetic"


def mark(body: bytes) -> str:
    """Return the value of the header for ``body``."""
    return keys.digest(PURPOSE, body).hex()


def is_marked(body: bytes, header: str | None) -> bool:
    """Tell whether ``header`` is our mark on ``body``."""
    if not header:
        return False
    given = header.encode("utf-8", "replace")
    return any(
        hmac.compare_digest(expected.hex().encode(), given)
        for _, expected in keys.digests(PURPOSE, body)
    )
